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

// abort closes the connection at once.
func (c *connection) abort() {
	c.cancel()
	c.taken.Abort()
}

// drain tells the client that the server goes away, and ends the lane when it has no call.
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
	// The first call must begin in time, however the client sends what comes before.
	first := time.AfterFunc(time.Until(c.taken.Deadline), c.abort)
	defer first.Stop()
	conn, err := c.accept()
	if err != nil {
		_ = c.taken.Close()
		c.ends("preface", err)
		return
	}
	defer conn.Close()
	for idle := c.server.options.Limits.HandshakeTime; ; idle = c.server.options.IdleTime {
		headers, err := conn.AwaitHeaders(idle, c.server.options.Limits.HandshakeTime)
		first.Stop()
		if err != nil {
			c.ends("headers", err)
			return
		}
		if !c.begin() {
			conn.Retire() // the call was not begun
			return
		}
		reusable, known := c.call(conn, headers)
		if !reusable {
			return
		}
		if !c.end() || !known {
			conn.Retire()
			return
		}
	}
}

// accept writes the preface of the server.
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
	// The deadline of the handshake was grpc-go's.
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

// begin begins a call. It returns false if the server drains.
func (c *connection) begin() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calling = !c.draining
	return c.calling
}

// end ends a call. It returns false if the server drains.
func (c *connection) end() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calling = false
	return !c.draining
}

// call runs the handler of a call, and reports whether the lane can have another, and whether
// the client is known: only then may its lane stay open without a call.
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

// transportStream is what grpc.Method, grpc.SetHeader and others use in a call's context.
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

// ends logs why a lane ends, unless its client has just closed it.
func (c *connection) ends(waiting string, err error) {
	if errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed) {
		return
	}
	c.server.options.Logger.Debug("a lane ends", "peer", c.taken.RemoteAddr().String(), "waiting for", waiting, "error", err)
}
