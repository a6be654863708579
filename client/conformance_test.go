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

// overTransports runs a test over each transport.
func overTransports(t *testing.T, test func(t *testing.T, options client.Options)) {
	for _, transport := range []client.Transport{client.TransportGRPC, client.TransportLanes} {
		t.Run(transport.String(), func(t *testing.T) { test(t, client.Options{Transport: transport}) })
	}
}

// TestStore runs the suite of all stores on a client whose server serves the reference
// store, with small parts. TestStoreOnDisk has large parts.
func TestStore(t *testing.T) {
	overTransports(t, func(t *testing.T, options client.Options) {
		storetest.Test(t, func(t *testing.T) tranship.Store {
			return connect(t, &mem.Store{PartSize: 50_000}, options)
		})
	})
}

// TestStoreOnDisk runs the suite on a client, a server and a directory, over several
// connections.
func TestStoreOnDisk(t *testing.T) {
	overTransports(t, testStoreOnDisk)
}

func testStoreOnDisk(t *testing.T, options client.Options) {
	options.Connections = 3
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
		return connect(t, store, options)
	})
}

// connect serves a store and returns a client of it. The server has lanes if options require
// them.
func connect(t testing.TB, store tranship.Store, options client.Options) *client.Client {
	t.Helper()
	address := serve(t, store, options.Transport)
	connected, err := client.Dial(t.Context(), address, options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { connected.Close() })
	return connected
}

// serve serves a store, with lanes for TransportLanes.
func serve(t testing.TB, store tranship.Store, transport client.Transport) (address string) {
	t.Helper()
	if transport == client.TransportLanes {
		return storeserver.Serve(t, store, server.Config{})
	}
	return storeserver.Mount(t, store, server.Config{}, server.GRPCOptions(server.Config{})...)
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
	overTransports(t, func(t *testing.T, options client.Options) {
		storetest.TestZeros(t, func(t *testing.T) tranship.Store {
			return connect(t, &mem.Store{PartSize: 50_000}, options)
		}, true, true)
	})
}

// TestRangeReader reads ranges from a server with all decorators.
func TestRangeReader(t *testing.T) {
	overTransports(t, func(t *testing.T, options client.Options) {
		storetest.TestRangeReader(t, func(t *testing.T) tranship.Store {
			return connect(t, &mem.Store{PartSize: 50_000}, options)
		})
	})
}

// TestShared runs the suite of shared stores on two clients of one server.
func TestShared(t *testing.T) {
	overTransports(t, func(t *testing.T, options client.Options) {
		storetest.TestShared(t, func(t *testing.T, n int) []tranship.Store {
			address := serve(t, &mem.Store{PartSize: 50_000}, options.Transport)
			var all []tranship.Store
			for range n {
				connected, err := client.Dial(t.Context(), address, options)
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { connected.Close() })
				all = append(all, connected)
			}
			return all
		})
	})
}

// TestAbilities checks the optional interfaces of a client that make transfers fast.
func TestAbilities(t *testing.T) {
	overTransports(t, func(t *testing.T, options client.Options) {
		open := func(t *testing.T) tranship.Store { return connect(t, &mem.Store{PartSize: 50_000}, options) }
		t.Run("Fetcher", func(t *testing.T) { storetest.TestFetcher(t, open) })
		t.Run("BatchPutter", func(t *testing.T) { storetest.TestBatchPutter(t, open) })
		t.Run("BatchFetcher", func(t *testing.T) { storetest.TestBatchFetcher(t, open) })
		t.Run("Chunks", func(t *testing.T) { storetest.TestChunks(t, open, true, true) })
		t.Run("PartRunner", func(t *testing.T) { storetest.TestPartRunner(t, open) })
	})
}

// TestTreeRemover removes directories in one call of a server with all decorators.
func TestTreeRemover(t *testing.T) {
	storetest.TestTreeRemover(t, func(t *testing.T) tranship.Store {
		return connect(t, new(mem.Store), client.Options{})
	})
}
