package console

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/cmd/tranship/internal/usage"
	"github.com/tranship/tranship/transfer"
)

func TestExitCodes(t *testing.T) {
	for _, test := range []struct {
		err  error
		code int
	}{
		{nil, 0},
		{errors.New("any"), 1},
		{tranship.ErrUnavailable, 1},
		{tranship.ErrNoSpace, 1},
		{tranship.ErrInvalid, 1},
		{&tranship.InvalidError{}, 1},
		{transfer.ErrChanged, 1},
		{transfer.ErrSkipped, 1},
		{usage.Errorf("bad"), 2},
		{tranship.ErrNotFound, 3},
		{fs.ErrNotExist, 3},
		{tranship.ErrDenied, 4},
		{tranship.ErrUnauthenticated, 4},
		{fs.ErrPermission, 4},
		{tranship.ErrIntegrity, 5},
		{tranship.ErrExists, 6},
		{tranship.ErrPrecondition, 6},
		{&tranship.IncompleteError{}, 6},
	} {
		if test.err != nil && test.code != ExitFailed {
			if got := ExitCode(fmt.Errorf("a: %w", test.err)); got != test.code {
				t.Errorf("wrapped %v: %d, want %d", test.err, got, test.code)
			}
		}
		if _, incomplete := test.err.(*tranship.IncompleteError); incomplete {
			continue
		}
		if got := ExitCode(test.err); got != test.code {
			t.Errorf("%v: %d, want %d", test.err, got, test.code)
		}
	}
}

func TestFailuresExitCode(t *testing.T) {
	for _, test := range []struct {
		codes []int
		want  int
	}{
		{nil, 0}, {[]int{3}, 3}, {[]int{3, 3}, 3}, {[]int{3, 4}, 1}, {[]int{1, 3}, 1}, {[]int{1}, 1},
	} {
		var f failures
		for _, code := range test.codes {
			f.Add(code)
		}
		if got := f.ExitCode(); got != test.want {
			t.Errorf("%v: %d, want %d", test.codes, got, test.want)
		}
	}
}

// An error is printed on one line, even if a server or a file name puts control characters
// into it.
func TestFailPrintsOneLine(t *testing.T) {
	var out bytes.Buffer
	g := &Console{Streams: Streams{Err: &out}}
	g.Fail(errors.New("a\nb\x1b[31m \u202e\xff ü"))
	if want := "tranship: a b\\x1b[31m \\u202e\\xff ü\n"; out.String() != want {
		t.Errorf("%q, want %q", out.String(), want)
	}
}
