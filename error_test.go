package tranship_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/tranship/tranship"
)

func TestInvalidError(t *testing.T) {
	err := fmt.Errorf("put: %w", &tranship.InvalidError{Field: "size", Rule: "a size must not be negative"})
	if want := "put: invalid size: a size must not be negative"; err.Error() != want {
		t.Errorf("message is %q, want %q", err, want)
	}
	if !errors.Is(err, tranship.ErrInvalid) {
		t.Error("does not match ErrInvalid")
	}
	if errors.Is(err, tranship.ErrPrecondition) {
		t.Error("matches ErrPrecondition")
	}
	if invalid, ok := errors.AsType[*tranship.InvalidError](err); !ok || invalid.Field != "size" {
		t.Errorf("as an *InvalidError it is %v", invalid)
	}
}

func TestIncompleteError(t *testing.T) {
	err := fmt.Errorf("commit: %w", &tranship.IncompleteError{
		Missing: []tranship.Range{{Offset: 10, Length: 5}, {Offset: 100, Length: 7}},
	})
	if want := "commit: upload is incomplete: 12 bytes are missing, the first at offset 10"; err.Error() != want {
		t.Errorf("message is %q, want %q", err, want)
	}
	if !errors.Is(err, tranship.ErrPrecondition) {
		t.Error("does not match ErrPrecondition")
	}
	if errors.Is(err, tranship.ErrInvalid) {
		t.Error("matches ErrInvalid")
	}
}

// TestSentinels checks that no sentinel matches another.
func TestSentinels(t *testing.T) {
	sentinels := []error{
		tranship.ErrInvalid, tranship.ErrNotFound, tranship.ErrExists, tranship.ErrPrecondition, tranship.ErrIntegrity,
		tranship.ErrLimit, tranship.ErrNoSpace, tranship.ErrQuota, tranship.ErrDenied, tranship.ErrUnauthenticated,
		tranship.ErrAborted, tranship.ErrUnavailable, tranship.ErrUnsupported,
	}
	for i, a := range sentinels {
		for j, b := range sentinels {
			if errors.Is(a, b) != (i == j) || (a.Error() == b.Error()) != (i == j) {
				t.Errorf("%v and %v are not told apart", a, b)
			}
		}
	}
}
