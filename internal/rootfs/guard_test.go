package rootfs

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// testMark is the attribute of private directories in tests.
const testMark = "user.rootfs.test"

func openGuarded(name string) (*Dir, error) { return OpenGuarded(name, testMark) }

// guarded opens a guarded directory that the test owns, and returns its name too.
func guarded(t *testing.T, open func(name string) (*Dir, error)) (*Dir, string) {
	t.Helper()
	name := t.TempDir()
	dir, err := open(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { dir.Close() })
	return dir, name
}

// isHidden reports whether an error means that the path leads to something hidden.
func isHidden(err error) bool {
	obstacle, ok := errors.AsType[*ObstacleError](err)
	return ok && obstacle.Hidden
}

// TestHidden tries to reach a private directory, and a file in it, under all names that
// they can be given.
func TestHidden(t *testing.T) {
	dir, name := guarded(t, openGuarded)
	at := func(path string) string { return filepath.Join(name, path) }
	write(t, at("private/key"), "secret")
	write(t, at("below/deep/file"), "x")
	private, err := dir.Private("private")
	if err != nil {
		t.Fatal(err)
	}
	defer private.Close()
	key, err := private.Lstat("key")
	if err != nil {
		t.Fatal(err)
	}
	dir.HideFile(key)
	there := func(path string) {
		t.Helper()
		directory, last := Split(path)
		above, err := dir.Walk(directory)
		if err != nil {
			t.Fatal(err)
		}
		defer above.Close()
		_, lstat := above.Lstat(last)
		_, status := above.StatusListed(last)
		if isHidden(lstat) != isHidden(status) || (lstat == nil) != (status == nil) {
			t.Errorf("%s: Lstat fails with %v, and StatusListed with %v", path, lstat, status)
		}
		_, sub := above.Sub(last)
		_, walk := dir.Walk(path)
		_, deeper := dir.Walk(path + "/tls")
		_, made := dir.MkdirAll(path + "/new")
		for what, err := range map[string]error{
			"Lstat": lstat, "Sub": sub, "Walk": walk, "Walk below": deeper, "MkdirAll": made, "RemoveDir": above.RemoveDir(last),
		} {
			if !isHidden(err) || !IsAbsent(err) {
				t.Errorf("%s of %s: %v, want a hidden obstacle", what, path, err)
			}
		}
	}
	there("private")
	for _, path := range []string{"pub", "below/pub", "below/deep/pub"} {
		if err := os.Rename(at("private"), at(path)); err != nil {
			t.Skipf("an open directory cannot be renamed here: %v", err)
		}
		there(path)
		if leads, err := dir.Leads("private", private); leads || err != nil {
			t.Errorf("Leads after it was renamed: %t, %v", leads, err)
		}
		if err := os.Mkdir(at("private"), 0o755); err != nil {
			t.Fatal(err)
		}
		if leads, err := dir.Leads("private", private); leads || err != nil {
			t.Errorf("Leads to another: %t, %v", leads, err)
		}
		if err := errors.Join(os.Remove(at("private")), os.Rename(at(path), at("private"))); err != nil {
			t.Fatal(err)
		}
		if leads, err := dir.Leads("private", private); !leads || err != nil {
			t.Errorf("Leads after it was put back: %t, %v", leads, err)
		}
	}
	if err := os.Link(at("private/key"), at("below/link")); err != nil {
		t.Skipf("there are no hard links here: %v", err)
	}
	below, err := dir.Walk("below")
	if err != nil {
		t.Fatal(err)
	}
	defer below.Close()
	if _, _, err := below.OpenFile("link"); !isHidden(err) {
		t.Errorf("OpenFile of a hard link: %v", err)
	}
	if _, _, err := below.OpenFileWrite("link"); !isHidden(err) {
		t.Errorf("OpenFileWrite of a hard link: %v", err)
	}
	if _, _, err := below.OpenListedDescriptor("link"); err == nil {
		t.Error("OpenListedDescriptor opened a hard link")
	}
	if _, _, err := below.OpenDescriptorOf("link"); err == nil {
		t.Error("OpenDescriptorOf opened a hard link")
	}
	if file, _, err := private.OpenFile("key"); err != nil {
		t.Errorf("its owner: %v", err)
	} else {
		file.Close()
	}
}

// TestMarked opens a tree in which an earlier process, and one with another root, had
// private directories.
func TestMarked(t *testing.T) {
	dir, name := guarded(t, openGuarded)
	at := func(path string) string { return filepath.Join(name, path) }
	for _, path := range []string{"private", "root/private"} {
		if err := os.MkdirAll(at(path), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	write(t, at("private/key"), "secret")
	write(t, at("owned/file"), "x")
	if err := os.Chmod(at("owned"), 0o700); err != nil {
		t.Fatal(err)
	}
	other, err := OpenGuarded(at("root"), testMark)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	for _, parent := range []*Dir{dir, other} {
		private, err := parent.Private("private")
		if err != nil {
			t.Fatal(err)
		}
		private.Close()
	}
	if err := os.Rename(at("private"), at("root/moved")); err != nil {
		t.Fatal(err)
	}
	next, err := openGuarded(name)
	if err != nil {
		t.Fatal(err)
	}
	defer next.Close()
	sub, err := next.Sub("owned")
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	handle, err := sub.handle()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Getxattr(handle, testMark); errors.Is(err, errors.ErrUnsupported) {
		t.Skip("there are no extended attributes here")
	}
	for _, path := range []string{"root/private", "root/moved", "root/moved/below"} {
		if _, err := next.Walk(path); !isHidden(err) {
			t.Errorf("Walk to %s: %v", path, err)
		}
	}
}

// TestCacheHides moves a private directory to a path that a cache has.
func TestCacheHides(t *testing.T) {
	dir, name := guarded(t, openGuarded)
	write(t, filepath.Join(name, "private/key"), "secret")
	write(t, filepath.Join(name, "pub/file"), "x")
	private, err := dir.Private("private")
	if err != nil {
		t.Fatal(err)
	}
	defer private.Close()
	cache := NewCache(dir)
	defer cache.Close()
	walked(t, cache, "pub")
	if runtime.GOOS == "linux" && len(cache.kept) != 1 {
		t.Errorf("%d directories are kept, want 1", len(cache.kept))
	}
	if err := errors.Join(os.Rename(filepath.Join(name, "pub"), filepath.Join(name, "old")), os.Rename(filepath.Join(name, "private"), filepath.Join(name, "pub"))); err != nil {
		t.Skipf("an open directory cannot be renamed here: %v", err)
	}
	if _, err := cache.Walk("pub"); !isHidden(err) {
		t.Errorf("Walk: %v", err)
	}
}

// openFolded opens a simulated file system that ignores case and more.
func openFolded(name string) (*Dir, error) {
	return OpenFolding(name, testMark, Folding{Finds: FindsFolded})
}

// TestSpelling uses existing files under other spellings of their names.
func TestSpelling(t *testing.T) {
	dir, name := guarded(t, openFolded)
	write(t, filepath.Join(name, "Directory/Secret-plan"), "secret")
	for spelling, stored := range map[string]string{
		"directory": "Directory", "DIRECTORY": "Directory", "Director\u200dy": "", "Directory.": "", "DIRECT~1": "",
	} {
		_, lstat := dir.Lstat(spelling)
		_, sub := dir.Sub(spelling)
		_, walk := dir.Walk(spelling + "/deeper")
		_, made := dir.MkdirAll(spelling)
		for what, err := range map[string]error{"Lstat": lstat, "Sub": sub, "Walk": walk, "MkdirAll": made, "CheckSpelling": dir.CheckSpelling(spelling), "RemoveDir": dir.RemoveDir(spelling)} {
			found, ok := errors.AsType[*SpellingError](err)
			if !ok || found.Path != spelling || found.Stored != stored || !IsAbsent(err) {
				t.Errorf("%s of %q: %v, want a SpellingError for %q", what, spelling, err, stored)
			}
		}
		if err := dir.Mkdir(spelling, 0o755); !errors.Is(err, fs.ErrExist) {
			t.Errorf("Mkdir of %q: %v", spelling, err)
		}
	}
	sub, err := dir.Sub("Directory")
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	for _, spelling := range []string{"secret-plan", "SECRET~1", "Secret-plan."} {
		if _, _, err := sub.OpenFile(spelling); !IsAbsent(err) || errors.Is(err, fs.ErrNotExist) {
			t.Errorf("OpenFile of %q: %v", spelling, err)
		}
		if !sub.IsEntry("Secret-plan", sub, spelling) || dir.IsEntry("Directory", sub, spelling) {
			t.Errorf("IsEntry of %q", spelling)
		}
	}
	if sub.IsEntry("Secret-plan", sub, "another") {
		t.Error("IsEntry of what is not there")
	}
	if err := sub.CheckSpelling("missing"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("CheckSpelling of nothing: %v", err)
	}
	if file, _, err := sub.OpenFile("Secret-plan"); err != nil {
		t.Error(err)
	} else {
		file.Close()
	}
	_, err = dir.Walk("directory/x")
	if err == nil || err.Error() != "the file system takes directory for Directory, which is there" {
		t.Errorf("error: %v", err)
	}
	cache := NewCache(dir)
	defer cache.Close()
	for range 2 {
		walked(t, cache, "Directory")
	}
	if len(cache.kept) != 0 {
		t.Error("a cache keeps directories whose spelling it does not check")
	}
}

// TestProbe probes the real file system, which may ignore case or not.
func TestProbe(t *testing.T) {
	dir, name := guarded(t, openGuarded)
	scratch, err := Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer scratch.Close()
	if err := dir.Probe(scratch); err != nil {
		t.Fatal(err)
	}
	if entries, err := scratch.ReadDir(); err != nil || len(entries) != 0 {
		t.Errorf("Probe left %v, %v", entries, err)
	}
	write(t, filepath.Join(name, "name"), "lower")
	write(t, filepath.Join(name, "NAME"), "upper")
	entries, err := dir.ReadDir()
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) == 1 && !dir.Ambiguous() {
		t.Error("a directory that ignores case is taken for one that does not")
	}
}
