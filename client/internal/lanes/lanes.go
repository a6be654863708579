// Package lanes keeps the lanes of a client to its server, and decides whether the next call
// can have one. When something else than the server answers on a lane, or nothing, calls go
// over gRPC for some minutes.
package lanes

import (
	"context"
	"errors"
	"net/netip"
	"sync"
	"time"
)

const (
	// blockTime is how long lanes are not tried at an address at which something else than the
	// server has answered, or nothing.
	blockTime = 10 * time.Minute
	// pauseTime is how long lanes are not tried when the server did not answer over gRPC either.
	pauseTime = time.Second
	// askTime is how long the server may take to answer over gRPC.
	askTime = 2 * time.Second
	// pingTime is how long the server may take to answer on a lane that was idle.
	pingTime = 2 * time.Second
)

// Reasons why there is no lane.
var (
	// ErrNone means that the server has no lanes, or those of an unknown version.
	ErrNone = errors.New("the server does not offer lanes")
	// ErrOtherInstance means that another server than the one over gRPC answers on lanes.
	ErrOtherInstance = errors.New("another server answers on lanes")
	// ErrDown means that there is no connection for gRPC at the moment either.
	ErrDown = errors.New("the server cannot be reached over gRPC either")
	// ErrSlow means that a lane is being made, for longer than a call waits.
	ErrSlow   = errors.New("the server has not answered on lanes yet")
	errClosed = errors.New("the client is closed")
)

// Options of Lanes. All functions must be safe for concurrent use.
type Options struct {
	// Instance is the instance id that the server has told; "" means that it has no lanes.
	Instance string
	// Address returns the address at which the server has answered over gRPC last. It is not
	// valid if that is unknown.
	Address func() netip.AddrPort
	// Dial makes a lane to the address. It must end soon, also without an answer.
	Dial func(ctx context.Context, to netip.AddrPort) (*Lane, error)
	// Ask asks the server for its instance id over gRPC.
	Ask func(ctx context.Context) (string, error)
	// IsDown reports whether gRPC has no connection, and waits before it tries again.
	IsDown func() bool
	// Required means that calls do not go over gRPC: every call tries to get a lane.
	Required bool
	// Patience is how long a call waits for a lane that is being made before it goes over gRPC,
	// unless Required is set. 0 means that it waits until Dial ends.
	Patience time.Duration
	// Now is the time.
	Now func() time.Time
}

// Lanes are the lanes of a client. They are safe for concurrent use.
type Lanes struct {
	options Options
	pool    pool
	// ctx ends with Close.
	ctx  context.Context
	stop context.CancelFunc
	// checking is held while the reason of a failure is found.
	checking chan struct{}

	mu       sync.Mutex
	instance string
	blocked  map[netip.AddrPort]block
	// late counts the attempts with which a call has lost its patience.
	late map[netip.AddrPort]int
	// prepared is the attempt of Prepare; nil if it has made none.
	prepared *attempt
}

// block is why lanes are not tried at an address, until a time.
type block struct {
	reason error
	until  time.Time
}

// New returns lanes, of which none is made before it is needed. The caller must call Close.
func New(options Options) *Lanes {
	l := &Lanes{
		options: options, pool: pool{all: map[*Lane]struct{}{}},
		checking: make(chan struct{}, 1), instance: options.Instance, blocked: map[netip.AddrPort]block{},
		late: map[netip.AddrPort]int{},
	}
	l.ctx, l.stop = context.WithCancel(context.Background())
	if options.Instance == "" {
		_ = l.block(options.Address(), ErrNone, blockTime)
	}
	return l
}

// Close closes all lanes, which ends their calls.
func (l *Lanes) Close() {
	l.stop()
	l.pool.close()
}

// Prepare makes a lane before it is needed, unless there is one. It does not wait, and is called
// once at most.
func (l *Lanes) Prepare() {
	to := l.options.Address()
	if l.pool.hasIdle() || l.usable(to) != nil {
		return
	}
	prepared, err := l.attempt(to, true)
	if err != nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.prepared = prepared
}

// awaitPrepared waits for the lane of Prepare, like a call for its own.
func (l *Lanes) awaitPrepared(ctx context.Context) error {
	l.mu.Lock()
	prepared := l.prepared
	l.mu.Unlock()
	if prepared == nil || isClosed(prepared.ended) || l.isLate(prepared.to) {
		return nil
	}
	return l.await(ctx, prepared)
}

// Get returns a lane for one call. After it the caller must call Release. The error says why
// there is no lane; it is that of ctx if ctx has ended.
func (l *Lanes) Get(ctx context.Context) (*Lane, error) {
	if err := l.awaitPrepared(ctx); err != nil {
		return nil, err
	}
	for {
		idle := l.pool.take()
		if idle == nil {
			return l.make(ctx)
		}
		if time.Since(idle.idle) < trustTime || l.isAlive(ctx, idle) {
			return idle, nil
		}
		l.pool.drop(idle)
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
	}
}

// isAlive reports whether the server answers on an idle lane.
func (l *Lanes) isAlive(ctx context.Context, idle *Lane) bool {
	ctx, cancel := context.WithTimeout(ctx, pingTime)
	defer cancel()
	return idle.Ping(ctx) == nil
}

// Release takes a lane back after its call. reusable means that it can have another.
func (l *Lanes) Release(released *Lane, reusable bool) {
	if reusable {
		l.pool.put(released)
	} else {
		l.pool.drop(released)
	}
}

// Usable returns why calls go over gRPC at the moment; nil if they do not.
func (l *Lanes) Usable() error {
	to := l.options.Address()
	if err := l.usable(to); err != nil {
		return err
	}
	if l.isLate(to) {
		return ErrSlow
	}
	return nil
}

func (l *Lanes) usable(to netip.AddrPort) error {
	if l.options.Required {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	known, ok := l.blocked[to]
	if ok && l.options.Now().Before(known.until) {
		return known.reason
	}
	delete(l.blocked, to)
	return nil
}

// make makes a lane.
func (l *Lanes) make(ctx context.Context) (*Lane, error) {
	to := l.options.Address()
	if err := l.usable(to); err != nil {
		return nil, err
	}
	if !l.options.Required && l.options.IsDown() {
		return nil, ErrDown
	}
	if l.isLate(to) {
		return nil, ErrSlow
	}
	a, err := l.attempt(to, false)
	if err == nil {
		err = l.await(ctx, a)
	}
	if err != nil {
		return nil, err
	}
	return a.made, a.err
}
