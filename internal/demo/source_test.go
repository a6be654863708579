package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// TestCompare checks that the demo detects every kind of difference.
func TestCompare(t *testing.T) {
	long := bytes.Repeat([]byte("x"), 2<<20+1)
	for _, test := range []struct {
		name   string
		change func(t *testing.T, dir string)
		same   bool
	}{
		{"same", func(*testing.T, string) {}, true},
		{"missing", func(t *testing.T, dir string) { remove(t, filepath.Join(dir, "a", "short")) }, false},
		{"missing empty", func(t *testing.T, dir string) { remove(t, filepath.Join(dir, "empty")) }, false},
		{"additional", func(t *testing.T, dir string) { write(t, filepath.Join(dir, "new"), nil) }, false},
		{"longer", func(t *testing.T, dir string) {
			write(t, filepath.Join(dir, "long"), append(long[:len(long):len(long)], 'x'))
		}, false},
		{"shorter", func(t *testing.T, dir string) { write(t, filepath.Join(dir, "long"), long[1:]) }, false},
		{"other byte", func(t *testing.T, dir string) {
			write(t, filepath.Join(dir, "long"), append(long[1:len(long):len(long)], 'y'))
		}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			want, got := t.TempDir(), t.TempDir()
			for _, dir := range []string{want, got} {
				write(t, filepath.Join(dir, "long"), long)
				write(t, filepath.Join(dir, "a", "short"), []byte("short"))
				write(t, filepath.Join(dir, "empty"), nil)
			}
			test.change(t, got)
			files, size, err := compare(want, got)
			if (err == nil) != test.same {
				t.Fatalf("compare: %v, want same %v", err, test.same)
			}
			if err == nil && (files != 3 || size != int64(len(long)+5)) {
				t.Errorf("compared %d files of %d bytes, want 3 of %d", files, size, len(long)+5)
			}
		})
	}
}

func write(t *testing.T, name string, content []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, content, 0o644); err != nil {
		t.Fatal(err)
	}
}

func remove(t *testing.T, name string) {
	t.Helper()
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
}
