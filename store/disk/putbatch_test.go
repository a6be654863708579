package disk

import (
	"context"
	"errors"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/rootfs"
)

// items returns items of a batch, each with its path as content.
func items(paths ...string) []tranship.PutItem {
	var all []tranship.PutItem
	for _, path := range paths {
		all = append(all, tranship.PutItem{Spec: tranship.Spec{Path: path, Durability: tranship.DurabilityWritten}, Data: []byte(path)})
	}
	return all
}

// between returns a system that calls do once, just before it renames a file to the name.
func between(name string, do func()) system {
	real := unsynced()
	system := real
	done := false
	system.rename = func(from *rootfs.Dir, old string, to *rootfs.Dir, newName string, replace bool) error {
		if newName == name && !done {
			done = true
			do()
		}
		return real.rename(from, old, to, newName, replace)
	}
	return system
}

// following returns a system that calls do once, while it writes the file after the one with the name.
func following(name string, do func()) system {
	real := unsynced()
	system := real
	renamed, done := "", false
	system.rename = func(from *rootfs.Dir, old string, to *rootfs.Dir, newName string, replace bool) error {
		renamed = newName
		return real.rename(from, old, to, newName, replace)
	}
	system.setxattr = func(file rootfs.File, attribute string, value []byte) error {
		if renamed == name && !done {
			done = true
			do()
		}
		return real.setxattr(file, attribute, value)
	}
	return system
}

// TestPutBatch puts files into several directories, over others, and some that fail.
func TestPutBatch(t *testing.T) {
	f := newFixture(t, small, realSystem())
	f.put("a/old", "old")
	f.put("a/dir/file", "content")
	batch := items("a/1", "a/old", "a/2", "../out", "a/dir", "a/2/below", "b/c/1", "b/c/2", "top", "a/kept", "a/3")
	batch = append(batch, items("a/old")...)
	batch[len(batch)-1].Spec.Precondition.MustNotExist = true
	batch[1].Spec.Path = "a/./x" // invalid
	results := f.PutBatch(t.Context(), batch)
	for i, result := range results {
		path := batch[i].Spec.Path
		switch i {
		case 1, 3:
			if !errors.Is(result.Err, tranship.ErrInvalid) {
				t.Errorf("%s: %v", path, result.Err)
			}
		case 4, 5, 11:
			f.fails(path, result.Err, tranship.ErrExists)
		default:
			if result.Err != nil {
				t.Fatalf("%s: %v", path, result.Err)
			}
			if content, err := f.read(path); err != nil || content != path {
				t.Errorf("%s is %q, %v", path, content, err)
			}
			found := f.stat(path)
			if found.Version != result.File.Version || found.Mode != result.File.Mode || !found.ModTime.Equal(result.File.ModTime) || *found.CRC32C != *result.File.CRC32C {
				t.Errorf("%s is %+v, want %+v", path, found, result.File)
			}
		}
	}
	for _, result := range f.PutBatch(t.Context(), items("a/1", "a/2", "a/3", "a/4", "a/5")) {
		if result.Err != nil {
			t.Error(result.Err)
		}
	}
	if left := f.names(".tranship/tmp"); len(left) > 0 {
		t.Errorf("left are %q", left)
	}
}

// A batch that is cancelled between two files puts no more.
func TestPutBatchCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	f := newFixture(t, small, between("2", cancel))
	results := f.PutBatch(ctx, items("a/1", "a/2", "a/3", "a/4"))
	for i, result := range results {
		if want := i > 1; errors.Is(result.Err, context.Canceled) != want {
			t.Errorf("item %d: %v", i, result.Err)
		}
	}
	f.lists("a/1", "a/2")
	if left := f.names(".tranship/tmp"); len(left) > 0 {
		t.Errorf("left are %q", left)
	}
}

// TestPutBatchesOfSamePaths puts the same files in opposite orders.
func TestPutBatchesOfSamePaths(t *testing.T) {
	f := newFixture(t, small, unsynced())
	f.put("a/0", "")
	done := make(chan []tranship.PutResult)
	for _, batch := range [][]tranship.PutItem{items("a/1", "a/2", "a/3"), items("a/3", "a/2", "a/1")} {
		go func() {
			for range 50 {
				done <- f.PutBatch(t.Context(), batch)
			}
		}()
	}
	for range 100 {
		for _, result := range <-done {
			if result.Err != nil {
				t.Error(result.Err)
			}
		}
	}
}

// A put that panics leaves no file, and locks no path.
func TestPutBatchPanics(t *testing.T) {
	system := unsynced()
	real, broken := system.rename, true
	system.rename = func(from *rootfs.Dir, old string, to *rootfs.Dir, newName string, replace bool) error {
		if broken && newName == "2" {
			panic("broken")
		}
		return real(from, old, to, newName, replace)
	}
	f := newFixture(t, small, system)
	func() {
		defer func() {
			if recover() == nil {
				t.Error("PutBatch does not panic")
			}
		}()
		f.PutBatch(t.Context(), items("a/0", "a/1", "a/2"))
	}()
	if left := f.names(".tranship/tmp"); len(left) > 0 {
		t.Errorf("left are %q", left)
	}
	broken = false
	for _, path := range []string{"a/0", "a/1", "a/2"} {
		f.put(path, path)
	}
}
