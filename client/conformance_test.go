package client_test

import (
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client"
	"github.com/tranship/tranship/internal/testing/storeserver"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/disk"
	"github.com/tranship/tranship/store/mem"
	"github.com/tranship/tranship/store/storetest"
)

// TestStore runs the suite of all stores on a client whose server serves the reference
// store, with small parts. TestStoreOnDisk has large parts.
func TestStore(t *testing.T) {
	storetest.Test(t, func(t *testing.T) tranship.Store {
		return connect(t, &mem.Store{PartSize: 50_000}, client.Options{})
	})
}

// TestStoreOnDisk runs the suite on a client, a server and a directory, over several
// connections.
func TestStoreOnDisk(t *testing.T) {
	storetest.Test(t, func(t *testing.T) tranship.Store {
		store, err := disk.Open(t.TempDir(), disk.Options{MinPartSize: 1 << 20, Durability: tranship.DurabilityWritten})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := store.Close(); err != nil {
				t.Error(err)
			}
		})
		return connect(t, store, client.Options{Connections: 3})
	})
}

// connect serves a store and returns a client of it.
func connect(t testing.TB, store tranship.Store, options client.Options) *client.Client {
	t.Helper()
	address := storeserver.Mount(t, store, server.Config{}, server.GRPCOptions(server.Config{})...)
	connected, err := client.Dial(t.Context(), address, options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { connected.Close() })
	return connected
}

// FuzzUploads sends sequences of upload messages to a server, and compares the results with
// a model.
func FuzzUploads(f *testing.F) {
	storetest.FuzzUploads(f, func(t *testing.T) tranship.Store {
		return connect(t, &mem.Store{PartSize: 1000}, client.Options{})
	})
}

// TestZeros writes and reads runs of zeros on a server with all decorators.
func TestZeros(t *testing.T) {
	storetest.TestZeros(t, func(t *testing.T) tranship.Store {
		return connect(t, &mem.Store{PartSize: 50_000}, client.Options{})
	}, true, true)
}

// TestRangeReader reads ranges from a server with all decorators.
func TestRangeReader(t *testing.T) {
	storetest.TestRangeReader(t, func(t *testing.T) tranship.Store {
		return connect(t, &mem.Store{PartSize: 50_000}, client.Options{})
	})
}

// TestShared runs the suite of shared stores on two clients of one server.
func TestShared(t *testing.T) {
	storetest.TestShared(t, func(t *testing.T, n int) []tranship.Store {
		address := storeserver.Mount(t, &mem.Store{PartSize: 50_000}, server.Config{}, server.GRPCOptions(server.Config{})...)
		var all []tranship.Store
		for range n {
			connected, err := client.Dial(t.Context(), address, client.Options{})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { connected.Close() })
			all = append(all, connected)
		}
		return all
	})
}

// TestAbilities checks the optional interfaces of a client that make transfers fast.
func TestAbilities(t *testing.T) {
	open := func(t *testing.T) tranship.Store { return connect(t, &mem.Store{PartSize: 50_000}, client.Options{}) }
	t.Run("Fetcher", func(t *testing.T) { storetest.TestFetcher(t, open) })
	t.Run("Chunks", func(t *testing.T) { storetest.TestChunks(t, open, true, true) })
	t.Run("PartRunner", func(t *testing.T) { storetest.TestPartRunner(t, open) })
}

// TestTreeRemover removes directories in one call of a server with all decorators.
func TestTreeRemover(t *testing.T) {
	storetest.TestTreeRemover(t, func(t *testing.T) tranship.Store {
		return connect(t, new(mem.Store), client.Options{})
	})
}
