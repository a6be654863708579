//go:build unix

package location

import (
	"testing"
)

func TestSplitLocal(t *testing.T) {
	for name, want := range map[string][2]string{
		"a": {".", "a"}, "a/b": {"a", "b"}, "/a": {"/", "a"}, "//a": {"/", "a"}, "a//b": {"a", "b"}, "a/../b": {"a/..", "b"},
		"./a": {".", "a"}, "..": {".", ".."}, "a/.": {"a", "."},
	} {
		if directory, last := splitLocal(name); [2]string{directory, last} != want {
			t.Errorf("%q: %q and %q, want %q", name, directory, last, want)
		}
	}
}

func TestJoinLocal(t *testing.T) {
	for _, test := range []struct{ directory, path, want string }{
		{".", "a", "a"},
		{"./", "a", "a"},
		{"d", "a", "d/a"},
		{"d/", "a", "d/a"},
		{"d//", "a/b", "d/a/b"},
		{"d/.", "a", "d/a"},
		{"d/./", "a", "d/a"},
		{"./d", "a", "d/a"},
		{"link/..", "a", "link/../a"},
		{"link/../", "a", "link/../a"},
		{"..", "a", "../a"},
		{"/", "a", "/a"},
		{"/.", "a", "/a"},
		{"//", "a", "/a"},
		{".hidden", "a", ".hidden/a"},
		{"d/", "", "d"},
		{"/", "", "/"},
		{".", "", "."},
		{"./.", "a", "a"},
		{"./-", "", "-"},
		{".//d", "a", "d/a"},
		{".//.///d//", "a", "d/a"},
		{".//", "a", "a"},
		{"././", "", "."},
	} {
		if got := JoinLocal(test.directory, test.path); got != test.want {
			t.Errorf("%q and %q: %q, want %q", test.directory, test.path, got, test.want)
		}
	}
}
