package compat

import (
	"context"
	"errors"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/tranship/tranship"
)

// The results are those of Python 3.11.
func TestSplitExtension(t *testing.T) {
	for path, want := range map[string]string{
		"":             "",
		"noext":        "",
		"a.txt":        ".txt",
		"a.tar.gz":     ".gz",
		"a.":           ".",
		"a..":          ".",
		"a..txt":       ".txt",
		".bashrc":      "",
		"..x":          "",
		"...":          "",
		"..x.y":        ".y",
		".a.b":         ".b",
		"dir/.bashrc":  "",
		"dir/..x":      "",
		"d.d/noext":    "",
		"d.d/a.txt":    ".txt",
		"dir/":         "",
		"d.d/":         "",
		"grüße.ä":      ".ä",
		"a b.c d":      ".c d",
		"a\\b.c":       ".c",
		"/.a/b.c/.d.e": ".e",
	} {
		filename, extension := SplitExtension(path)
		if extension != want || filename+extension != path {
			t.Errorf("%q is %q and %q, want %q", path, filename, extension, want)
		}
	}
}

func TestStatusError(t *testing.T) {
	long := strings.Repeat("\x01", 5000)
	for _, test := range []struct {
		path string
		err  error
		code codes.Code
		want string
	}{
		{"a", &tranship.PathError{Path: "a", Err: tranship.ErrExists}, codes.AlreadyExists, "exists already: a"},
		{"a", tranship.ErrNoSpace, codes.ResourceExhausted, `"a": no space left`},
		{"a", &tranship.PathError{Op: "read", Path: "a", Err: errors.New("/secret")}, codes.Internal, `"a": internal error`},
		{"a", &tranship.PathError{Path: "b", Err: tranship.ErrExists}, codes.AlreadyExists, `"a": exists already: b`},
		{"a", errors.New("/secret"), codes.Internal, `"a": internal error`},
		{"a\xff", context.Canceled, codes.Canceled, `"a\xff": context canceled`},
		{"a", status.Error(codes.DataLoss, "lost"), codes.DataLoss, `"a": lost`},
		{long, tranship.ErrDenied, codes.PermissionDenied, `…: permission denied`},
	} {
		s := status.Convert(StatusError(test.path, test.err))
		if s.Code() != test.code || !strings.HasSuffix(s.Message(), test.want) || len(s.Message()) > 2200 {
			t.Errorf("%.20q, %v: %v %.200q", test.path, test.err, s.Code(), s.Message())
		}
	}
}
