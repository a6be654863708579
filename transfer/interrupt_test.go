package transfer

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client"
	"github.com/tranship/tranship/internal/testing/storeserver"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/mem"
)

// moment is when a server is at work for a copy: in the n-th call of a method, from 1.
type moment struct {
	method string
	n      int
}

// gated is a store in which one moment lasts until release is closed.
type gated struct {
	tranship.Store
	stop             moment
	reached, release chan struct{}

	mu    sync.Mutex
	calls map[string]int
}

func newGated(store tranship.Store, stop moment) *gated {
	return &gated{Store: store, stop: stop, reached: make(chan struct{}), release: make(chan struct{}), calls: map[string]int{}}
}

func (g *gated) pass(method string) {
	g.mu.Lock()
	g.calls[method]++
	now := moment{method, g.calls[method]}
	g.mu.Unlock()
	if now == g.stop {
		close(g.reached)
		<-g.release
	}
}

// Begin implements tranship.Writer. Its moment is after the upload has begun, before the client
// gets the answer.
func (g *gated) Begin(ctx context.Context, spec tranship.Spec) (tranship.Upload, error) {
	upload, err := g.Store.Begin(ctx, spec)
	if err != nil {
		return nil, err
	}
	g.pass("Begin")
	return &gatedUpload{upload, g}, nil
}

type gatedUpload struct {
	tranship.Upload
	store *gated
}

// Part implements tranship.Upload.
func (u *gatedUpload) Part(ctx context.Context, n int) (tranship.PartWriter, error) {
	u.store.pass("Part")
	return u.Upload.Part(ctx, n)
}

// Commit implements tranship.Upload.
func (u *gatedUpload) Commit(ctx context.Context, commit tranship.Commit) (tranship.File, error) {
	u.store.pass("Commit")
	return u.Upload.Commit(ctx, commit)
}

// Abort implements tranship.Upload.
func (u *gatedUpload) Abort(ctx context.Context) error {
	u.store.pass("Abort")
	return u.Upload.Abort(ctx)
}

// TestNoResumeInterrupted interrupts a copy without resume, or breaks its connection, at
// every moment of the server. Nothing is left there, also of an earlier copy that could be
// resumed.
func TestNoResumeInterrupted(t *testing.T) {
	name, _ := largeFile(t)
	for _, stop := range []moment{{"Begin", 1}, {"Abort", 1}, {"Begin", 2}, {"Part", 1}, {"Part", 7}, {"Commit", 1}} {
		for _, kept := range []bool{false, true} {
			for _, broken := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s %d, kept %v, broken %v", stop.method, stop.n, kept, broken), func(t *testing.T) {
					t.Parallel()
					store := &cutting{Store: &mem.Store{PartSize: partBytes}, after: -1}
					if kept {
						interrupted(t, store, name)
						store.after = -1
					}
					interruptAt(t, newGated(store, stop), name, broken)
					if n := uploads(t, store); n != 0 {
						t.Errorf("%d uploads are left", n)
					}
				})
			}
		}
	}
}

// interruptAt copies a file without resume to a server of a store until the moment of the
// store, and ends the copy, its connection and the server.
func interruptAt(t *testing.T, store *gated, name string, broken bool) {
	t.Helper()
	service := storeserver.New(t, store, server.Config{DrainTimeout: time.Minute})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	serving, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- service.Serve(serving, listener) }()
	connected, err := client.Dial(t.Context(), listener.Addr().String(), client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	copied := make(chan error, 1)
	go func() { copied <- Copy(ctx, connected, localItem(t, name), Options{NoResume: true, Attempts: 1}) }()
	<-store.reached
	cancel()
	if broken {
		_ = connected.Close()
	}
	// A copy that is only interrupted waits for the server to remove what it has begun.
	waits := !broken && (store.stop.method == "Abort" || store.stop.method == "Part")
	if waits {
		close(store.release)
	}
	if err := <-copied; !errors.Is(err, context.Canceled) {
		t.Errorf("the copy ended with %v", err)
	}
	_ = connected.Close()
	if !waits {
		close(store.release)
	}
	stop()
	if err := <-served; err != nil {
		t.Errorf("the server ended with %v", err)
	}
}
