package rootfs

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// open opens a directory that the test owns, and returns its name too.
func open(t *testing.T) (*Dir, string) {
	t.Helper()
	name := t.TempDir()
	dir, err := Open(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { dir.Close() })
	return dir, name
}

func write(t *testing.T, name, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func symlink(t *testing.T, target, name string) {
	t.Helper()
	if err := os.Symlink(target, name); err != nil {
		t.Fatal(err)
	}
}

func TestWalkNeverFollowsLinks(t *testing.T) {
	dir, name := open(t)
	write(t, filepath.Join(name, "real/below/file"), "x")
	symlink(t, "real", filepath.Join(name, "inside"))
	symlink(t, t.TempDir(), filepath.Join(name, "outside"))
	symlink(t, "missing", filepath.Join(name, "dangling"))
	symlink(t, "below", filepath.Join(name, "real/link"))

	for _, path := range []string{"inside", "inside/below", "outside", "outside/new", "dangling", "real/link", "real/link/new"} {
		for kind, walk := range map[string]func(string) (*Dir, error){"Walk": dir.Walk, "MkdirAll": dir.MkdirAll} {
			_, err := walk(path)
			obstacle, ok := errors.AsType[*ObstacleError](err)
			if !ok || !strings.HasSuffix(err.Error(), "is a symbolic link") || !strings.HasPrefix(path, obstacle.Path) {
				t.Errorf("%s(%q): %v, want a symbolic link", kind, path, err)
			}
			if !IsAbsent(err) {
				t.Errorf("%s(%q): IsAbsent is false", kind, path)
			}
		}
	}
	if _, err := os.Lstat(filepath.Join(name, "missing")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the target of a dangling link was created: %v", err)
	}
}

func TestWalk(t *testing.T) {
	dir, name := open(t)
	if _, err := dir.Walk("a/b"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Walk of a missing directory: %v", err)
	}
	for range 2 {
		made, err := dir.MkdirAll("a/b/c")
		if err != nil {
			t.Fatal(err)
		}
		made.Close()
	}
	found, err := dir.Walk("a/b/c")
	if err != nil {
		t.Fatal(err)
	}
	defer found.Close()
	file, err := found.CreateFile("f", 0o600)
	if err != nil {
		t.Fatal(err)
	}
	file.Close()
	if _, err := os.Stat(filepath.Join(name, "a/b/c/f")); err != nil {
		t.Error(err)
	}
	if _, err := dir.MkdirAll("a/b/c/f/g"); err == nil || err.Error() != "a/b/c/f is a file" {
		t.Errorf("MkdirAll through a file: %v", err)
	}
	if err := errors.Join(found.Sync(), dir.Sync()); err != nil {
		t.Error(err)
	}
	if free, err := dir.FreeBytes(); err != nil || free <= 0 {
		t.Errorf("FreeBytes: %d, %v", free, err)
	}
}

func TestNamesAreSingleSegments(t *testing.T) {
	dir, name := open(t)
	write(t, filepath.Join(name, "a/b"), "x")
	for _, name := range []string{"", ".", "..", "a/b", "/a", "a/"} {
		_, sub := dir.Sub(name)
		_, lstat := dir.Lstat(name)
		_, _, open := dir.OpenFile(name)
		_, create := dir.CreateFile(name, 0o600)
		for i, err := range []error{sub, lstat, open, create, dir.Mkdir(name, 0o700), dir.Remove(name), dir.RemoveDir(name), Rename(dir, name, dir, "x"), RenameNoReplace(dir, "x", dir, name)} {
			if !errors.Is(err, fs.ErrInvalid) {
				t.Errorf("operation %d took the name %q: %v", i, name, err)
			}
		}
	}
}

func TestOpenFileTakesRegularFilesOnly(t *testing.T) {
	dir, name := open(t)
	write(t, filepath.Join(name, "file"), "content")
	symlink(t, "file", filepath.Join(name, "link"))
	os.Mkdir(filepath.Join(name, "dir"), 0o755)

	file, info, err := dir.OpenFile("file")
	if err != nil || info.Size() != 7 {
		t.Fatalf("OpenFile: %v", err)
	}
	file.Close()
	for _, name := range []string{"link", "dir"} {
		if _, _, err := dir.OpenFile(name); !IsAbsent(err) || errors.Is(err, fs.ErrNotExist) {
			t.Errorf("OpenFile(%q): %v, want an obstacle", name, err)
		}
	}
	if _, _, err := dir.OpenFile("missing"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("OpenFile of nothing: %v", err)
	}
	if _, err := dir.CreateFile("link", 0o600); !errors.Is(err, fs.ErrExist) {
		t.Errorf("CreateFile at a link: %v", err)
	}
}

func TestRemoveAndRemoveDirDoNotMixUp(t *testing.T) {
	dir, name := open(t)
	write(t, filepath.Join(name, "file"), "x")
	os.Mkdir(filepath.Join(name, "empty"), 0o755)
	write(t, filepath.Join(name, "full/file"), "x")
	if dir.RemoveDir("file") == nil || dir.Remove("empty") == nil || dir.RemoveDir("full") == nil {
		t.Error("removed what it must not")
	}
	if err := errors.Join(dir.Remove("file"), dir.RemoveDir("empty")); err != nil {
		t.Error(err)
	}
	entries, err := dir.ReadDir()
	if err != nil || len(entries) != 1 || entries[0].Name() != "full" {
		t.Errorf("remaining entries: %v, %v", entries, err)
	}
}

func TestRename(t *testing.T) {
	for name, rename := range map[string]func(*Dir, string, *Dir, string) error{
		"NoReplace": RenameNoReplace,
		"fallback":  linkAndRemove,
	} {
		t.Run(name, func(t *testing.T) {
			dir, root := open(t)
			write(t, filepath.Join(root, "sub/old"), "old")
			write(t, filepath.Join(root, "new"), "new")
			sub, err := dir.Sub("sub")
			if err != nil {
				t.Fatal(err)
			}
			defer sub.Close()
			for _, target := range []string{"sub", "new"} {
				if err := rename(dir, "new", dir, target); !errors.Is(err, fs.ErrExist) {
					t.Errorf("over %q: %v, want fs.ErrExist", target, err)
				}
			}
			if err := rename(dir, "new", sub, "fresh"); err != nil {
				t.Error(err)
			}
			if err := rename(dir, "missing", sub, "x"); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("of nothing: %v", err)
			}
			if err := Rename(sub, "fresh", sub, "old"); err != nil {
				t.Error(err)
			}
			content, err := os.ReadFile(filepath.Join(root, "sub/old"))
			if err != nil || string(content) != "new" {
				t.Errorf("after renames: %q, %v", content, err)
			}
		})
	}
}

func TestErrorsNameNothingAboveTheDirectory(t *testing.T) {
	dir, name := open(t)
	write(t, filepath.Join(name, "file"), "x")
	_, walk := dir.Walk("missing/deep")
	_, made := dir.MkdirAll("file/deep")
	_, _, opened := dir.OpenFile("missing")
	for _, err := range []error{walk, made, opened, dir.Remove("missing"), dir.RemoveDir("file"), Rename(dir, "missing", dir, "y"), RenameNoReplace(dir, "missing", dir, "y")} {
		if err == nil || strings.Contains(err.Error(), name) {
			t.Errorf("error: %v", err)
		}
	}
}

// TestSyncError distinguishes file systems that cannot sync directories from storage that
// fails.
func TestSyncError(t *testing.T) {
	for _, unable := range []error{nil, syscall.EINVAL, syscall.EBADF, syscall.ENOSYS, syscall.ENOTSUP, syscall.EOPNOTSUPP, errors.ErrUnsupported} {
		if unable != nil {
			unable = &fs.PathError{Op: "sync", Path: ".", Err: unable}
		}
		if err := SyncError(unable); err != nil {
			t.Errorf("%v fails: %v", unable, err)
		}
	}
	for _, broken := range []error{syscall.EIO, syscall.ENOSPC, syscall.EDQUOT, syscall.EROFS, syscall.ESTALE, fs.ErrClosed} {
		if err := SyncError(&fs.PathError{Op: "sync", Path: ".", Err: broken}); !errors.Is(err, broken) {
			t.Errorf("%v becomes %v", broken, err)
		}
	}
}

// TestCloseDuringUse closes a directory while a call uses its descriptor, which stays open until
// the call returns.
func TestCloseDuringUse(t *testing.T) {
	name := t.TempDir()
	write(t, filepath.Join(name, "old"), "x")
	dir, err := Open(name)
	if err != nil {
		t.Fatal(err)
	}
	handle, err := dir.handle()
	if err != nil {
		t.Skip(err) // this system opens no directories
	}
	err = dir.use(func(int) error {
		if err := dir.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
		if err := dir.use(func(int) error { return nil }); !errors.Is(err, fs.ErrClosed) {
			t.Errorf("a call after Close: %v", err)
		}
		_, err := handle.Readdirnames(1)
		return err
	})
	if err != nil {
		t.Errorf("the call that was under way: %v", err)
	}
	if _, err := handle.Readdirnames(1); err == nil {
		t.Error("the handle is open afterwards")
	}
	dir.Share().Close() // a holder that comes too late
	for range 2 {
		if err := dir.Remove("old"); !errors.Is(err, fs.ErrClosed) {
			t.Errorf("Remove: %v", err)
		}
	}
}
