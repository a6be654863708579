package lanes

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/tranship/tranship/internal/lane"
	"github.com/tranship/tranship/server/internal/grpcadmission"
)

// connection is a lane that is served.
type connection struct {
	server *Server
	taken  *grpcadmission.Lane
	// ctx ends with the connection.
	ctx    context.Context //nolint:containedctx // it is the life of the connection
	cancel context.CancelFunc

	mu sync.Mutex
	// conn is nil until the server's preface is written.
	conn *lane.Conn
	// calling means that a call is under way.
	calling bool
	// draining means that no further call may begin.
	draining bool
}

func newConnection(server *Server, taken *grpcadmission.Lane) *connection {
	c := &connection{server: server, taken: taken}
	c.ctx, c.cancel = context.WithCancel(taken.Context(context.Background()))
	return c
}

// abort closes the connection at once, which ends the call under way.
func (c *connection) abort() {
	c.cancel()
	c.taken.Abort()
}

// drain tells the client that the server goes away. It closes the lane if it has no call; otherwise
// serve closes it after the call.
func (c *connection) drain() {
	c.mu.Lock()
	c.draining = true
	conn, calling := c.conn, c.calling
	c.mu.Unlock()
	switch {
	case conn == nil:
		c.abort()
	case calling:
		conn.GoAway()
	default:
		conn.Retire()
	}
}

// serve serves calls until the lane ends.
func (c *connection) serve() {
	defer c.server.forget(c)
	defer c.cancel()
	// The first call must begin in time, however slowly the client sends what comes before it.
	first := time.AfterFunc(time.Until(c.taken.Deadline), c.abort)
	defer first.Stop()
	conn, err := c.accept()
	if err != nil {
		_ = c.taken.Close()
		c.logEnd("preface", err)
		return
	}
	defer conn.Close()
	for idle := c.server.options.Limits.HandshakeTime; ; idle = c.server.options.IdleTime {
		headers, err := conn.AwaitHeaders(idle, c.server.options.Limits.HandshakeTime)
		first.Stop()
		if err != nil {
			c.logEnd("headers", err)
			return
		}
		if !c.beginCall() {
			conn.Retire() // the client learns that the call did not begin
			return
		}
		reusable, known := c.call(conn, headers)
		if !reusable {
			return
		}
		if !c.endCall() || !known {
			conn.Retire()
			return
		}
	}
}

// accept writes the preface of the server. It fails if the server drains.
func (c *connection) accept() (*lane.Conn, error) {
	conn, err := lane.Accept(c.taken, lane.Options{
		Instance:        c.server.options.Instance,
		MaxMessageBytes: c.server.options.MaxMessageBytes,
		MaxHeaderBytes:  c.server.options.Limits.HeaderBytes,
		Pool:            c.server.pool,
		Control:         c.taken.Control,
		Sent:            c.taken.Sent,
	})
	if err != nil {
		return nil, err
	}
	// grpc-go has set the deadline of the handshake.
	if err := c.taken.SetDeadline(time.Time{}); err != nil {
		_ = conn.Close()
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.conn = conn
	if c.draining {
		_ = conn.Close()
		return nil, net.ErrClosed
	}
	return conn, nil
}

// beginCall records that a call begins. It returns false, and no call may begin, if the server
// drains.
func (c *connection) beginCall() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calling = !c.draining
	return c.calling
}

// endCall records that the call has ended. It returns false if the server drains.
func (c *connection) endCall() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calling = false
	return !c.draining
}

// call runs the handler of a call. It reports whether the lane can have another call, and whether
// the client is known: the call did not fail with UNAUTHENTICATED. The lane of a client that is
// not known must not stay open without a call.
func (c *connection) call(conn *lane.Conn, headers lane.Headers) (reusable, known bool) {
	transport := &transportStream{method: headers.Method}
	ctx := grpc.NewContextWithServerTransportStream(metadata.NewIncomingContext(c.ctx, headers.Metadata), transport)
	if headers.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, headers.Timeout)
		defer cancel()
	}
	stream := conn.Serve(ctx)
	transport.ServerStream = stream
	m, ok := c.server.methods[headers.Method]
	if !ok {
		m.handler = c.server.options.Unknown
	}
	err := m.handler(m.service, stream)
	return stream.Finish(err), status.Code(err) != codes.Unauthenticated
}

// transportStream is the transport in a call's context, for grpc.Method, grpc.SetHeader and others.
type transportStream struct {
	*lane.ServerStream
	method string
}

var _ grpc.ServerTransportStream = (*transportStream)(nil)

// Method implements grpc.ServerTransportStream.
func (s *transportStream) Method() string { return s.method }

// SetTrailer implements grpc.ServerTransportStream.
func (s *transportStream) SetTrailer(md metadata.MD) error {
	s.ServerStream.SetTrailer(md)
	return nil
}

// logEnd logs the error by which a lane ends while it waits for something, unless the lane was
// closed.
func (c *connection) logEnd(waiting string, err error) {
	if errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed) {
		return
	}
	c.server.options.Logger.Debug("a lane ends", "peer", c.taken.RemoteAddr().String(), "waiting for", waiting, "error", err)
}
