package main

import (
	"errors"
	"net/url"
	"testing"

	"github.com/tranship/tranship"
)

func TestParsePlace(t *testing.T) {
	at := func(address, path string) place {
		return place{kind: remote, server: serverPlace{address: address}, path: path}
	}
	for _, test := range []struct {
		arg  string
		want place
	}{
		{"-", place{kind: stream}},
		{"a", place{path: "a"}},
		{"./-", place{path: "./-"}},
		{"a/b/", place{path: "a/b/", slash: true}},
		{"a/.", place{path: "a/.", contents: true}},
		{"a/./", place{path: "a/./", slash: true, contents: true}},
		{".", place{path: ".", contents: true}},
		{"..", place{path: "..", contents: true}},
		{"a/..", place{path: "a/..", contents: true}},
		{"/", place{path: "/", slash: true, contents: true}},
		{"a..", place{path: "a.."}},
		{"a:b", place{path: "a:b"}},
		{"./grpc://h:1/a", place{path: "./grpc://h:1/a"}},
		{"grpc://h:1/a", at("h:1", "a")},
		{"GRPC://h:1/a", at("h:1", "a")},
		{"grpc://h:1/a/b", at("h:1", "a/b")},
		{"grpc://h:1/a%20b%2Fc%25", at("h:1", "a b/c%")},
		{"grpc://h:1/a+b:c@d", at("h:1", "a+b:c@d")},
		{"grpc://h:1/%C3%BC", at("h:1", "ü")},
		{"grpc://h:1/ü b", at("h:1", "ü b")},
		{"grpc://h:1/*.txt", at("h:1", "*.txt")},
		{"grpc://127.0.0.1:50051/a", at("127.0.0.1:50051", "a")},
		{"grpc://[::1]:50051/a", at("[::1]:50051", "a")},
		{"grpc://[fe80::1%25eth0]:50051/a", at("[fe80::1%eth0]:50051", "a")},
		{"grpc://h:0080/a", at("h:80", "a")},
		{"grpcs://h:1/a", place{kind: remote, server: serverPlace{tls: true, address: "h:1"}, path: "a"}},
		{"grpc://h:1/a/", place{kind: remote, server: serverPlace{address: "h:1"}, path: "a", slash: true}},
		{"grpc://h:1/a/.", place{kind: remote, server: serverPlace{address: "h:1"}, path: "a", slash: true, contents: true}},
		{"grpc://h:1", place{kind: remote, server: serverPlace{address: "h:1"}, slash: true, contents: true}},
		{"grpc://h:1/", place{kind: remote, server: serverPlace{address: "h:1"}, slash: true, contents: true}},
		{"grpc://h:1/.", place{kind: remote, server: serverPlace{address: "h:1"}, slash: true, contents: true}},
	} {
		test.want.arg = test.arg
		got, err := parsePlace(test.arg)
		if test.want.kind == local {
			got.path = test.want.path
		}
		if err != nil || got != test.want {
			t.Errorf("%q: got %+v, %v; want %+v", test.arg, got, err, test.want)
		}
	}
}

func TestParsePlaceRefuses(t *testing.T) {
	for _, arg := range []string{
		"", "a\x00b", "http://h:1/a", "s3://bucket/a", "grpc:h:1/a", "grpcs:/h:1/a", "grpc://", "grpc:///a", "grpc://h",
		"grpc://h/a", "grpc://:1/a", "grpc://h:/a", "grpc://h:0/a", "grpc://h:65536/a", "grpc://h:x/a", "grpc://::1:5/a",
		"grpc://[::1/a", "grpc://u@h:1/a", "grpc://u:p@h:1/a", "grpc://h:1/a?b", "grpc://h:1/a?", "grpc://h:1/a#b",
		"grpc://h:1/a#", "grpc://h:1//a", "grpc://h:1//", "grpc://h:1/a//b", "grpc://h:1/../a", "grpc://h:1/a/..",
		"grpc://h:1/./a", "grpc://h:1/%2e%2e/a", "grpc://h:1/a%00", "grpc://h:1/a%0Ab", "grpc://h:1/%ff", "grpc://h:1/%zz",
		"grpc://h:1/.tranship/a", "grpc://h:1/.TRANSHIP",
	} {
		if p, err := parsePlace(arg); !errors.Is(err, errUsage) {
			t.Errorf("%q: got %+v, %v", arg, p, err)
		}
	}
}

// Whatever is written, the path of a place is one that a store can have, and the
// place can be written again.
func FuzzParsePlace(f *testing.F) {
	for _, seed := range []string{"grpc://h:1/a/b", "grpcs://[::1]:50051/a%20b/.", "-", "a/./", "grpc://h:1//", "grpc://h:1/%2E"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, arg string) {
		p, err := parsePlace(arg)
		if err != nil {
			if !errors.Is(err, errUsage) {
				t.Errorf("%q: %v is no usage error", arg, err)
			}
			return
		}
		if p.kind != remote {
			return
		}
		if err := tranship.ValidateDirectory(p.path); err != nil {
			t.Errorf("%q: path %q: %v", arg, p.path, err)
		}
		again, err := parsePlace(p.server.at(url.PathEscape(p.path)))
		if p.path != "" && (err != nil || again.path != p.path) {
			t.Errorf("%q: %+v, %v", arg, again, err)
		}
	})
}

func TestTargetNames(t *testing.T) {
	for _, test := range []struct {
		source          string
		target          target
		file, directory string
	}{
		{"a/b", target{path: "x"}, "x", "x"},
		{"a/b", target{path: "x", isDirectory: true}, "x/b", "x/b"},
		{"a/b", target{isDirectory: true}, "b", "b"},
		{"a/b/", target{path: "x", isDirectory: true}, "x/b", "x/b"},
		{"a/b/.", target{path: "x", isDirectory: true}, "", "x"},
		{".", target{path: "x/y", isDirectory: true}, "", "x/y"},
		{"grpc://h:1/a/b", target{path: "x", isDirectory: true}, "x/b", "x/b"},
		{"grpc://h:1/a/b/.", target{path: "x", isDirectory: true}, "", "x"},
		{"grpc://h:1", target{path: "x", isDirectory: true}, "", "x"},
		{"grpc://h:1", target{path: "x"}, "", "x"},
	} {
		source, err := parsePlace(test.source)
		if err != nil {
			t.Fatal(err)
		}
		if got := test.target.file(source); test.file != "" && got != test.file {
			t.Errorf("file %s: %q, want %q", test.source, got, test.file)
		}
		if got, err := test.target.directory(source); err != nil || got != test.directory {
			t.Errorf("directory %s: %q, %v, want %q", test.source, got, err, test.directory)
		}
	}
}

func TestLiteralDirectory(t *testing.T) {
	for pattern, want := range map[string]string{
		"a/b": "a/b", "a/*.txt": "a", "a/b*/c": "a", "*": "", "a?": "", "a/[b]": "a", "a/b/?": "a/b",
	} {
		if got := literalDirectory(pattern); got != want {
			t.Errorf("%q: %q, want %q", pattern, got, want)
		}
	}
}
