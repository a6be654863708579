package localdir_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/store/localdir"
)

// TestAlias checks that a name that is not a valid path can be written, read and resumed as
// the alias that stands for it, and that the alias stands for nothing else.
func TestAlias(t *testing.T) {
	name := "control\x01"
	switch runtime.GOOS {
	case "linux":
		name = "latin-\xe9" // other systems refuse it
	case "windows":
		t.Skip("Windows has no names that are not valid paths")
	}
	for _, path := range []string{"alias", "alias/below/file"} {
		parent := t.TempDir()
		dir, err := localdir.OpenAlias(parent, "alias", name)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = dir.Close() })
		real := filepath.Join(parent, name) + path[len("alias"):]
		if got := dir.Absolute(path); got != real {
			t.Errorf("%s is %q, want %q", path, got, real)
		}
		if file, err := dir.Put(t.Context(), tranship.Spec{Path: path}, []byte("small")); err != nil || file.Path != path {
			t.Fatalf("%+v, %v", file, err)
		}
		if content, err := os.ReadFile(real); err != nil || string(content) != "small" {
			t.Errorf("%q, %v", content, err)
		}
		if file, err := dir.Stat(t.Context(), path); err != nil || file.Path != path || file.Size != 5 {
			t.Errorf("%+v, %v", file, err)
		}
		content, err := dir.Open(t.Context(), path, tranship.OpenOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if err := content.Close(); err != nil {
			t.Error(err)
		}
		large := bytes.Repeat([]byte("large"), 4<<20)
		upload, err := dir.Begin(t.Context(), tranship.Spec{Path: path, Size: new(int64(len(large))), ResumeKey: "k"})
		if err != nil {
			t.Fatal(err)
		}
		part, err := upload.Part(t.Context(), 0)
		if err != nil {
			t.Fatal(err)
		}
		_, err = part.Write(large[:upload.PartSize()])
		if err := errors.Join(err, part.Close(), upload.Detach(t.Context())); err != nil {
			t.Fatal(err)
		}
		if leftovers, _ := filepath.Glob(filepath.Join(filepath.Dir(real), ".tranship-*")); len(leftovers) == 0 {
			t.Error("nothing was kept")
		}
		if err := dir.Discard(path); err != nil {
			t.Error(err)
		}
		if leftovers, _ := filepath.Glob(filepath.Join(filepath.Dir(real), ".tranship-*")); len(leftovers) > 0 {
			t.Errorf("left: %q", leftovers)
		}
		if _, err := dir.Put(t.Context(), tranship.Spec{Path: "aliased"}, nil); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(filepath.Join(parent, "aliased")); err != nil {
			t.Error(err)
		}
	}
}
