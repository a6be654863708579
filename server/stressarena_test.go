package server_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"path"
	"sync"
	"testing"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/testing/faultproxy"
	"github.com/tranship/tranship/internal/testing/storeserver"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/disk"
	"github.com/tranship/tranship/store/mem"
	"github.com/tranship/tranship/transfer"
)

// arena is what the clients of a round share.
type arena struct {
	*testing.T
	// source has what clients upload. The name of a file decides its content.
	source   *mem.Store
	contents map[string][]byte
	store    *disk.Store
	proxy    *faultproxy.Proxy

	mu sync.Mutex
	// stored are the paths of which a client was told that they are stored.
	stored []string
}

const (
	stressClients = 8
	stressSteps   = 4
	stressSmall   = 40
	stressLarge   = 3
)

func stressRound(t *testing.T, seed uint64) {
	random := rand.New(rand.NewPCG(seed, 0))
	a := &arena{T: t, source: &mem.Store{}, contents: map[string][]byte{}}
	for n := range stressSmall + stressLarge {
		name, size := fmt.Sprint("small", n), random.IntN(8<<10)
		if n >= stressSmall {
			name, size = fmt.Sprint("large", n), 1<<20+random.IntN(4<<20)
		}
		content := make([]byte, size)
		_, _ = rand.NewChaCha8([32]byte{byte(n), byte(seed)}).Read(content)
		if _, err := transfer.UploadFrom(t.Context(), a.source, bytes.NewReader(content), tranship.Spec{Path: name}); err != nil {
			t.Fatal(err)
		}
		a.contents[name] = content
	}
	var err error
	if a.store, err = disk.Open(t.TempDir(), disk.Options{Durability: tranship.DurabilityWritten, MinPartSize: 1 << 20}); err != nil {
		t.Fatal(err)
	}
	first := a.start()
	if a.proxy, err = faultproxy.Listen(first.address, randomLinks(rand.New(rand.NewPCG(seed, 1)))); err != nil {
		t.Fatal(err)
	}
	var clients sync.WaitGroup
	for n := range stressClients {
		worker := &stressWorker{arena: a, name: fmt.Sprint("client", n), random: rand.New(rand.NewPCG(seed, uint64(n+2)))}
		clients.Go(worker.run)
	}
	ended := make(chan struct{})
	last := make(chan *restartable, 1)
	go func() { last <- a.restart(first, rand.New(rand.NewPCG(seed, 100)), ended) }()
	clients.Wait()
	close(ended)
	current := <-last
	a.checkCalm()
	current.end(random.IntN(2) == 0)
	if err := errors.Join(a.proxy.Close(), a.checkStored(), a.store.Close()); err != nil {
		t.Error(err)
	}
	t.Logf("%d files were stored over %d connections", len(a.stored), a.proxy.Connections())
}

// restartable is a server that runs.
type restartable struct {
	arena   *arena
	server  *server.Server
	address string
	stop    context.CancelFunc
	served  chan error
}

// start starts a server of the store.
func (a *arena) start() *restartable {
	listener := listen(a.T)
	r := &restartable{
		arena: a, address: listener.Addr().String(), served: make(chan error, 1),
		server: storeserver.New(a, a.store, server.Config{DrainTimeout: 300 * time.Millisecond}),
	}
	ctx, cancel := context.WithCancel(context.Background())
	r.stop = cancel
	go func() { r.served <- r.server.Serve(ctx, listener) }()
	return r
}

// end drains the server, or stops it, and checks that it has no memory in use.
func (r *restartable) end(drain bool) {
	defer r.stop()
	if drain {
		r.stop()
	} else {
		r.server.Stop()
	}
	if err := <-r.served; err != nil && !errors.Is(err, server.ErrStopped) && !errors.Is(err, server.ErrDrainTimeout) {
		r.arena.Errorf("the server ended with %v", err)
	}
	if !r.server.Memory().Idle() {
		r.arena.Error("a server that has ended has memory in use")
	}
}

// restart replaces the server now and then, until the clients have ended, and returns the last.
func (a *arena) restart(current *restartable, random *rand.Rand, ended <-chan struct{}) *restartable {
	ctx, cancel := context.WithCancel(a.Context())
	defer cancel()
	go func() {
		<-ended
		cancel()
	}()
	for passed := int64(0); ; {
		passed += 1<<20 + random.Int64N(8<<20)
		if a.proxy.Await(ctx, faultproxy.Up, passed) != nil {
			return current
		}
		next := a.start()
		a.proxy.SetServer(next.address)
		if random.IntN(4) == 0 {
			a.proxy.Cut()
		}
		current.end(random.IntN(3) > 0)
		current = next
	}
}

// checkStored checks the content of all files that were stored, and of those that are in the
// store although no client was told.
func (a *arena) checkStored() error {
	found := map[string]bool{}
	for entry, err := range a.store.List(a.Context(), tranship.ListOptions{Recursive: true}) {
		if err != nil {
			return err
		}
		if entry.File.Path == "" {
			continue
		}
		found[entry.File.Path] = true
		content, err := a.store.Open(a.Context(), entry.File.Path, tranship.OpenOptions{})
		if err != nil {
			return err
		}
		got, err := io.ReadAll(content)
		if err := errors.Join(err, content.Close()); err != nil {
			return err
		}
		if !bytes.Equal(got, a.contents[path.Base(entry.File.Path)]) {
			a.Errorf("%s has wrong content, of %d bytes", entry.File.Path, len(got))
		}
	}
	for _, name := range a.stored {
		if !found[name] {
			a.Errorf("%s was stored, and is missing", name)
		}
	}
	return nil
}
