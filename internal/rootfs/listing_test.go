package rootfs

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// TestListings changes a directory, whose names are cached, behind the guard's back.
func TestListings(t *testing.T) {
	dir, name := guarded(t, openFolded)
	at := func(path string) string { return filepath.Join(name, path) }
	write(t, at("file"), "x")
	// age sets the directory's modified time to one in the past.
	stamp := time.Now().Add(-time.Hour)
	age := func() {
		t.Helper()
		stamp = stamp.Add(time.Second)
		if err := os.Chtimes(name, stamp, stamp); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := dir.Lstat("file"); err != nil || len(dir.guard.listings.kept) != 0 {
		t.Errorf("of a directory that was changed just now: %v, %d listings are kept", err, len(dir.guard.listings.kept))
	}
	age()
	for range 2 {
		if _, err := dir.Lstat("file"); err != nil || len(dir.guard.listings.kept) != 1 {
			t.Errorf("%v, %d listings are kept", err, len(dir.guard.listings.kept))
		}
	}
	info, err := dir.Stat()
	if err != nil {
		t.Fatal(err)
	}
	known := &dir.guard.listings
	for what, test := range map[string]struct {
		at   time.Time
		name string
		want bool
	}{
		"at once":     {time.Now(), "file", true},
		"not there":   {time.Now(), "FILE", false},
		"much later":  {time.Now().Add(time.Minute), "file", false},
		"much sooner": {time.Now().Add(-time.Minute), "file", false},
	} {
		if got := known.has(info, test.at, test.name); got != test.want {
			t.Errorf("%s it is known: %t", what, got)
		}
	}
	for _, aged := range []bool{true, false} {
		if err := os.Rename(at("file"), at("FILE")); err != nil {
			t.Fatal(err)
		}
		if aged {
			age()
		}
		_, err := dir.Lstat("file")
		if _, ok := errors.AsType[*SpellingError](err); !ok {
			t.Errorf("after it was renamed: %v", err)
		}
		if _, err := dir.Lstat("FILE"); err != nil {
			t.Errorf("after it was renamed: %v", err)
		}
		if err := os.Rename(at("FILE"), at("file")); err != nil {
			t.Fatal(err)
		}
		age()
		if _, err := dir.Lstat("file"); err != nil {
			t.Errorf("after it was renamed back: %v", err)
		}
	}
	if err := os.Remove(at("file")); err != nil {
		t.Fatal(err)
	}
	if err := dir.CheckSpelling("file"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("after it was removed: %v", err)
	}
}

// TestListingsAreBounded uses more directories than are kept, and a large one.
func TestListingsAreBounded(t *testing.T) {
	dir, name := guarded(t, openFolded)
	past := time.Now().Add(-time.Hour)
	look := func(directory, file string) {
		t.Helper()
		if err := os.Chtimes(filepath.Join(name, directory), past, past); err != nil {
			t.Fatal(err)
		}
		sub, err := dir.Sub(directory)
		if err != nil {
			t.Fatal(err)
		}
		defer sub.Close()
		if _, err := sub.Lstat(file); err != nil {
			t.Error(err)
		}
	}
	for n := range 2 * maxListings {
		directory := fmt.Sprint("d", n)
		write(t, filepath.Join(name, directory, "file"), "x")
		look(directory, "file")
	}
	if n := len(dir.guard.listings.kept); n != maxListings {
		t.Errorf("%d listings are kept", n)
	}
	l := newListing(dir.guard.listings.kept[0].info, time.Now())
	for n := range maxListed {
		if !l.add([]string{strconv.Itoa(n)}) {
			t.Fatalf("a listing of %d names is not kept", n+1)
		}
	}
	if l.add([]string{"one more"}) {
		t.Errorf("a listing of %d names is kept", len(l.names))
	}
}
