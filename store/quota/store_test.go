package quota_test

import (
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/store/disk"
	"github.com/tranship/tranship/store/mem"
	"github.com/tranship/tranship/store/quota"
	"github.com/tranship/tranship/store/storetest"
)

// large are limits that no test reaches.
var large = quota.Options{FileBytes: 1 << 40, Bytes: 1 << 50, Files: 1 << 40, Uploads: 1 << 30}

func limited(t *testing.T, store tranship.Store, options quota.Options) *quota.Store {
	t.Helper()
	limited, err := quota.New(t.Context(), store, options)
	if err != nil {
		t.Fatal(err)
	}
	return limited
}

func openDisk(t *testing.T, directory string) *disk.Store {
	t.Helper()
	store, err := disk.Open(directory, disk.Options{Durability: tranship.DurabilityWritten, MinPartSize: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return store
}

func TestStore(t *testing.T) {
	for name, options := range map[string]quota.Options{"no limits": {}, "large limits": large} {
		t.Run(name+"/mem", func(t *testing.T) {
			storetest.Test(t, func(t *testing.T) tranship.Store { return limited(t, &mem.Store{PartSize: 1000}, options) })
		})
	}
	t.Run("large limits/disk", func(t *testing.T) {
		storetest.Test(t, func(t *testing.T) tranship.Store { return limited(t, openDisk(t, t.TempDir()), large) })
	})
}

func TestOwners(t *testing.T) {
	storetest.TestOwners(t, func(t *testing.T) tranship.Store { return limited(t, new(mem.Store), large) })
}

func TestDurable(t *testing.T) {
	storetest.TestDurable(t, func(t *testing.T) (tranship.Store, func() tranship.Store) {
		directory := t.TempDir()
		store := openDisk(t, directory)
		return limited(t, store, large), func() tranship.Store {
			if err := store.Close(); err != nil {
				t.Fatal(err)
			}
			store = openDisk(t, directory)
			return limited(t, store, large)
		}
	})
}

// FuzzUploads runs random operations on a store with limits that no operation reaches.
func FuzzUploads(f *testing.F) {
	storetest.FuzzUploads(f, func(t *testing.T) tranship.Store { return limited(t, &mem.Store{PartSize: 1000}, large) })
}

func TestRangeReader(t *testing.T) {
	storetest.TestRangeReader(t, func(t *testing.T) tranship.Store { return limited(t, new(mem.Store), large) })
}
