package limit

import (
	"context"
	"errors"
	"net"
	"sync/atomic"

	"golang.org/x/net/http2"
	"golang.org/x/time/rate"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/peer"

	"github.com/tranship/tranship"
)

// Credentials returns credentials that do the same, and count the frames that come in
// once the connection is encrypted, or, with insecure.NewCredentials, at once.
func (l *Limiter) Credentials(inner credentials.TransportCredentials) credentials.TransportCredentials {
	if l.options.FramesPerSecond == 0 {
		return inner
	}
	return framedCredentials{inner, l}
}

type framedCredentials struct {
	credentials.TransportCredentials
	limiter *Limiter
}

func (c framedCredentials) ServerHandshake(conn net.Conn) (net.Conn, credentials.AuthInfo, error) {
	conn, info, err := c.TransportCredentials.ServerHandshake(conn)
	if err != nil {
		return conn, info, err
	}
	framed := c.limiter.framed(conn)
	c.limiter.mu.Lock()
	defer c.limiter.mu.Unlock()
	c.limiter.framedConns[framed.ends] = framed
	return framed, info, nil
}

func (c framedCredentials) ClientHandshake(ctx context.Context, authority string, conn net.Conn) (net.Conn, credentials.AuthInfo, error) {
	return c.TransportCredentials.ClientHandshake(ctx, authority, conn)
}

func (c framedCredentials) Clone() credentials.TransportCredentials {
	return framedCredentials{c.TransportCredentials.Clone(), c.limiter}
}

const (
	frameHeaderBytes = 9
	// bytesPerCredit: for each so many bytes that it is sent a client may send a
	// frame more. It tells with up to two frames for each of 16 KiB, or of the size
	// that it prefers, that it has taken it.
	bytesPerCredit = 2 << 10
	maxCredit      = 1 << 16
)

var errFrames = errors.New("more frames without payload than a connection may send (" + string(tranship.LimitFramesPerSecond) + ")")

// framedConn counts the frames that are read from it. It looks only at their headers.
type framedConn struct {
	net.Conn
	limiter *Limiter
	allowed *rate.Limiter
	ends    ends
	// stalled counts calls that ended because the client did not read.
	stalled atomic.Int32
	// credit are frames that are to be expected because of what was written.
	credit atomic.Int64
	// written are bytes that have earned no credit yet. One goroutine writes.
	written int

	// These belong to the one goroutine that reads: how many bytes are left of the
	// preface or a frame's payload, and what there is of the next header.
	skip   int
	header [frameHeaderBytes]byte
	have   int
}

func (l *Limiter) framed(conn net.Conn) *framedConn {
	n := l.options.FramesPerSecond
	return &framedConn{Conn: conn, limiter: l, ends: endsOf(conn.RemoteAddr(), conn.LocalAddr()), allowed: rate.NewLimiter(rate.Limit(n), 2*n), skip: len(http2.ClientPreface)}
}

// Read implements net.Conn. It fails for good when the client has sent too many frames.
func (c *framedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	cheap := c.count(p[:n])
	if cheap == 0 {
		return n, err
	}
	if cheap -= c.spend(cheap); cheap > 0 && !c.allowed.AllowN(now(), cheap) {
		c.limiter.reportClosed(errFrames.Error(), c.RemoteAddr())
		return 0, errFrames
	}
	return n, err
}

// Write implements net.Conn.
func (c *framedConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.written += n
	if earned := int64(c.written / bytesPerCredit); earned > 0 {
		c.written %= bytesPerCredit
		if c.credit.Add(earned) > maxCredit {
			c.credit.Store(maxCredit)
		}
	}
	return n, err
}

// spend takes up to n of the credit.
func (c *framedConn) spend(n int) int {
	spent := min(int64(n), c.credit.Load())
	c.credit.Add(-spent)
	return int(spent)
}

// count goes through bytes that were read, and returns how many frames began that have
// no payload.
func (c *framedConn) count(b []byte) (cheap int) {
	for len(b) > 0 {
		if c.skip > 0 {
			n := min(c.skip, len(b))
			b, c.skip = b[n:], c.skip-n
			continue
		}
		n := copy(c.header[c.have:], b)
		b, c.have = b[n:], c.have+n
		if c.have < frameHeaderBytes {
			break
		}
		c.have = 0
		c.skip = int(c.header[0])<<16 | int(c.header[1])<<8 | int(c.header[2])
		if http2.FrameType(c.header[3]) != http2.FrameData || c.skip == 0 {
			cheap++
		}
	}
	return cheap
}

// Close implements net.Conn.
func (c *framedConn) Close() error {
	c.limiter.mu.Lock()
	if c.limiter.framedConns[c.ends] == c {
		delete(c.limiter.framedConns, c.ends)
	}
	c.limiter.mu.Unlock()
	return c.Conn.Close()
}

// ends tell connections apart.
type ends struct{ remote, local string }

func endsOf(remote, local net.Addr) ends {
	var e ends
	if remote != nil {
		e.remote = remote.String()
	}
	if local != nil {
		e.local = local.String()
	}
	return e
}

// maxStalled is how many calls of a connection may have ended because the client did
// not read them.
const maxStalled = 16

// stalled notes that a call ends whose client does not read. What was sent on it stays
// in memory until the client reads it or the connection ends, so there may not be many.
func (c *call) stalled() {
	p, ok := peer.FromContext(c.ctx)
	if !ok {
		return
	}
	c.limiter.mu.Lock()
	conn := c.limiter.framedConns[endsOf(p.Addr, p.LocalAddr)]
	c.limiter.mu.Unlock()
	if conn != nil && conn.stalled.Add(1) > maxStalled {
		c.limiter.reportClosed("its client does not read what it asks for ("+string(tranship.LimitMinRate)+")", p.Addr)
		_ = conn.Close() // gRPC notices
	}
}
