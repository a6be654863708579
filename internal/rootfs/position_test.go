package rootfs

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// positions returns two positions of the directory a/b/c: one that relies on locations, if it can,
// and one that does not.
func positions(t *testing.T, cache *Cache) map[string]*Position {
	t.Helper()
	all := map[string]*Position{}
	for _, kind := range []string{"location", "path"} {
		walked(t, cache, "a/b/c")
		p := cache.Position("a/b/c")
		if p == nil {
			t.Skip("this system caches no directories")
		}
		t.Cleanup(func() { p.Close() })
		if kind == "path" {
			p.location = ""
		}
		all[kind] = p
	}
	return all
}

func TestPosition(t *testing.T) {
	rename := func(old, new string) func(string) error {
		return func(top string) error { return os.Rename(filepath.Join(top, old), filepath.Join(top, new)) }
	}
	for change, test := range map[string]struct {
		do   func(top string) error
		want bool
	}{
		"nothing": {func(string) error { return nil }, true},
		"a file":  {func(top string) error { return os.WriteFile(filepath.Join(top, "a/b/c/new"), nil, 0o644) }, true},
		"moved":   {rename("a/b/c", "c"), false},
		"above":   {rename("a", "z"), false},
		"moved and back": {func(top string) error {
			return errors.Join(rename("a", "z")(top), rename("z", "a")(top))
		}, true},
		"a link at the top": {func(top string) error {
			return errors.Join(rename("a", "z")(top), os.Symlink("z", filepath.Join(top, "a")))
		}, false},
		"a link in its place": {func(top string) error {
			return errors.Join(rename("a/b/c", "c")(top), os.Symlink("../../c", filepath.Join(top, "a/b/c")))
		}, false},
		"another directory": {func(top string) error {
			return errors.Join(rename("a/b/c", "c")(top), os.Mkdir(filepath.Join(top, "a/b/c"), 0o755))
		}, false},
		"exchanged": {func(top string) error {
			return errors.Join(os.MkdirAll(filepath.Join(top, "z/b/c"), 0o755), rename("a", "y")(top), rename("z", "a")(top))
		}, false},
		"removed":  {func(top string) error { return os.RemoveAll(filepath.Join(top, "a/b/c")) }, false},
		"longer":   {rename("a/b/c", "a/b/cc"), false},
		"a suffix": {rename("a/b/c", "a/b/c (deleted)"), false},
	} {
		t.Run(change, func(t *testing.T) {
			dir, name := open(t)
			write(t, filepath.Join(name, "a/b/c/old"), "x")
			cache := NewCache(dir)
			defer cache.Close()
			all := positions(t, cache)
			for kind, p := range positions(t, cache) {
				all[kind+", checked before"] = p
				for range 3 {
					if !p.Holds() {
						t.Errorf("by %s: it does not hold before", kind)
					}
				}
			}
			if err := test.do(name); err != nil {
				t.Fatal(err)
			}
			for kind, p := range all {
				for range 3 {
					if p.Holds() != test.want || p.Leads() != test.want {
						t.Errorf("by %s: Holds %v, Leads %v; want %v", kind, p.Holds(), p.Leads(), test.want)
					}
				}
			}
		})
	}
}

// TestPositionBelowMovedRoot checks that the position of a directory is not lost for good when
// the root is moved.
func TestPositionBelowMovedRoot(t *testing.T) {
	above := t.TempDir()
	write(t, filepath.Join(above, "top/a/b/c/old"), "x")
	dir, err := Open(filepath.Join(above, "top"))
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	cache := NewCache(dir)
	defer cache.Close()
	before := positions(t, cache)
	for _, p := range before {
		for range 3 {
			if !p.Holds() {
				t.Error("it does not hold before")
			}
		}
	}
	if err := os.Rename(filepath.Join(above, "top"), filepath.Join(above, "moved")); err != nil {
		if runtime.GOOS == "windows" {
			t.Skip(err)
		}
		t.Fatal(err)
	}
	for kind, p := range before {
		if !p.Leads() {
			t.Errorf("by %s: the path does not lead there any more", kind)
		}
	}
	for kind, p := range positions(t, cache) {
		if !p.Holds() {
			t.Errorf("by %s: it does not hold", kind)
		}
	}
}

// TestPositionAfterClose checks that a position of a closed cache never holds by mistake.
func TestPositionAfterClose(t *testing.T) {
	dir, name := open(t)
	write(t, filepath.Join(name, "a/b/c/old"), "x")
	cache := NewCache(dir)
	all := positions(t, cache)
	for _, p := range all {
		for range 3 {
			if !p.Holds() {
				t.Error("it does not hold before")
			}
		}
	}
	cache.Close()
	if p := all["location"]; p.location != "" && p.Holds() {
		t.Error("it holds")
	}
	if p := all["path"]; !p.Holds() {
		t.Error("the path does not lead there any more")
	}
	root := NewCache(dir)
	defer root.Close()
	p := root.Position("")
	defer p.Close()
	if !p.Holds() || !p.Leads() {
		t.Error("the root is not where it is")
	}
	if root.Position("none") != nil || root.Position("a/b/c") != nil {
		t.Error("there are positions of directories that are not cached")
	}
}
