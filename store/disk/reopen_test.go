package disk

import (
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/store/storetest"
)

func TestDurable(t *testing.T) {
	t.Parallel()
	storetest.TestDurable(t, func(t *testing.T) (tranship.Store, func() tranship.Store) {
		f := newFixture(t, small, realSystem())
		return f.Store, func() tranship.Store {
			f = f.reopen()
			return f.Store
		}
	})
}

func TestOwners(t *testing.T) {
	storetest.TestOwners(t, func(t *testing.T) tranship.Store {
		return newFixture(t, small, unsynced()).Store
	})
}

func FuzzUploads(f *testing.F) {
	storetest.FuzzUploads(f, func(t *testing.T) tranship.Store {
		tiny := newFixture(t, small, unsynced()).withTinyParts()
		tiny.options.unknownPartSize = tiny.options.MinPartSize
		return tiny.Store
	})
}

func TestAccounts(t *testing.T) {
	t.Parallel()
	storetest.TestAccounts(t, func(t *testing.T) (tranship.Store, func() tranship.Store) {
		f := newFixture(t, small, realSystem())
		return f.Store, func() tranship.Store {
			f = f.reopen()
			return f.Store
		}
	})
}

func TestZeros(t *testing.T) {
	storetest.TestZeros(t, func(t *testing.T) tranship.Store { return newFixture(t, small, realSystem()).Store }, true, true)
}

func TestRangeReader(t *testing.T) {
	storetest.TestRangeReader(t, func(t *testing.T) tranship.Store { return newFixture(t, small, realSystem()).Store })
}

func TestTailKeeper(t *testing.T) {
	t.Parallel()
	storetest.TestTailKeeper(t, func(t *testing.T) tranship.Store { return newFixture(t, small, realSystem()).Store })
}

func TestTreeRemover(t *testing.T) {
	storetest.TestTreeRemover(t, func(t *testing.T) tranship.Store { return newFixture(t, small, realSystem()).Store })
}

func TestHealthChecker(t *testing.T) {
	storetest.TestHealthChecker(t, func(t *testing.T) tranship.Store { return newFixture(t, small, unsynced()).Store })
}
