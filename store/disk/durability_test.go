package disk

import (
	"sync/atomic"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/rootfs"
)

func TestDurability(t *testing.T) {
	for name, test := range map[string]struct {
		options Options
		spec    tranship.Durability
		want    bool
	}{
		"by default":         {Options{}, tranship.DurabilityDefault, true},
		"written":            {Options{}, tranship.DurabilityWritten, false},
		"default is written": {Options{Durability: tranship.DurabilityWritten}, tranship.DurabilityDefault, false},
		"asked for":          {Options{Durability: tranship.DurabilityWritten}, tranship.DurabilityDurable, true},
		"minimum":            {Options{MinDurability: tranship.DurabilityDurable}, tranship.DurabilityWritten, true},
		"minimum of written": {Options{MinDurability: tranship.DurabilityWritten}, tranship.DurabilityWritten, false},
	} {
		t.Run(name, func(t *testing.T) {
			real := realSystem()
			system := real
			var syncs, directories atomic.Int64
			system.sync = func(file rootfs.File) error { syncs.Add(1); return real.sync(file) }
			system.syncDir = func(dir *rootfs.Dir) error { directories.Add(1); return real.syncDir(dir) }
			f := newFixture(t, test.options, system)
			put := func(path string, wantDirectories int64) {
				syncs.Store(0)
				directories.Store(0)
				if _, err := f.Put(t.Context(), tranship.Spec{Path: path, Durability: test.spec}, nil); err != nil {
					t.Fatal(err)
				}
				if !test.want {
					wantDirectories = 0
				}
				if got := syncs.Load() == 1; got != test.want {
					t.Errorf("%s: synced the file %d times", path, syncs.Load())
				}
				if got := directories.Load(); got != wantDirectories {
					t.Errorf("%s: synced %d directories, want %d", path, got, wantDirectories)
				}
			}
			put("top", 1)
			put("a/b/first", 3)
			put("a/b/second", 1)
			put("a/c/third", 2)
			if err := f.Remove(t.Context(), "a/c/third", tranship.Precondition{}); err != nil {
				t.Fatal(err)
			}
			put("a/c/third", 2) // in a new directory
		})
	}
}

func TestDirectoryMadeByOthersIsSynced(t *testing.T) {
	real := realSystem()
	system := real
	var directories atomic.Int64
	system.syncDir = func(dir *rootfs.Dir) error { directories.Add(1); return real.syncDir(dir) }
	f := newFixture(t, Options{}, system)
	directories.Store(0) // opening the store syncs that of its state
	if _, err := f.Put(t.Context(), tranship.Spec{Path: "a/b/written", Durability: tranship.DurabilityWritten}, nil); err != nil {
		t.Fatal(err)
	}
	if n := directories.Load(); n != 0 {
		t.Fatalf("synced %d directories", n)
	}
	f.put("a/b/durable", "")
	if n := directories.Load(); n != 3 {
		t.Errorf("synced %d directories, want the root, a and a/b", n)
	}
}
