package disk

import (
	"bytes"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/rootfs"
)

// changes returns the errors of all calls that change a store with the file "file".
func (f fixture) allChanges() map[string]error {
	f.Helper()
	ctx := f.Context()
	return map[string]error{
		"Put":           second(f.Put(ctx, tranship.Spec{Path: "new"}, nil)),
		"Begin":         second(f.Begin(ctx, tranship.Spec{Path: "new"})),
		"SetAttributes": second(f.SetAttributes(ctx, "file", tranship.Attributes{}, tranship.Precondition{})),
		"Remove":        f.Remove(ctx, "file", tranship.Precondition{}),
		"RemoveAll":     second(f.Store.RemoveAll(ctx, "directory", tranship.RemoveAllOptions{})),
		"Move":          second(f.Move(ctx, "file", "moved", tranship.Precondition{})),
		"Copy":          second(f.Store.Copy(ctx, "file", "copied", tranship.Precondition{})),
	}
}

// A store whose directory is replaced by another one, or by none, is not healthy and changes
// nothing, neither there nor in its own directory, until its directory is back.
func TestDirectoryLost(t *testing.T) {
	for name, replace := range map[string]func(directory string) error{
		"by none":         func(string) error { return nil },
		"by an empty one": func(directory string) error { return os.Mkdir(directory, 0o755) },
		"by another store": func(directory string) error {
			return errors.Join(os.Mkdir(directory, 0o755), os.Mkdir(directory+"/.tranship", 0o700))
		},
		"by a file":         func(directory string) error { return os.WriteFile(directory, nil, 0o644) },
		"by a link to none": func(directory string) error { return os.Symlink("none", directory) },
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			options := small
			options.Logger = slog.New(slog.NewTextHandler(&log, nil))
			directory := t.TempDir() + "/root"
			if err := os.Mkdir(directory, 0o755); err != nil {
				t.Fatal(err)
			}
			f := fixture{T: t, directory: directory}.open(options, unsynced())
			f.put("file", "content")
			u := f.begin(tranship.Spec{Path: "uploaded"})
			if err := f.CheckHealth(t.Context()); err != nil {
				t.Fatal(err)
			}
			log.Reset()
			if err := errors.Join(os.Rename(directory, directory+".away"), replace(directory)); err != nil {
				t.Fatal(err)
			}
			before := tree(t, directory, directory+".away")
			for range 3 {
				f.fails("CheckHealth", f.CheckHealth(t.Context()), tranship.ErrUnavailable)
			}
			for what, err := range f.allChanges() {
				f.fails(what, err, tranship.ErrUnavailable)
			}
			f.fails("Commit", second(u.Commit(t.Context(), tranship.Commit{})), tranship.ErrUnavailable)
			if after := tree(t, directory, directory+".away"); strings.ReplaceAll(after, "\n", " ") != strings.ReplaceAll(before, "\n", " ") {
				t.Errorf("files were made or removed:\n%s\nbefore:\n%s", after, before)
			}
			if content, err := f.read("file"); err != nil || content != "content" {
				t.Errorf("reading: %q, %v", content, err)
			}
			if n := strings.Count(log.String(), "level=ERROR"); n != 1 {
				t.Errorf("%d errors are logged:\n%s", n, log.String())
			}
			if err := errors.Join(os.RemoveAll(directory), os.Rename(directory+".away", directory)); err != nil {
				t.Fatal(err)
			}
			if err := f.CheckHealth(t.Context()); err != nil {
				t.Errorf("after it was put back: %v", err)
			}
			f.put("after", "content")
			if n := strings.Count(log.String(), "level=INFO"); n != 1 {
				t.Errorf("%d lines say that it is back:\n%s", n, log.String())
			}
		})
	}
}

// tree lists the files below directories, without those of uploads.
func tree(t *testing.T, directories ...string) string {
	t.Helper()
	var names []string
	for _, directory := range directories {
		err := fs.WalkDir(os.DirFS(directory), ".", func(path string, entry fs.DirEntry, err error) error {
			if !strings.HasPrefix(path, ".tranship/tmp") {
				names = append(names, directory+"/"+path)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return strings.Join(names, "\n")
}

// CheckHealth fails for what makes all changes fail, and not for a full file system.
func TestCheckHealth(t *testing.T) {
	var create, stat error
	system := unsynced()
	system.create = func(dir *rootfs.Dir, name string) (*os.File, error) {
		if create != nil {
			return nil, &fs.PathError{Op: "open", Path: name, Err: create}
		}
		return dir.CreateFile(name, 0o600)
	}
	system.stat = func(name string) (fs.FileInfo, error) {
		if stat != nil {
			return nil, &fs.PathError{Op: "stat", Path: name, Err: stat}
		}
		return os.Stat(name)
	}
	f := newFixture(t, small, system)
	for _, c := range []struct {
		create, stat, want error
	}{
		{nil, nil, nil},
		{syscall.EROFS, nil, tranship.ErrDenied},
		{syscall.EACCES, nil, tranship.ErrDenied},
		{syscall.EIO, nil, syscall.EIO},
		{syscall.ENOSPC, nil, nil},
		{syscall.EDQUOT, nil, nil},
		{nil, syscall.EIO, syscall.EIO},
		{nil, syscall.ESTALE, syscall.ESTALE},
		{nil, syscall.EACCES, nil},
		{nil, nil, nil},
	} {
		create, stat = c.create, c.stat
		err := f.CheckHealth(t.Context())
		if c.want == nil && err != nil || !errors.Is(err, c.want) {
			t.Errorf("%v, %v: %v, want %v", c.create, c.stat, err, c.want)
		}
		if err != nil && strings.Contains(err.Error(), f.directory) {
			t.Errorf("%v names the store's directory", err)
		}
	}
	if names := f.names(".tranship/tmp"); len(names) > 0 {
		t.Errorf("left are %q", names)
	}
	if err := os.Rename(f.at(".tranship"), f.at("moved")); err != nil {
		t.Fatal(err)
	}
	f.fails("CheckHealth without the state", f.CheckHealth(t.Context()), tranship.ErrUnavailable)
	if err := os.Rename(f.at("moved"), f.at(".tranship")); err != nil {
		t.Fatal(err)
	}
	if err := f.CheckHealth(t.Context()); err != nil {
		t.Error(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	f.fails("CheckHealth of a closed store", f.CheckHealth(t.Context()), tranship.ErrUnavailable)
}

// A store that must exist is not made, and nothing is written to the directory.
func TestMustExist(t *testing.T) {
	must := small
	must.MustExist = true
	for name, prepare := range map[string]func(directory string) error{
		"an empty directory":    func(string) error { return nil },
		"a file":                func(directory string) error { return os.WriteFile(directory+"/file", nil, 0o644) },
		"a directory for a key": func(directory string) error { return os.MkdirAll(directory+"/.tranship/tls", 0o700) },
	} {
		t.Run(name, func(t *testing.T) {
			directory := t.TempDir()
			if err := prepare(directory); err != nil {
				t.Fatal(err)
			}
			before := tree(t, directory)
			for _, check := range []func() error{
				func() error { return CheckExists(directory) },
				func() error { return second(Open(directory, must)) },
			} {
				if err := check(); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), ".tranship/lock") {
					t.Errorf("%v", err)
				}
			}
			if after := tree(t, directory); after != before {
				t.Errorf("files were made:\n%s", after)
			}
			for _, options := range []Options{small, must} {
				store, err := Open(directory, options)
				if err != nil {
					t.Fatal(err)
				}
				if err := store.Close(); err != nil {
					t.Error(err)
				}
			}
			if err := CheckExists(directory); err != nil {
				t.Error(err)
			}
		})
	}
	if err := CheckExists(t.TempDir() + "/none"); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}
