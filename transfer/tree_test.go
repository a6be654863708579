package transfer

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/tranship/tranship/store/localdir"
)

func openDir(t *testing.T, name string) *localdir.Dir {
	t.Helper()
	dir, err := localdir.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = dir.Close() })
	return dir
}

// tree are the names below a directory.
func tree(t *testing.T, name string) []string {
	t.Helper()
	var names []string
	err := filepath.WalkDir(name, func(path string, entry fs.DirEntry, err error) error {
		if path != name {
			relative, _ := filepath.Rel(name, path)
			names = append(names, relative)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func writeFile(t *testing.T, name string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, data, 0o644); err != nil {
		t.Fatal(err)
	}
}
