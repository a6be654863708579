package running_test

import (
	"context"
	"errors"
	"net"
	"sync"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/server/internal/running"
)

func TestRegistry(t *testing.T) {
	r := running.NewRegistry()
	ctx := access.NewContext(t.Context(), access.Principal{Name: "ann", Source: "token"})
	ctx = access.NewPeerContext(ctx, &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 4711})
	first, up := r.Begin(ctx, running.Subject{Direction: running.Upload, Path: "a", Moved: func() int64 { return 5 }})
	_, down := r.Begin(t.Context(), running.Subject{Direction: running.Download, Path: "b", Size: new(int64(9))})
	down.Add(2)
	down.Add(1)
	all := r.Transfers()
	if len(all) != 2 || all[0] != up || all[1] != down || up.ID == down.ID {
		t.Fatalf("%+v", all)
	}
	if up.Principal.Name != "ann" || up.Peer != "192.0.2.1:4711" || up.Bytes() != 5 || down.Bytes() != 3 || down.Peer != "" {
		t.Errorf("%+v, %+v", up, down)
	}
	if _, err := r.Cancel("none"); !errors.Is(err, tranship.ErrNotFound) {
		t.Error(err)
	}
	if found, err := r.Cancel(up.ID); err != nil || found != up {
		t.Errorf("%+v: %v", found, err)
	}
	<-first.Done()
	if err := running.Reason(first, first.Err()); !errors.Is(err, tranship.ErrAborted) {
		t.Error(err)
	}
	up.End()
	down.End()
	if all := r.Transfers(); len(all) > 0 {
		t.Errorf("left: %+v", all)
	}
	if _, err := r.Cancel(up.ID); !errors.Is(err, tranship.ErrNotFound) {
		t.Error(err)
	}
}

// A transfer that ends by itself was not cancelled.
func TestEndIsNotCancelled(t *testing.T) {
	ctx, transfer := running.NewRegistry().Begin(t.Context(), running.Subject{Path: "a"})
	transfer.End()
	if err := running.Reason(ctx, ctx.Err()); !errors.Is(err, context.Canceled) || errors.Is(err, tranship.ErrAborted) {
		t.Error(err)
	}
	if running.Reason(ctx, nil) != nil {
		t.Error("a success has a reason")
	}
}

func TestNoRegistry(t *testing.T) {
	var r *running.Registry
	_, transfer := r.Begin(t.Context(), running.Subject{})
	transfer.Add(1)
	transfer.End()
	if _, err := r.Cancel("a"); !errors.Is(err, tranship.ErrNotFound) || len(r.Transfers()) > 0 {
		t.Error(err)
	}
}

func TestConcurrently(t *testing.T) {
	r := running.NewRegistry()
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			for range 50 {
				_, transfer := r.Begin(t.Context(), running.Subject{Path: "a"})
				transfer.Add(1)
				for _, other := range r.Transfers() {
					_ = other.Bytes()
				}
				_, _ = r.Cancel(transfer.ID)
				transfer.End()
			}
		})
	}
	all.Wait()
	if left := r.Transfers(); len(left) > 0 {
		t.Errorf("left: %d", len(left))
	}
}
