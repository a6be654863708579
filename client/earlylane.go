package client

import (
	"context"
	"net/netip"
	"sync"

	"github.com/tranship/tranship/client/internal/lanes"
)

// earlyLane makes a lane while Dial still waits for the first answer over gRPC. It begins when a
// connection for gRPC has been made, with its TLS handshake, so that the address is known, and with
// TLS its server is trusted. Until the server has announced lanes, and the instance id of this one,
// nothing but the preface was sent on it. It is safe for concurrent use.
type earlyLane struct {
	dial   func(ctx context.Context, to netip.AddrPort) (*lanes.Lane, error)
	ctx    context.Context //nolint:containedctx // it is the life of the attempt
	cancel context.CancelFunc

	mu sync.Mutex
	// to is the address of the attempt; it is not valid before it begins.
	to netip.AddrPort
	// done is closed when made and err are set.
	done chan struct{}
	made *lanes.Lane
	err  error
	// ended means that no attempt begins, and that the lane was taken or closed.
	ended bool
}

func newEarlyLane(dial func(ctx context.Context, to netip.AddrPort) (*lanes.Lane, error)) *earlyLane {
	e := &earlyLane{dial: dial, done: make(chan struct{})}
	e.ctx, e.cancel = context.WithCancel(context.Background())
	return e
}

// begin begins the attempt, at the first address that it is called with. It returns at once.
func (e *earlyLane) begin(to string) {
	address, err := netip.ParseAddrPort(to)
	if err != nil {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.ended || e.to.IsValid() {
		return
	}
	e.to = netip.AddrPortFrom(address.Addr().Unmap(), address.Port())
	go func() {
		defer close(e.done)
		e.made, e.err = e.dial(e.ctx, e.to)
	}()
}

// take returns the lane of the attempt, or another one if the attempt was at another address. The
// first call waits for the attempt, while ctx lasts. Later calls make lanes.
func (e *earlyLane) take(ctx context.Context, to netip.AddrPort) (*lanes.Lane, error) {
	e.mu.Lock()
	isEarly := !e.ended && e.to == to
	e.ended = e.ended || isEarly
	e.mu.Unlock()
	if !isEarly {
		return e.dial(ctx, to)
	}
	stop := context.AfterFunc(ctx, e.cancel)
	defer stop()
	<-e.done // it ends soon
	return e.made, e.err
}

// close closes the lane, unless it was taken, and waits for the end of the attempt. e may be nil.
func (e *earlyLane) close() {
	if e == nil {
		return
	}
	e.mu.Lock()
	isUnused := !e.ended && e.to.IsValid()
	e.ended = true
	e.mu.Unlock()
	e.cancel()
	if !isUnused {
		return
	}
	<-e.done
	if e.made != nil {
		_ = e.made.Close()
	}
}
