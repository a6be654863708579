package admission

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/server/internal/caller"
	"github.com/tranship/tranship/server/internal/limited"
)

const (
	// bytesPerCredit: for each so many bytes that the server writes, the client may send
	// one more frame without payload. HTTP/2 clients acknowledge data with up to two
	// window updates for 16 KiB, or for the frame size that they prefer.
	bytesPerCredit = 2 << 10
	// maxCredit bounds the frames that a client may save up.
	maxCredit = 1 << 16
	// maxStalled is how many calls of one connection may end because the client does not
	// read. What was sent on them stays in memory until the client reads it or the
	// connection ends.
	maxStalled = 16
)

// uncounted stands for the peer of a connection that counts for none. It is no address.
const uncounted = "trusted proxy"

// Connection is one connection that counts until it is closed. Its methods are safe for
// concurrent use, except Sent, which one goroutine calls.
type Connection struct {
	door    *Door
	address net.Addr
	abort   func()
	// peer is what the connection counts for, until it is closed. They are guarded by
	// door.mu.
	peer   string
	closed bool
	// frames bounds the frames without payload; nil means unlimited.
	frames *rate.Limiter
	// credit are frames to expect because of what was sent.
	credit atomic.Int64
	// sent counts bytes that have not earned credit yet.
	sent int
	// stalled counts calls that ended because the client does not read.
	stalled atomic.Int32
}

// Connect counts a connection that was accepted from address. abort closes the
// connection; it is called at most once, from any goroutine. When Connect fails the
// transport closes the connection at once, without a word, because it is not encrypted
// yet; the log and the audit log have the reason. Otherwise the caller must call Close.
//
// The connections of a trusted proxy do not count for a peer, and have no limit of frames,
// because each may carry the calls of many clients.
func (d *Door) Connect(address net.Addr, abort func()) (*Connection, error) {
	peer := caller.PeerOf(address)
	if d.options.Proxies.Trusts(address) {
		peer = uncounted
	}
	if err := d.countConnection(peer); err != nil {
		d.reportClosed(err, address)
		return nil, err
	}
	c := &Connection{door: d, address: address, peer: peer, abort: sync.OnceFunc(abort)}
	c.limitFrames(peer)
	return c, nil
}

// limitFrames bounds the frames without payload, unless the connection may carry the calls
// of many clients: calls are then bounded for each client.
func (c *Connection) limitFrames(peer string) {
	if n := c.door.Limits().FramesPerSecond; n > 0 && peer != uncounted {
		c.frames = rate.NewLimiter(rate.Limit(n), 2*n)
	}
}

// BeginsWithHeader reports whether the connection begins with a header of the PROXY
// protocol, because it comes from a trusted proxy that sends one. The transport then reads
// the header, in the time that it has for the handshake, and calls Forwarded.
func (c *Connection) BeginsWithHeader() bool {
	proxies := c.door.options.Proxies
	return proxies.Protocol && proxies.Trusts(c.address)
}

// Forwarded makes the connection count for the client at address, which the header of a
// trusted proxy has reported. It must not be called concurrently with methods other than Close.
// When it fails, the transport closes the connection, as after a Connect that failed.
func (c *Connection) Forwarded(address net.Addr) error {
	peer := caller.PeerOf(address)
	if c.door.options.Proxies.Trusts(address) {
		peer = uncounted
	}
	if err := c.door.changePeer(c, peer); err != nil {
		c.door.reportClosed(err, address)
		return err
	}
	c.address = address
	c.limitFrames(peer)
	return nil
}

// HandshakeFailed records that a connection from address could not be encrypted.
func (d *Door) HandshakeFailed(address net.Addr, err error) {
	d.log.Debug("TLS handshake failed", "peer", hostPort(address), "error", err)
	if d.audit != nil {
		d.audit.RefusedHandshake(hostPort(address), err.Error())
	}
	d.observed.ConnectionRefused(access.NewPeerContext(context.Background(), address), err)
}

// Close ends the counting of the connection. It does not close the transport's.
func (c *Connection) Close() {
	c.door.mu.Lock()
	defer c.door.mu.Unlock()
	if !c.closed {
		c.closed = true
		c.door.all--
		c.door.releasePeerLocked(c.peer)
	}
}

// Control counts n frames without payload that the client sent. When it fails the
// transport closes the connection.
func (c *Connection) Control(n int) error {
	if n == 0 || c.frames == nil {
		return nil
	}
	spent := min(int64(n), c.credit.Load())
	c.credit.Add(-spent)
	if n -= int(spent); n == 0 || c.frames.AllowN(time.Now(), n) {
		return nil
	}
	err := limited.CutOff(tranship.LimitFramesPerSecond, "the connection sends more than %v frames without payload a second", float64(c.frames.Limit()))
	c.door.reportClosed(err, c.address)
	return err
}

// Sent counts n bytes that the transport has written to the connection.
func (c *Connection) Sent(n int) {
	c.sent += n
	if earned := int64(c.sent / bytesPerCredit); earned > 0 {
		c.sent %= bytesPerCredit
		if c.credit.Add(earned) > maxCredit {
			c.credit.Store(maxCredit)
		}
	}
}

// Begin is Door.Begin for a call on the connection.
func (c *Connection) Begin(ctx context.Context, method string, forwarded []string) (*Call, error) {
	call, err := c.door.Begin(ctx, method, c.address, forwarded)
	if err == nil {
		call.connection = c
	}
	return call, err
}

// stall counts a call that ended because the client does not read, and closes the
// connection when there are too many.
func (c *Connection) stall() {
	if c == nil || c.stalled.Add(1) != maxStalled+1 {
		return
	}
	c.door.reportClosed(limited.CutOff(tranship.LimitMinRate, "its client does not read what it asks for"), c.address)
	c.abort()
}

// countConnection counts a connection of a peer, unless that is one too many.
func (d *Door) countConnection(peer string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if most := d.Limits().Connections; most > 0 && d.all >= most {
		return limited.Refused(tranship.LimitConnections, "there are %d connections, and there may be no more", most)
	}
	if err := d.countPeerLocked(peer); err != nil {
		return err
	}
	d.all++
	return nil
}

// countPeerLocked counts a connection of a peer, unless that is one too many.
func (d *Door) countPeerLocked(peer string) error {
	if peer == uncounted {
		return nil
	}
	if most := d.Limits().ConnectionsPerPeer; most > 0 && d.connections[peer] >= most {
		return limited.Refused(tranship.LimitConnectionsPerPeer, "the peer has %d connections, and it may have no more", most)
	}
	d.connections[peer]++
	return nil
}

func (d *Door) releasePeerLocked(peer string) {
	if peer == uncounted {
		return
	}
	if d.connections[peer]--; d.connections[peer] == 0 {
		delete(d.connections, peer)
	}
}

// changePeer makes a connection count for another peer, unless that is one too many. A
// connection that was closed does not count any more.
func (d *Door) changePeer(c *Connection, peer string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if c.closed {
		return nil
	}
	if err := d.countPeerLocked(peer); err != nil {
		return err
	}
	d.releasePeerLocked(c.peer)
	c.peer = peer
	return nil
}

// reportClosed tells the audit log and the observer that a limit closed a connection, and the
// log at most once a second.
func (d *Door) reportClosed(err error, address net.Addr) {
	why := err.Error()
	if limit, ok := errors.AsType[*tranship.LimitError](err); ok {
		why = fmt.Sprintf("%s (%s)", limit.Rule, limit.Limit)
	}
	if d.audit != nil {
		d.audit.RefusedConnection(hostPort(address), why)
	}
	d.observed.ConnectionRefused(access.NewPeerContext(context.Background(), address), err)
	d.mu.Lock()
	d.closed++
	n := d.closed
	due := time.Since(d.logged) >= time.Second
	if due {
		d.closed, d.logged = 0, time.Now()
	}
	d.mu.Unlock()
	if due {
		d.log.LogAttrs(context.Background(), slog.LevelWarn, "connections closed",
			slog.String("reason", why), slog.String("peer", hostPort(address)), slog.Int("connections", n))
	}
}
