package localdir_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"syscall"
	"testing"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/store/localdir"
)

// TestPutBatchAmongChanges changes the target of a file of a batch before the file gets its
// name.
func TestPutBatchAmongChanges(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "outside")
	if err := os.WriteFile(outside, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	for what, test := range map[string]struct {
		change func(target string) error
		want   error
	}{
		"file":      {func(target string) error { return os.WriteFile(target, nil, 0o600) }, nil},
		"link":      {func(target string) error { return os.Symlink(outside, target) }, nil},
		"directory": {func(target string) error { return os.Mkdir(target, 0o700) }, tranship.ErrExists},
		"temporary is gone": {func(target string) error {
			return os.Remove(filepath.Join(filepath.Dir(target), localdir.TemporaryName("c", "0")))
		}, nil},
	} {
		t.Run(what, func(t *testing.T) {
			name := t.TempDir()
			dir := openDir(t, name)
			changed := false
			dir.SetPutting(func(path string) {
				if path == "d/c" && !changed {
					changed = true
					if err := test.change(filepath.Join(name, path)); err != nil {
						t.Error(err)
					}
				}
			})
			for i, result := range dir.PutBatch(t.Context(), putItems("d/a", "d/b", "d/c", "d/e")) {
				path := filepath.Join(name, "d", []string{"a", "b", "c", "e"}[i])
				if i == 2 && test.want != nil {
					if !errors.Is(result.Err, test.want) {
						t.Errorf("%+v", result)
					}
					continue
				}
				if result.Err != nil {
					t.Error(result.Err)
				}
				isFile(t, path, "d/"+filepath.Base(path))
			}
			noTemporaries(t, name)
			isFile(t, outside, "old")
		})
	}
}

// TestPutBatchIntoReplacedDirectory replaces the directory between two files of a batch. Each
// file that is reported as stored must be under its path, and none may be put through a link.
func TestPutBatchIntoReplacedDirectory(t *testing.T) {
	for what, replace := range map[string]func(name, outside string) error{
		"directory": func(name, _ string) error { return os.Mkdir(name, 0o755) },
		"nothing":   func(string, string) error { return nil },
		"link":      func(name, outside string) error { return os.Symlink(outside, name) },
		"file":      func(name, _ string) error { return os.WriteFile(name, nil, 0o600) },
	} {
		t.Run(what, func(t *testing.T) {
			name, outside := t.TempDir(), t.TempDir()
			dir := openDir(t, name)
			if _, err := dir.Put(t.Context(), tranship.Spec{Path: "up/d/old"}, nil); err != nil {
				t.Fatal(err)
			}
			replaced := false
			dir.SetPutting(func(path string) {
				if path != "up/d/2" || replaced {
					return
				}
				replaced = true
				if err := errors.Join(os.Rename(filepath.Join(name, "up"), filepath.Join(name, "moved")), replace(filepath.Join(name, "up"), outside)); err != nil {
					t.Error(err)
				}
			})
			var paths []string
			for i := range 5 {
				paths = append(paths, fmt.Sprint("up/d/", i))
			}
			fails := what == "link" || what == "file"
			for i, result := range dir.PutBatch(t.Context(), putItems(paths...)) {
				if fails {
					if !errors.Is(result.Err, tranship.ErrExists) {
						t.Errorf("%s: %+v", paths[i], result)
					}
					continue
				}
				if result.Err != nil {
					t.Error(result.Err)
				}
				isFile(t, filepath.Join(name, paths[i]), paths[i])
			}
			if left, err := os.ReadDir(outside); len(left) > 0 || err != nil {
				t.Errorf("%v outside, %v", left, err)
			}
			noTemporaries(t, name)
		})
	}
}

// TestPutBatchModes puts files of all kinds of modes, with a umask that takes some of them. While a
// file is written, it must not have a mode by which others could read more than in the end, or
// write.
func TestPutBatchModes(t *testing.T) {
	modes := []fs.FileMode{0o600, 0o640, 0o644, 0o755, 0o666, 0o622, 0o400, 0o444, 0}
	for _, umask := range []int{0, 0o022, 0o077} {
		name := t.TempDir()
		dir := openDir(t, name)
		items := putItems("a", "b", "c", "d", "e", "f", "g", "h", "i")
		for i, mode := range modes {
			items[i].Spec.Attributes.Mode = &mode
			if short := localdir.ShortMode(&mode); short&0o022 != 0 || short&^(mode|0o600) != 0 {
				t.Errorf("a file of mode %v is created with mode %v", mode, short)
			}
		}
		before := syscall.Umask(umask)
		results := dir.PutBatch(t.Context(), items)
		syscall.Umask(before)
		for i, result := range results {
			info, err := os.Lstat(filepath.Join(name, items[i].Spec.Path))
			if result.Err != nil || err != nil || info.Mode() != modes[i] || result.File.Mode != modes[i] {
				t.Errorf("umask %#o: %+v, %v; want mode %v", umask, result, info, modes[i])
			}
		}
	}
}

// TestPutBatchDescribes compares what a batch says of files of several modes, with times to the
// nanosecond and others, with what the system says.
func TestPutBatchDescribes(t *testing.T) {
	name := t.TempDir()
	dir := openDir(t, name)
	items := putItems("d/a", "d/b", "d/c", "d/d", "d/e", "d/f", "d/g", "d/h")
	modes := []fs.FileMode{0o640, 0o640, 0o600, 0o666, 0o640, 0o400, 0o640, 0o600}
	for i := range items {
		modified := modTime.Add(time.Duration(i*i) * 1_001_003)
		items[i].Spec.Attributes = tranship.Attributes{Mode: &modes[i], ModTime: &modified}
		items[i].Data = make([]byte, 1000*i)
	}
	items[6].Spec.Attributes.ModTime = nil
	for i, result := range dir.PutBatch(t.Context(), items) {
		path := items[i].Spec.Path
		want, err := dir.Stat(t.Context(), path)
		want.CRC32C = result.File.CRC32C
		if result.Err != nil || err != nil || !reflect.DeepEqual(result.File, want) {
			t.Errorf("%s: %+v, want %+v, %v", path, result, want, err)
		}
		if modified := items[i].Spec.Attributes.ModTime; want.Mode != modes[i] || modified != nil && !want.ModTime.Equal(*modified) {
			t.Errorf("%s has mode %v and time %v, want %+v", path, want.Mode, want.ModTime, items[i].Spec.Attributes)
		}
	}
}
