// Package lanes serves calls on lanes: connections to the port of a grpc.Server that carry the
// calls of its services without HTTP/2 (package lane). gRPC accepts the connections and makes
// the handshakes. From then on package lanes owns them: gRPC neither limits nor ends them any
// more.
//
// The services are those of grpcadmission.Adapter.Registrar, so that a call on a lane passes
// the same Door, in the same way, as a call over HTTP/2.
package lanes

import (
	"cmp"
	"context"
	"sync"
	"time"

	"google.golang.org/grpc"

	"github.com/tranship/tranship/internal/bufferpool"
	"github.com/tranship/tranship/internal/lane"
	"github.com/tranship/tranship/internal/payload"
	"github.com/tranship/tranship/internal/peertimeout"
	"github.com/tranship/tranship/server/internal/grpcadmission"
)

const (
	// firstTime is how long a client may take until its first call begins, and arrivalTime
	// until the headers of a call are complete, by default.
	firstTime, arrivalTime = 10 * time.Second, 10 * time.Second
	// idleTime is how long a lane stays open between calls.
	idleTime = 5 * time.Minute
	// peerTime is how long a client may acknowledge nothing, neither data nor probes of TCP:
	// that of gRPC's keepalive.
	peerTime = 80 * time.Second
)

// Options of a Server.
type Options struct {
	// Instance is the id that clients are told.
	Instance string
	// MaxMessageBytes is the largest message that clients may send.
	MaxMessageBytes int
	// HandshakeTime replaces the times until the first call, if it is positive.
	HandshakeTime time.Duration
}

// Server serves lanes. It is a grpc.ServiceRegistrar whose services must be registered before
// Take is called. It is safe for concurrent use.
type Server struct {
	adapter  *grpcadmission.Adapter
	options  Options
	services map[string]method
	pool     bufferpool.Pool

	// ctx ends with Stop.
	ctx    context.Context
	stop   context.CancelFunc
	served sync.WaitGroup

	mu       sync.Mutex
	lanes    map[*served]struct{}
	draining bool
}

// method is a method that streams.
type method struct {
	service any
	handler grpc.StreamHandler
}

// served is a lane.
type served struct {
	grpcadmission.Lane
	conn *lane.Conn
	// calling means that a call is under way. It is guarded by Server.mu.
	calling bool
}

// New returns a Server whose calls pass adapter.
func New(adapter *grpcadmission.Adapter, options Options) *Server {
	s := &Server{adapter: adapter, options: options, services: map[string]method{}, lanes: map[*served]struct{}{}}
	s.ctx, s.stop = context.WithCancel(context.Background())
	return s
}

// RegisterService implements grpc.ServiceRegistrar. Only the methods that stream in both
// directions are served.
func (s *Server) RegisterService(description *grpc.ServiceDesc, service any) {
	for _, stream := range description.Streams {
		if stream.ClientStreams && stream.ServerStreams {
			s.services["/"+description.ServiceName+"/"+stream.StreamName] = method{service, stream.Handler}
		}
	}
}

// Take serves a lane in a goroutine. After Drain or Stop it closes the lane.
func (s *Server) Take(taken grpcadmission.Lane) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.draining || s.ctx.Err() != nil {
		taken.Close()
		return
	}
	s.served.Go(func() { s.serve(&served{Lane: taken}) })
}

// serve serves a lane until it ends.
func (s *Server) serve(l *served) {
	defer l.Close()
	peertimeout.Set(l.Conn, peerTime)
	first, arrival := cmp.Or(max(s.options.HandshakeTime, 0), firstTime), cmp.Or(max(s.options.HandshakeTime, 0), arrivalTime)
	_ = l.Conn.SetWriteDeadline(time.Now().Add(first)) // for the preface
	conn, err := lane.Accept(l.Conn, lane.Options{
		Instance:        s.options.Instance,
		MaxMessageBytes: s.options.MaxMessageBytes,
		Codec:           payload.Codec{},
		Pool:            &s.pool,
		Control:         l.Connection.Control,
		Sent:            l.Connection.Sent,
	})
	_ = l.Conn.SetWriteDeadline(time.Time{})
	if err != nil {
		return
	}
	l.conn = conn
	defer conn.Close()
	for idle := first; s.await(l); idle = idleTime {
		headers, err := conn.AwaitHeaders(idle, arrival)
		if err != nil || !s.begin(l) || !s.call(l, headers) {
			break
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.lanes, l)
}

// await reports whether the lane may wait for a call.
func (s *Server) await(l *served) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	l.calling = false
	s.lanes[l] = struct{}{}
	return !s.draining
}

// begin reports whether the lane may begin a call.
func (s *Server) begin(l *served) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	l.calling = true
	return !s.draining
}

// Drain closes the lanes without a call, and tells the clients of the others that there will be
// no further call. It does not wait.
func (s *Server) Drain() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.draining = true
	for l := range s.lanes {
		if l.calling {
			l.conn.GoAway()
		} else {
			_ = l.conn.Close()
		}
	}
}

// Wait returns when all lanes have ended.
func (s *Server) Wait() { s.served.Wait() }

// Stop ends all lanes and calls at once. It does not wait.
func (s *Server) Stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.draining = true
	s.stop()
	for l := range s.lanes {
		_ = l.conn.Close()
	}
}

var _ grpc.ServiceRegistrar = (*Server)(nil)
