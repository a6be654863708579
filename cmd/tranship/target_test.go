package main

import (
	"testing"

	"github.com/tranship/tranship/cmd/tranship/internal/location"
)

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
		source, err := location.Parse(test.source)
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
