package tranship_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/tranship/tranship"
)

func TestPathError(t *testing.T) {
	for _, test := range []struct {
		err        tranship.PathError
		text, bare string
	}{
		{err: tranship.PathError{Path: "a/b", Err: tranship.ErrNotFound}, text: "not found: a/b", bare: "not found"},
		{err: tranship.PathError{Op: "read", Path: "a/b", Err: tranship.ErrDenied}, text: "cannot read a/b: permission denied", bare: "cannot read a/b: permission denied"},
	} {
		if test.err.Error() != test.text {
			t.Errorf("message is %q, want %q", test.err.Error(), test.text)
		}
		wrapped := fmt.Errorf("%w", &test.err)
		if !errors.Is(wrapped, test.err.Err) {
			t.Errorf("%v does not match %v", wrapped, test.err.Err)
		}
		if got := tranship.WithoutPath(wrapped, "a/b"); got != test.bare {
			t.Errorf("without its path %v is %q, want %q", wrapped, got, test.bare)
		}
		if got := tranship.WithoutPath(wrapped, "b"); got != test.text {
			t.Errorf("without another path %v is %q", wrapped, got)
		}
		more := fmt.Errorf("%w; try again", &test.err)
		if got := tranship.WithoutPath(more, "a/b"); got != more.Error() {
			t.Errorf("%v lost words: %q", more, got)
		}
	}
	if err := errors.New("not found: a/b"); tranship.WithoutPath(err, "a/b") != err.Error() {
		t.Error("the path was taken out of a sentence")
	}
}

func TestUploadNotFound(t *testing.T) {
	err := tranship.UploadNotFound("ID")
	if want := "not found: there is no unfinished upload ID"; err.Error() != want || !errors.Is(err, tranship.ErrNotFound) {
		t.Errorf("message is %q, want %q; matches ErrNotFound: %v", err, want, errors.Is(err, tranship.ErrNotFound))
	}
}

func TestLimitError(t *testing.T) {
	for _, test := range []struct {
		err   tranship.LimitError
		text  string
		match error
	}{
		{tranship.LimitError{Limit: tranship.LimitPutBytes, Rule: "a put takes at most 5 bytes"}, "limit exceeded: a put takes at most 5 bytes", tranship.ErrLimit},
		{tranship.LimitError{Limit: tranship.LimitQuotaBytes, Allowed: 5, Asked: 7, For: "alice", Err: tranship.ErrQuota}, "quota exceeded: quota-bytes allows 5, not 7 for alice", tranship.ErrQuota},
		{tranship.LimitError{Limit: tranship.LimitMemory, Allowed: 5, Err: tranship.ErrUnavailable}, "unavailable: memory-bytes allows 5", tranship.ErrUnavailable},
		{tranship.LimitError{Limit: "other"}, "limit exceeded: over other", tranship.ErrLimit},
	} {
		if test.err.Error() != test.text {
			t.Errorf("message is %q, want %q", test.err.Error(), test.text)
		}
		for _, sentinel := range []error{tranship.ErrLimit, tranship.ErrQuota, tranship.ErrUnavailable} {
			if errors.Is(&test.err, sentinel) != (sentinel == test.match) {
				t.Errorf("%v matches %v: %v", &test.err, sentinel, sentinel != test.match)
			}
		}
	}
}
