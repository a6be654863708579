package rootfs

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
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

// TestPositionLink checks that a position which is asked often opens the link to its directory, reads
// the location through it, and closes it.
func TestPositionLink(t *testing.T) {
	dir, name := open(t)
	write(t, filepath.Join(name, "a/b/c/old"), "x")
	cache := NewCache(dir)
	defer cache.Close()
	p := positions(t, cache)["location"]
	if p.location == "" {
		t.Skip("not a local file system")
	}
	for n, want := range []bool{false, true, true} {
		if !p.Holds() || (p.link != nil) != want {
			t.Errorf("after check %d the link is %v", n+1, p.link)
		}
	}
	number := p.link.number
	target, err := os.Readlink(filepath.Join(descriptorLinks, strconv.Itoa(number)))
	if want := "/fd/"; err != nil || !strings.Contains(target, want) {
		t.Errorf("the link is %q, %v; want one that contains %q", target, err, want)
	}
	if err := p.Close(); err != nil || p.link != nil {
		t.Errorf("after Close: %v, %v", p.link, err)
	}
}

// TestPositionLinkUnreadable checks that a position reads the location by the name of the link if the
// system cannot read the link through its descriptor.
func TestPositionLinkUnreadable(t *testing.T) {
	dir, name := open(t)
	write(t, filepath.Join(name, "a/b/c/old"), "x")
	cache := NewCache(dir)
	defer cache.Close()
	p := positions(t, cache)["location"]
	if p.location == "" {
		t.Skip("not a local file system")
	}
	for range 2 {
		if !p.Holds() {
			t.Fatal("it does not hold before")
		}
	}
	number, err := unix.Open(name, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.link.Close(); err != nil {
		t.Fatal(err)
	}
	p.link = &Descriptor{number, name} // which is no link
	for range 2 {
		if !p.Holds() || p.link != nil {
			t.Errorf("Holds is false, or keeps the link %v", p.link)
		}
	}
	if _, err := unix.FcntlInt(uintptr(number), unix.F_GETFD, 0); err == nil {
		t.Error("the link is still open")
	}
	if err := os.Rename(filepath.Join(name, "a"), filepath.Join(name, "z")); err != nil {
		t.Fatal(err)
	}
	if p.Holds() {
		t.Error("it holds after the directory was moved")
	}
}
