package transfer

import (
	"errors"
	"testing"

	"github.com/tranship/tranship"
)

func TestResumableError(t *testing.T) {
	err := error(&ResumableError{Err: &tranship.PathError{Path: "a", Err: tranship.ErrUnavailable}})
	if want := "unavailable: a; what was sent is kept, and the same copy goes on with it"; err.Error() != want {
		t.Errorf("message is %q, want %q", err, want)
	}
	for _, target := range []error{ErrResumable, tranship.ErrUnavailable} {
		if !errors.Is(err, target) {
			t.Errorf("%v does not match %v", err, target)
		}
	}
}
