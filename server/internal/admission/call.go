package admission

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/internal/minrate"
	"github.com/tranship/tranship/internal/observation"
	"github.com/tranship/tranship/internal/recorded"
	"github.com/tranship/tranship/server/internal/caller"
	"github.com/tranship/tranship/server/internal/limited"
)

// arrivalTime is how long the headers' call may take until its only message is complete,
// or until Run begins.
const arrivalTime = 30 * time.Second

// Call is one call, from its headers to its end. The transport calls its methods in the
// order of the package comment, from one goroutine, except that a goroutine that
// receives and one that sends may call Receiving, Received, Sending and Sent.
type Call struct {
	door       *Door
	connection *Connection
	address    net.Addr
	method     string
	ctx        context.Context
	cancel     context.CancelFunc
	// arrival closes late, and ends the context, when the message has not arrived in time.
	arrival *time.Timer
	late    chan struct{}
	release func()

	// mark tells whether the audit log has a line about the call's failure; nil without
	// an audit log. observed tells the observer of the call once it is authenticated.
	mark     *recorded.Mark
	observed *observation.Call
	// presented are the credentials that the call presented, and found is whose they
	// were at checked.
	presented []presentedCredentials
	found     identity
	checked   time.Time
	// finder finds the principal instead of presented; nil for credentials.
	finder Finder
	// authenticated: found holds.
	authenticated bool

	// These belong to Run and the messages of a call that streams.
	place     *Place
	slowness  *minrate.Call
	bandwidth [2]*limiter
	// failure is why the Door ended the call; nil while it continues. failed is closed
	// then.
	failure atomic.Pointer[error]
	failed  chan struct{}
	// cut ends the context of the handler, but not that of the transport, which still
	// has to send the outcome.
	cut context.CancelFunc

	mu        sync.Mutex
	receiving minrate.Direction
	sending   minrate.Direction
	// owes: as long as the handler waits for a message, the client owes one.
	owes bool
	// arrived: the first message has arrived.
	arrived bool
	// lastSent is when a message was sent last.
	lastSent time.Time
	// counted is the principal whose calls under way include this one.
	counted string
	// stopRecheck stops the timer of the next check of credentials; ended: there is to
	// be none.
	stopRecheck func() bool
	ended       bool
}

// Begin counts a call that comes from address, before anything else is spent on it:
// method names it, for logs. forwarded are the values of the header ForwardedHeader; if
// address is one of a trusted proxy, the call counts for the client that they report.
// Begin fails with a *tranship.LimitError that matches
// tranship.ErrUnavailable if the peer has, or begins, too many calls; the audit log has
// that already. Otherwise the caller must call End.
//
// A call with one message loses its context 30 s later, unless its message has arrived.
func (d *Door) Begin(ctx context.Context, method string, address net.Addr, forwarded []string) (*Call, error) {
	address = d.options.Proxies.Client(address, forwarded)
	peer := caller.PeerOf(address)
	if err := d.countCall(peer); err != nil {
		if d.audit != nil {
			d.audit.RefusedConnection(hostPort(address), err.Error())
		}
		d.observed.Refused(access.NewPeerContext(ctx, address), method, err)
		return nil, err
	}
	ctx, cancel := context.WithCancel(access.NewPeerContext(ctx, address))
	c := &Call{
		door: d, address: address, method: method, ctx: ctx, cancel: cancel,
		late:    make(chan struct{}),
		release: sync.OnceFunc(func() { d.releaseCall(peer) }),
	}
	c.arrival = time.AfterFunc(arrivalTime, func() {
		cancel()
		close(c.late)
	})
	if d.audit != nil {
		// The reason why the call ends later is recorded for everything that is under way in it.
		c.ctx, c.mark = recorded.NewContext(recorded.NewCall(ctx))
	}
	return c, nil
}

// Context returns the context of the call: it has the peer's address and, after
// Authenticate, the principal. It ends when the Door ends the call.
func (c *Call) Context() context.Context { return c.ctx }

// Continue replaces the context of the call by ctx, which is derived from it. The
// transport calls it when it, or code of the program, has added something. The principal
// that Authenticate found stays.
func (c *Call) Continue(ctx context.Context) {
	if c.authenticated && !equal(access.FromContext(ctx), c.found.Principal) {
		ctx = access.NewContext(ctx, c.found.Principal)
	}
	c.ctx = ctx
}

// Audited reports whether Done needs the names of the call's message.
func (c *Call) Audited() bool { return c.mark != nil }

// End ends the counting of the call, and its context. Further calls do nothing. It may
// be called from any goroutine.
func (c *Call) End() {
	c.mu.Lock()
	c.ended = true
	stop := c.stopRecheck
	c.mu.Unlock()
	if stop != nil {
		stop()
	}
	c.arrival.Stop()
	c.cancel()
	c.uncountPrincipal()
	c.release()
}

// Names is what the message of a call names, for the audit log.
type Names struct{ Path, Destination, Upload string }

// Done records the outcome of the call: for the observer and, if the call failed as a
// whole and no line says so yet, in the audit log. A call that the client gave up and one
// without good credentials have no line from Done. The transport calls it once, whatever
// the outcome.
func (c *Call) Done(err error, names Names) {
	if c.observed != nil {
		c.observed.End(err)
	} else if err != nil {
		c.door.observed.Refused(c.ctx, c.method, err)
	}
	if err == nil || c.mark == nil || c.mark.Failure() {
		return
	}
	for _, silent := range []error{context.Canceled, context.DeadlineExceeded, tranship.ErrUnauthenticated} {
		if errors.Is(err, silent) {
			return
		}
	}
	c.door.audit.RefusedCall(c.ctx, c.method, names.Path, names.Destination, names.Upload, err)
}

// end ends the call with err. Only the first error counts.
func (c *Call) end(err error) {
	if c.failure.CompareAndSwap(nil, &err) {
		close(c.failed)
		c.cut()
	}
}

// refusal is why the Door ended the call; nil if it continues.
func (c *Call) refusal() error {
	if err := c.failure.Load(); err != nil {
		return *err
	}
	return nil
}

// countCall counts a call of a peer, unless it is one too many.
func (d *Door) countCall(peer string) error {
	name := caller.Peer(peer)
	if begins := d.peers.get(name).begins.Load(); begins != nil && !begins.Allow() {
		return limited.Refused(tranship.LimitStreamsPerSecond, "%s begins more than %v calls a second: wait, and try again", name, float64(begins.Limit()))
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if most := d.Limits().StreamsPerPeer; most > 0 && d.calls[peer] >= most {
		return limited.Refused(tranship.LimitStreamsPerPeer, "%s has %d calls under way, and may have no more: try again when some have ended", name, most)
	}
	d.calls[peer]++
	return nil
}

func (d *Door) releaseCall(peer string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.calls[peer]--; d.calls[peer] == 0 {
		delete(d.calls, peer)
	}
}
