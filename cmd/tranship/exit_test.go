package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"testing"

	"github.com/tranship/tranship"
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
		{usagef("bad"), 2},
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
		if test.err != nil && test.code != exitFailed {
			if got := exitCode(fmt.Errorf("a: %w", test.err)); got != test.code {
				t.Errorf("wrapped %v: %d, want %d", test.err, got, test.code)
			}
		}
		if _, incomplete := test.err.(*tranship.IncompleteError); incomplete {
			continue
		}
		if got := exitCode(test.err); got != test.code {
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
			f.add(code)
		}
		if got := f.exitCode(); got != test.want {
			t.Errorf("%v: %d, want %d", test.codes, got, test.want)
		}
	}
}

// An error is one line, whatever a server or a file's name puts into it.
func TestFailPrintsOneLine(t *testing.T) {
	var out bytes.Buffer
	g := &globals{streams: streams{err: &out}}
	g.fail(errors.New("a\nb\x1b[31m \u202e\xff ü"))
	if want := "tranship: a b\\x1b[31m \\u202e\\xff ü\n"; out.String() != want {
		t.Errorf("%q, want %q", out.String(), want)
	}
}

func TestByteSize(t *testing.T) {
	for text, want := range map[string]int64{
		"0": 0, "1": 1, "2MiB": 2 << 20, "4194304": 4 << 20, "4096KiB": 4 << 20, "1GiB": 1 << 30, "3TiB": 3 << 40,
		"": -1, "4MB": -1, "-4MiB": -1, "9999999999GiB": -1, "4 MiB": -1, "MiB": -1,
	} {
		var size byteSize
		err := size.Set(text)
		if (err != nil) != (want < 0) || err == nil && int64(size) != want {
			t.Errorf("%q: %d, %v; want %d", text, size, err, want)
		}
	}
}

func TestMessageSize(t *testing.T) {
	for text, want := range map[string]int64{
		"2MiB": 2 << 20, "4194304": 4 << 20, "1GiB": 1 << 30,
		"": -1, "1": -1, "1MiB": -1, "2GiB": -1, "4MB": -1,
	} {
		var size messageSize
		err := size.Set(text)
		if (err != nil) != (want < 0) || err == nil && int64(size.byteSize) != want {
			t.Errorf("%q: %d, %v; want %d", text, size.byteSize, err, want)
		}
	}
}
