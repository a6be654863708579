package httpadmission

import (
	"context"
	"io"
	"net"
	"os"
	"sync/atomic"
	"time"

	"github.com/tranship/tranship/server/internal/admission"
)

// lingerTime is how long a connection stays open for what its client still sends after the
// response.
const lingerTime = 5 * time.Second

// admittedConn is a connection that counts until it is closed.
type admittedConn struct {
	net.Conn
	connection *admission.Connection
	// accepted is the connection without what was read of it.
	accepted net.Conn
	// serving ends when no more is served.
	serving context.Context //nolint:containedctx // it is the life of the listener
	// unread: the client may still be sending a body that was not read to its end.
	unread atomic.Bool
}

// Read implements net.Conn. Once a request has ended whose body was not read, it fails: the
// http.Server would read some of the rest, and for that removes a deadline that has passed while a
// handler reads.
func (c *admittedConn) Read(p []byte) (int, error) {
	if c.unread.Load() {
		return 0, os.ErrDeadlineExceeded
	}
	return c.Conn.Read(p)
}

// Write implements net.Conn. One goroutine writes.
func (c *admittedConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.connection.Sent(n)
	return n, err
}

// Close implements net.Conn.
func (c *admittedConn) Close() error {
	if c.unread.CompareAndSwap(true, false) {
		c.linger()
	}
	c.connection.Close()
	return c.Conn.Close()
}

// linger tells the client that nothing more comes, and drops what it sends until it closes the
// connection, for at most lingerTime. If the connection were closed at once, the system would
// answer what still comes with a reset, and the client would perhaps not read the response.
func (c *admittedConn) linger() {
	half, ok := c.accepted.(interface{ CloseWrite() error })
	if !ok || c.serving.Err() != nil || half.CloseWrite() != nil || c.accepted.SetReadDeadline(time.Now().Add(lingerTime)) != nil {
		return
	}
	stop := context.AfterFunc(c.serving, func() { _ = c.accepted.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	_, _ = io.Copy(io.Discard, c.accepted) // until it ends, however
}

// connKey is the key of an *admittedConn in the context of a connection.
type connKey struct{}

// connContext returns the context of a connection of Listener, for http.Server.ConnContext.
func connContext(ctx context.Context, conn net.Conn) context.Context {
	if secured, ok := conn.(interface{ NetConn() net.Conn }); ok {
		conn = secured.NetConn()
	}
	if admitted, ok := conn.(*admittedConn); ok {
		return context.WithValue(ctx, connKey{}, admitted)
	}
	return ctx
}

// admittedFrom returns the connection of a request; nil if it is not one of Listener.
func admittedFrom(ctx context.Context) *admittedConn {
	admitted, _ := ctx.Value(connKey{}).(*admittedConn)
	return admitted
}
