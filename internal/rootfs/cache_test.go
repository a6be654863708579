package rootfs

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
)

func walked(t *testing.T, cache *Cache, path string) string {
	t.Helper()
	dir, err := cache.Walk(path)
	if err != nil {
		t.Fatalf("Walk(%q): %v", path, err)
	}
	defer dir.Close()
	entries, err := dir.ReadDir()
	if err != nil || len(entries) != 1 {
		t.Fatalf("Walk(%q): %v, %v", path, entries, err)
	}
	return entries[0].Name()
}

// TestCacheNoticesAtOnce checks that a cache notices changes of its directories made
// behind its back.
func TestCacheNoticesAtOnce(t *testing.T) {
	for change, test := range map[string]struct {
		do   func(name string) error
		want string // "": nothing is there
	}{
		"nothing": {func(string) error { return nil }, "old"},
		"removed": {func(name string) error { return os.RemoveAll(name + "/a/b") }, ""},
		"renamed": {func(name string) error { return os.Rename(name+"/a", name+"/z") }, ""},
		"replaced": {func(name string) error {
			return errors.Join(os.Rename(name+"/a/b", name+"/z"), os.MkdirAll(name+"/a/b/new", 0o755))
		}, "new"},
		"replaced by a link": {func(name string) error {
			return errors.Join(os.Rename(name+"/a/b", name+"/z"), os.Symlink("../z", name+"/a/b"))
		}, ""},
		"behind a link": {func(name string) error {
			return errors.Join(os.Rename(name+"/a", name+"/z"), os.Symlink("z", name+"/a"))
		}, ""},
		"replaced by a file": {func(name string) error {
			return errors.Join(os.RemoveAll(name+"/a/b"), os.WriteFile(name+"/a/b", nil, 0o644))
		}, ""},
	} {
		t.Run(change, func(t *testing.T) {
			dir, name := open(t)
			write(t, filepath.Join(name, "a/b/old"), "x")
			cache := NewCache(dir)
			defer cache.Close()
			for range 2 {
				if got := walked(t, cache, "a/b"); got != "old" {
					t.Fatalf("found %s", got)
				}
			}
			if runtime.GOOS == "linux" && len(cache.kept) != 1 {
				t.Errorf("%d directories are kept, want 1", len(cache.kept))
			}
			if err := test.do(name); err != nil {
				t.Fatal(err)
			}
			if test.want != "" {
				if got := walked(t, cache, "a/b"); got != test.want {
					t.Errorf("found %s, want %s", got, test.want)
				}
			} else if _, err := cache.Walk("a/b"); !IsAbsent(err) {
				t.Errorf("found something: %v", err)
			}
		})
	}
}

// TestCacheIsBounded walks to more directories than a cache keeps, from many goroutines,
// and checks that unused directories are closed.
func TestCacheIsBounded(t *testing.T) {
	dir, name := open(t)
	cache := NewCache(dir)
	var all sync.WaitGroup
	for n := range 2 * maxCached {
		path := fmt.Sprint("d", n)
		write(t, filepath.Join(name, path, "file"), "x")
		all.Go(func() {
			for range 3 {
				walked(t, cache, path)
			}
		})
	}
	all.Wait()
	if len(cache.kept) > maxCached {
		t.Errorf("%d directories are kept", len(cache.kept))
	}
	used, err := cache.Walk("d0")
	if err != nil {
		t.Fatal(err)
	}
	cache.expire()
	cache.expire()
	if len(cache.kept) != 0 {
		t.Errorf("%d unused directories are kept", len(cache.kept))
	}
	if _, err := used.Lstat("file"); err != nil {
		t.Errorf("a directory in use was closed: %v", err)
	}
	used.Close()
	if _, err := used.Lstat("file"); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("an unused directory is open: %v", err)
	}
	cache.Close()
	walked(t, cache, "d0")
	if len(cache.kept) != 0 {
		t.Error("a closed cache keeps directories")
	}
}
