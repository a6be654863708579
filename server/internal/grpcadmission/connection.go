package grpcadmission

import (
	"context"
	"net"
	"sync/atomic"
	"time"

	"golang.org/x/net/http2"
	"google.golang.org/grpc/credentials"

	"github.com/tranship/tranship/internal/sendbuffer"
	"github.com/tranship/tranship/server/internal/admission"
	"github.com/tranship/tranship/server/internal/origin"
)

// Listener returns a listener that accepts no more connections than the Door admits, and
// closes others at once.
func (a *Adapter) Listener(listener net.Listener) net.Listener {
	return &admittedListener{listener, a}
}

type admittedListener struct {
	net.Listener
	adapter *Adapter
}

// Accept implements net.Listener.
func (l *admittedListener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		connection, err := l.adapter.door.Connect(conn.RemoteAddr(), func() { _ = conn.Close() }) // gRPC notices
		if err == nil {
			sendbuffer.Bound(conn)
			return l.adapter.newConn(conn, connection), nil
		}
		_ = conn.Close() // nothing was read or written
	}
}

// admittedConn is a connection that counts until it is closed.
type admittedConn struct {
	net.Conn
	adapter    *Adapter
	connection *admission.Connection
	accepted   time.Time
	// dispatched means that the connection is a lane.
	dispatched atomic.Bool
}

// SetDeadline implements net.Conn. Only grpc-go calls it: it clears the deadline also of a
// connection that it gives away, when its lane may have set another.
func (c *admittedConn) SetDeadline(t time.Time) error {
	if c.dispatched.Load() {
		return nil
	}
	return c.Conn.SetDeadline(t)
}

// Close implements net.Conn.
func (c *admittedConn) Close() error {
	c.adapter.begun(c)
	c.connection.Close()
	return c.Conn.Close()
}

// Credentials returns credentials that record failed handshakes, and count the frames of
// connections of Listener once they are encrypted; with insecure.NewCredentials, from
// the beginning.
func (a *Adapter) Credentials(inner credentials.TransportCredentials) credentials.TransportCredentials {
	return admittedCredentials{inner, a, nil}
}

type admittedCredentials struct {
	credentials.TransportCredentials
	adapter *Adapter
	// take takes lanes; nil means that there are none.
	take func(*Lane)
}

// ServerHandshake implements credentials.TransportCredentials.
func (c admittedCredentials) ServerHandshake(conn net.Conn) (net.Conn, credentials.AuthInfo, error) {
	admitted, _ := conn.(*admittedConn)
	if admitted != nil && admitted.connection.BeginsWithHeader() {
		proxied, err := forwarded(c.adapter.door, admitted)
		if err != nil {
			return nil, nil, err
		}
		conn = proxied
	}
	secured, info, err := c.TransportCredentials.ServerHandshake(conn)
	if err != nil {
		c.adapter.door.HandshakeFailed(conn.RemoteAddr(), err)
		return secured, info, err
	}
	if admitted == nil {
		return secured, info, nil
	}
	if secured, err = c.findLane(admitted, secured, info); err != nil {
		return nil, nil, err
	}
	framed := newFramedConn(secured, admitted.connection)
	framed.early = admitted
	framed.adapter, framed.ends = c.adapter, endsOf(secured.RemoteAddr(), secured.LocalAddr())
	c.adapter.add(framed.ends, admitted.connection)
	return framed, info, nil
}

// forwarded reads the header of the PROXY protocol of a connection, and returns the
// connection as the client's. gRPC has set the deadline.
func forwarded(door *admission.Door, conn *admittedConn) (net.Conn, error) {
	proxied, err := origin.ReadHeader(conn)
	if err != nil {
		door.HandshakeFailed(conn.RemoteAddr(), err)
		return nil, err
	}
	return proxied, conn.connection.Forwarded(proxied.RemoteAddr())
}

// ClientHandshake implements credentials.TransportCredentials.
func (c admittedCredentials) ClientHandshake(ctx context.Context, authority string, conn net.Conn) (net.Conn, credentials.AuthInfo, error) {
	return c.TransportCredentials.ClientHandshake(ctx, authority, conn)
}

// Clone implements credentials.TransportCredentials.
func (c admittedCredentials) Clone() credentials.TransportCredentials {
	return admittedCredentials{c.TransportCredentials.Clone(), c.adapter, c.take}
}

// frameHeaderBytes is the size of the header of an HTTP/2 frame.
const frameHeaderBytes = 9

// framedConn counts the frames that are read from it. It looks only at their headers.
type framedConn struct {
	net.Conn
	connection *admission.Connection
	adapter    *Adapter
	ends       ends

	// early is the connection that Adapter.Drain would close; nil once the second frame
	// has begun. It belongs to the goroutine that reads, as do the next fields.
	early *admittedConn
	// frames is how many frames have begun, while early is not nil.
	frames int
	// These belong to the one goroutine that reads: how many bytes are left of the
	// preface or of a frame's payload, and have bytes of the next header.
	skip   int
	header [frameHeaderBytes]byte
	have   int
}

func newFramedConn(conn net.Conn, connection *admission.Connection) *framedConn {
	return &framedConn{Conn: conn, connection: connection, skip: len(http2.ClientPreface)}
}

// Read implements net.Conn. It fails for good when the client has sent too many frames
// without payload.
func (c *framedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if limit := c.connection.Control(c.count(p[:n])); limit != nil {
		return 0, limit
	}
	return n, err
}

// Write implements net.Conn. One goroutine writes.
func (c *framedConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.connection.Sent(n)
	return n, err
}

// count looks through bytes that were read, and returns how many frames without payload
// begin in them.
func (c *framedConn) count(b []byte) (empty int) {
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
		if c.early != nil {
			if c.frames++; c.frames == 2 {
				c.adapter.begun(c.early)
				c.early = nil
			}
		}
		c.skip = int(c.header[0])<<16 | int(c.header[1])<<8 | int(c.header[2])
		if http2.FrameType(c.header[3]) != http2.FrameData || c.skip == 0 {
			empty++
		}
	}
	return empty
}

// Close implements net.Conn.
func (c *framedConn) Close() error {
	c.adapter.remove(c.ends, c.connection)
	return c.Conn.Close()
}
