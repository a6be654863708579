package client

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync"
	"syscall"
	"time"

	"google.golang.org/grpc/credentials"

	"github.com/tranship/tranship/client/internal/route"
	"github.com/tranship/tranship/internal/bufferpool"
	"github.com/tranship/tranship/internal/lane"
	"github.com/tranship/tranship/internal/payload"
	"github.com/tranship/tranship/internal/wire"
)

const (
	// laneAnswerTime is how long a lane may take until its server has answered.
	laneAnswerTime = 2 * time.Second
	// laneBlockTime is how long the client uses gRPC after something else than the server has
	// answered, or nothing has.
	laneBlockTime = 10 * time.Minute
	// maxIdleLanes is how many lanes without a call are kept, and laneIdleTime for how long.
	maxIdleLanes = 8
	laneIdleTime = 30 * time.Second
	// laneVersion is the version of the protocol of lanes that this client knows.
	laneVersion = 1
)

var (
	errNoLanes       = errors.New("the server has no lanes")
	errOtherInstance = errors.New("another server answers on lanes")
	errLaneProtocol  = errors.New("the server does not agree to lanes")
)

// laneRoute is the way to the lanes of a server.
type laneRoute struct {
	way        *route.Route
	handshakes handshakes
	maxMessage int
}

// newLaneRoute returns the way to the lanes of the server at address.
func newLaneRoute(address string, options Options, conns *silentConns) (*laneRoute, error) {
	if options.TLS != nil {
		options.TLS = options.TLS.Clone()
		options.TLS.NextProtos = []string{lane.Protocol}
	}
	h := newHandshakes(options, conns)
	way, err := route.New(address, route.Options{
		LocalOnly: h.localOnly, Proxy: h.proxy, Lookup: options.lookup, PeerTimeout: h.peerTimeout, Preferred: options.preferred,
	})
	return &laneRoute{way, h, options.MaxMessageBytes}, err
}

// connection is what a lane goes over.
type connection struct {
	net.Conn
	info credentials.AuthInfo
}

// connect makes a connection and its handshake of TLS.
func (r *laneRoute) connect(ctx context.Context) (*connection, error) {
	raw, err := r.way.Dial(ctx)
	if err != nil {
		return nil, err
	}
	secured, info, err := r.handshakes.encrypt(ctx, r.way.Authority(), raw)
	if err != nil {
		_ = raw.Close()
		return nil, err
	}
	if state, encrypted := tlsState(info); encrypted && state.NegotiatedProtocol != lane.Protocol {
		_ = secured.Close()
		return nil, errLaneProtocol
	}
	return &connection{secured, info}, nil
}

func tlsState(info credentials.AuthInfo) (tls.ConnectionState, bool) {
	switch info := info.(type) {
	case linkInfo:
		return info.State, true
	case credentials.TLSInfo:
		return info.State, true
	}
	return tls.ConnectionState{}, false
}

// pooledLane is a lane and what its calls need to know of it.
type pooledLane struct {
	*lane.Conn
	info credentials.AuthInfo
	// fresh means that the lane has had no call.
	fresh bool
	// expiry closes an idle lane.
	expiry *time.Timer
}

// lanePool are the lanes of a client. It is safe for concurrent use.
type lanePool struct {
	route *laneRoute
	// askInstance asks the server, over gRPC, for the instance id of its lanes; "" means that it
	// has none.
	askInstance func(ctx context.Context) (string, error)
	// required means that calls must not fall back to gRPC.
	required bool
	buffers  bufferpool.Pool
	now      func() time.Time

	mu       sync.Mutex
	instance string
	idle     []*pooledLane
	all      map[*pooledLane]struct{}
	closed   bool
	// blocked is why lanes are not used until unblocked.
	blocked   error
	unblocked time.Time
}

// usable reports whether calls use lanes at the moment.
func (p *lanePool) usable() bool {
	if p == nil {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return !p.isBlockedLocked()
}

func (p *lanePool) isBlockedLocked() bool { return p.blocked != nil && p.now().Before(p.unblocked) }

// get returns a lane for a call. Its error says why there is none.
func (p *lanePool) get(ctx context.Context) (*pooledLane, error) {
	if l, err := p.take(); l != nil || err != nil {
		return l, err
	}
	l, err := p.open(ctx)
	if errors.Is(err, errOtherInstance) && p.refresh(ctx) {
		l, err = p.open(ctx)
	}
	if err != nil {
		p.failed(ctx, err)
		return nil, err
	}
	return l, nil
}

// take returns an idle lane; nil if there is none.
func (p *lanePool) take() (*pooledLane, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, errClosed
	}
	if p.isBlockedLocked() {
		return nil, p.blocked
	}
	p.blocked = nil
	for len(p.idle) > 0 {
		l := p.idle[len(p.idle)-1]
		p.idle = p.idle[:len(p.idle)-1]
		l.expiry.Stop()
		select {
		case <-l.Lost():
			p.dropLocked(l)
		default:
			return l, nil
		}
	}
	return nil, nil
}

// open makes a lane.
func (p *lanePool) open(ctx context.Context) (*pooledLane, error) {
	ctx, cancel := context.WithTimeout(ctx, laneAnswerTime)
	defer cancel()
	conn, err := p.route.connect(ctx)
	if err != nil {
		return nil, err
	}
	opened, err := lane.Dial(ctx, conn, lane.Options{
		MaxMessageBytes: p.route.maxMessage,
		Codec:           payload.Codec{MaxFields: wire.MaxFields},
		Pool:            &p.buffers,
	})
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.closed:
		err = errClosed
	case opened.Instance() != p.instance:
		err = errOtherInstance
	}
	if err != nil {
		_ = opened.Close()
		return nil, err
	}
	l := &pooledLane{Conn: opened, info: conn.info, fresh: true}
	p.all[l] = struct{}{}
	return l, nil
}

// refresh asks the server for its instance id, and reports whether it has another than before:
// it was started again.
func (p *lanePool) refresh(ctx context.Context) bool {
	instance, err := p.askInstance(ctx)
	if err != nil {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	changed := instance != "" && instance != p.instance
	p.instance = instance
	return changed
}

// failed blocks lanes for some time, unless the reason may pass at once.
func (p *lanePool) failed(ctx context.Context, err error) {
	if ctx.Err() != nil || errors.Is(err, errClosed) || errors.Is(err, syscall.ECONNREFUSED) {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.blocked, p.unblocked = fmt.Errorf("lanes are not used for some minutes: %w", err), p.now().Add(laneBlockTime)
}

// put takes a lane back.
func (p *lanePool) put(l *pooledLane, reusable bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !reusable || p.closed || len(p.idle) >= maxIdleLanes {
		p.dropLocked(l)
		return
	}
	l.fresh = false
	l.expiry = time.AfterFunc(laneIdleTime, func() { p.expire(l) })
	p.idle = append(p.idle, l)
}

// expire closes a lane that is still idle.
func (p *lanePool) expire(l *pooledLane) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, other := range p.idle {
		if other == l {
			p.idle = append(p.idle[:i], p.idle[i+1:]...)
			p.dropLocked(l)
			return
		}
	}
}

func (p *lanePool) dropLocked(l *pooledLane) {
	delete(p.all, l)
	_ = l.Close()
}

// close closes all lanes, which ends their calls.
func (p *lanePool) close() {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for _, l := range p.idle {
		l.expiry.Stop()
	}
	p.idle = nil
	for l := range p.all {
		p.dropLocked(l)
	}
}
