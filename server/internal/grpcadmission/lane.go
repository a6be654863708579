package grpcadmission

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"strings"
	"time"

	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/peer"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/lane"
	"github.com/tranship/tranship/internal/observation"
	"github.com/tranship/tranship/server/internal/admission"
	"github.com/tranship/tranship/server/limit"
)

// LaneCredentials returns Credentials that also find lanes: they pass each connection of Listener
// whose client has sent lane.Preface to take, and not to grpc-go. take must return at once. With
// TLS, inner must agree to lane.Protocol by ALPN.
func (a *Adapter) LaneCredentials(inner credentials.TransportCredentials, take func(*Lane)) credentials.TransportCredentials {
	return admittedCredentials{inner, a, take}
}

// Lane is a connection of Listener whose client has sent the preface of a lane. grpc-go no longer
// handles it: its receiver must bound how long it may take, and close it. It counts as a connection
// until then. Its methods are safe for concurrent use, except Sent.
type Lane struct {
	net.Conn
	// Deadline is the time at which the headers of the first call must be complete.
	Deadline time.Time

	admitted *admittedConn
	info     credentials.AuthInfo
	// out is the innermost connection to which WriteBuffers and CloseWrite may pass by those
	// around it.
	out net.Conn
}

// Context returns a context for the calls of the lane, derived from ctx. It has the peer, the
// transport, and the connection for which the calls count.
func (l *Lane) Context(ctx context.Context) context.Context {
	ctx = peer.NewContext(ctx, &peer.Peer{Addr: l.RemoteAddr(), LocalAddr: l.LocalAddr(), AuthInfo: l.info})
	ctx = observation.NewTransportContext(ctx, tranship.TransportLanes)
	return context.WithValue(ctx, connectionKey{}, l.admitted.connection)
}

// connectionKey is the key of an *admission.Connection in a call's context.
type connectionKey struct{}

// Control counts n frames without payload that the client has sent. If it fails, the caller must
// close the lane.
func (l *Lane) Control(n int) error { return l.admitted.connection.Control(n) }

// Sent counts n bytes that were written. It must not be called concurrently.
func (l *Lane) Sent(n int) { l.admitted.connection.Sent(n) }

// SetDeadline implements net.Conn.
func (l *Lane) SetDeadline(at time.Time) error {
	if err := l.SetReadDeadline(at); err != nil {
		return err
	}
	return l.SetWriteDeadline(at)
}

// WriteBuffers implements lane.BuffersWriter.
func (l *Lane) WriteBuffers(buffers *net.Buffers) (int64, error) {
	return lane.WriteBuffers(l.out, buffers)
}

// CloseWrite tells the client that no more bytes follow.
func (l *Lane) CloseWrite() error {
	if out, ok := l.out.(interface{ CloseWrite() error }); ok {
		return out.CloseWrite()
	}
	return nil
}

// Abort closes the connection at once, without the alert by which TLS ends. Close waits until that
// is written.
func (l *Lane) Abort() { _ = l.admitted.Close() }

// dispatch passes a connection with the preface of a lane to c.take, and not to grpc-go. It returns
// credentials.ErrConnDispatched.
func (c admittedCredentials) dispatch(admitted *admittedConn, secured net.Conn, info credentials.AuthInfo) error {
	// grpc-go now ends the deadline of the handshake.
	admitted.dispatched.Store(true)
	_, encrypted := info.(credentials.TLSInfo)
	taken := &Lane{Conn: secured, admitted: admitted, info: info, out: secured}
	if !encrypted {
		taken.out = admitted.Conn // those around it change only reading
	}
	taken.Deadline = admitted.accepted.Add(cmp.Or(c.adapter.door.Limits().HandshakeTime, limit.DefaultHandshakeTime))
	c.take(taken)
	c.adapter.begun(admitted)
	return credentials.ErrConnDispatched
}

// findLane returns ErrConnDispatched if the client speaks lanes. Otherwise it returns the
// connection for grpc-go, from which all that the client has sent can be read.
func (c admittedCredentials) findLane(admitted *admittedConn, secured net.Conn, info credentials.AuthInfo) (net.Conn, error) {
	if c.take == nil {
		return secured, nil
	}
	encrypted, ok := info.(credentials.TLSInfo)
	if ok && encrypted.State.NegotiatedProtocol != lane.Protocol {
		return secured, nil
	}
	read, isLane := readPreface(secured)
	switch {
	case isLane:
		return nil, c.dispatch(admitted, secured, info)
	case ok:
		err := fmt.Errorf("the client has agreed to %s, and has not sent its preface", lane.Protocol)
		c.adapter.door.HandshakeFailed(secured.RemoteAddr(), err)
		return nil, err
	default:
		return &unreadConn{secured, read}, nil
	}
}

// readPreface reads a client's first bytes while they can be those of the preface. It returns what
// it has read, and whether that is the whole preface.
func readPreface(conn net.Conn) (read []byte, isLane bool) {
	preface := make([]byte, len(lane.Preface))
	for n := 0; n < len(preface); {
		m, err := conn.Read(preface[n:])
		n += m
		if err != nil && n < len(preface) || !strings.HasPrefix(lane.Preface, string(preface[:n])) {
			return preface[:n], false
		}
	}
	return preface, true
}

// unreadConn is a connection whose first bytes were read, and are read again. Read must not be
// called concurrently.
type unreadConn struct {
	net.Conn
	unread []byte
}

// Read implements net.Conn.
func (c *unreadConn) Read(p []byte) (int, error) {
	if len(c.unread) == 0 {
		return c.Conn.Read(p)
	}
	n := copy(p, c.unread)
	c.unread = c.unread[n:]
	return n, nil
}

// connectionOf returns the connection of a call; nil if that did not come through Listener and
// Credentials.
func (a *Adapter) connectionOf(ctx context.Context, from *peer.Peer) *admission.Connection {
	if connection, ok := ctx.Value(connectionKey{}).(*admission.Connection); ok {
		return connection
	}
	return a.connection(from)
}
