package copycmd

import (
	"testing"

	"github.com/tranship/tranship/cmd/tranship/internal/location"
)

func TestTargetNames(t *testing.T) {
	for _, test := range []struct {
		source          string
		target          Target
		file, directory string
	}{
		{"a/b", Target{path: "x"}, "x", "x"},
		{"a/b", Target{path: "x", IsDirectory: true}, "x/b", "x/b"},
		{"a/b", Target{IsDirectory: true}, "b", "b"},
		{"a/b/", Target{path: "x", IsDirectory: true}, "x/b", "x/b"},
		{"a/b/.", Target{path: "x", IsDirectory: true}, "", "x"},
		{".", Target{path: "x/y", IsDirectory: true}, "", "x/y"},
		{"grpc://h:1/a/b", Target{path: "x", IsDirectory: true}, "x/b", "x/b"},
		{"grpc://h:1/a/b/.", Target{path: "x", IsDirectory: true}, "", "x"},
		{"grpc://h:1", Target{path: "x", IsDirectory: true}, "", "x"},
		{"grpc://h:1", Target{path: "x"}, "", "x"},
	} {
		source, err := location.Parse(test.source)
		if err != nil {
			t.Fatal(err)
		}
		if got := test.target.File(source); test.file != "" && got != test.file {
			t.Errorf("file %s: %q, want %q", test.source, got, test.file)
		}
		if got, err := test.target.Directory(source); err != nil || got != test.directory {
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
