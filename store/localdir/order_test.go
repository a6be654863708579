package localdir

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// TestWalkOrder walks names that sort differently with and without the '/' after the name
// of a directory: the paths come in bytewise order.
func TestWalkOrder(t *testing.T) {
	root := t.TempDir()
	want := []string{"a-b/x", "a.b", "a/b", "a/b.c", "a/b0/x", "a0", "b!/x", "b/a.b/x", "b/a/x", "b0/x"}
	for _, path := range want {
		name := filepath.Join(root, filepath.FromSlash(path))
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	dir, err := Open(root)
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	var got []string
	for file, err := range dir.Walk(t.Context(), "", func(string) error { return nil }) {
		if err != nil {
			t.Error(err)
		}
		got = append(got, file.Path)
	}
	if !slices.Equal(got, want) || !slices.IsSorted(got) {
		t.Errorf("%q, want %q", got, want)
	}
}
