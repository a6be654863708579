package rootfs

import (
	"os"
	"path/filepath"
	"testing"
)

// TestLocations checks that positions rely on locations on the file systems that are usual for
// tests, and not where they must not.
func TestLocations(t *testing.T) {
	dir, name := open(t)
	if !dir.isLocal() {
		t.Skip("not a local file system")
	}
	if _, err := os.Stat(descriptorLinks); err != nil {
		t.Skip(err)
	}
	write(t, filepath.Join(name, "a/b/c/old"), "x")
	cache := NewCache(dir)
	defer cache.Close()
	name, err := filepath.EvalSymlinks(name)
	if err != nil {
		t.Fatal(err)
	}
	if p := positions(t, cache)["location"]; p.location != filepath.Join(name, "a/b/c") {
		t.Errorf("the location is %q, want %q", p.location, filepath.Join(name, "a/b/c"))
	}
	if at := cache.locations.of("a/b/c", directoryID{device: 1 << 40}); at != "" {
		t.Errorf("a directory of another file system is at %q", at)
	}
	proc, err := Open("/proc")
	if err != nil {
		t.Fatal(err)
	}
	defer proc.Close()
	others := newLocations(proc)
	defer others.close()
	id, _ := proc.locate(".")
	if at := others.of("self", id); at != "" || others.links != nil {
		t.Errorf("a directory of a file system that is not known is at %q", at)
	}
}
