package interop

import (
	"bytes"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

const chunkBytes = 1 << 20

// samples returns files by path, with a file for each kind that has caused a bug.
func samples() map[string]int {
	return map[string]int{
		"noext":                 5,
		"a.txt":                 7,
		"a.tar.gz":              11,
		".bashrc":               3,
		"empty.bin":             0,
		"emptynoext":            0,
		"one-chunk.bin":         chunkBytes,
		"many-chunks.bin":       5*chunkBytes + 3,
		"d.d/e/noext":           13,
		"d.d/e/f.txt":           17,
		"grüße/日本語.txt":         19,
		"with space/% and +.it": 23,
	}
}

// paths returns the paths of files in ascending order.
func paths(files map[string]int) []string { return slices.Sorted(maps.Keys(files)) }

// create writes files of the given sizes below dir, each with a different content.
func create(t *testing.T, dir string, files map[string]int) {
	t.Helper()
	for path, size := range files {
		name := filepath.Join(dir, filepath.FromSlash(path))
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, content(path, size), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

// content returns random bytes that are the same for the same path.
func content(path string, size int) []byte {
	var seed [32]byte
	copy(seed[:], path)
	data := make([]byte, size)
	random := rand.NewChaCha8(seed)
	random.Read(data)
	return data
}

// check fails unless dir has exactly files, with their content.
func check(t *testing.T, dir string, files map[string]int) {
	t.Helper()
	found := map[string]bool{}
	err := filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.Name() == ".tranship" {
			return fs.SkipDir
		}
		if entry.Type().IsRegular() {
			path, err := filepath.Rel(dir, name)
			if err != nil {
				return err
			}
			found[filepath.ToSlash(path)] = true
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for path := range found {
		if _, ok := files[path]; !ok {
			t.Errorf("%q should not exist", path)
		}
	}
	for path, size := range files {
		data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(path)))
		switch {
		case err != nil:
			t.Error(err)
		case !bytes.Equal(data, content(path, size)):
			t.Errorf("%q has wrong content or size: %d bytes, want %d", path, len(data), size)
		}
	}
}

// some returns the files for which keep returns true.
func some(files map[string]int, keep func(path string) bool) map[string]int {
	kept := maps.Clone(files)
	maps.DeleteFunc(kept, func(path string, _ int) bool { return !keep(path) })
	return kept
}
