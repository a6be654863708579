package mem_test

import (
	"slices"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/store/mem"
	"github.com/tranship/tranship/store/storetest"
)

func TestStore(t *testing.T) {
	for name, partSize := range map[string]int64{
		"default parts": 0,
		"small parts":   1000,
		"odd parts":     12345,
	} {
		t.Run(name, func(t *testing.T) {
			storetest.Test(t, func(*testing.T) tranship.Store { return &mem.Store{PartSize: partSize} })
		})
	}
}

// TestDurable cannot open a store in memory again, because it ends with its process. It uses
// the same store instead, which must have everything as well.
func TestDurable(t *testing.T) {
	storetest.TestDurable(t, func(*testing.T) (tranship.Store, func() tranship.Store) {
		store := new(mem.Store)
		return store, func() tranship.Store { return store }
	})
}

func TestOwners(t *testing.T) {
	storetest.TestOwners(t, func(*testing.T) tranship.Store { return new(mem.Store) })
}

func TestAccounts(t *testing.T) {
	storetest.TestAccounts(t, func(*testing.T) (tranship.Store, func() tranship.Store) {
		store := new(mem.Store)
		return store, func() tranship.Store { return store }
	})
}

func FuzzUploads(f *testing.F) {
	storetest.FuzzUploads(f, func(*testing.T) tranship.Store { return &mem.Store{PartSize: 1000} })
}

func TestRangeReader(t *testing.T) {
	storetest.TestRangeReader(t, func(*testing.T) tranship.Store { return new(mem.Store) })
}

func TestTreeRemover(t *testing.T) {
	storetest.TestTreeRemover(t, func(*testing.T) tranship.Store { return new(mem.Store) })
}

func TestTailKeeper(t *testing.T) {
	storetest.TestTailKeeper(t, func(*testing.T) tranship.Store { return &mem.Store{PartSize: 1000} })
}

func TestBatchPutter(t *testing.T) {
	storetest.TestBatchPutter(t, func(*testing.T) tranship.Store { return new(mem.Store) })
}

func TestBatchFetcher(t *testing.T) {
	storetest.TestBatchFetcher(t, func(*testing.T) tranship.Store { return new(mem.Store) })
}

// shared returns one store as n instances: several servers in one process share it.
func shared(_ *testing.T, n int) []tranship.Store {
	return slices.Repeat([]tranship.Store{&mem.Store{PartSize: 1000}}, n)
}

func TestShared(t *testing.T) { storetest.TestShared(t, shared) }

func TestUploadJoiner(t *testing.T) { storetest.TestUploadJoiner(t, shared) }

// TestStateStore uses one store for all instances: several servers in one process share it.
func TestStateStore(t *testing.T) {
	storetest.TestStateStore(t, func(_ *testing.T, n int) []tranship.StateStore {
		return slices.Repeat([]tranship.StateStore{new(mem.Store)}, n)
	})
}
