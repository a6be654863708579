// Package lanes serves lanes: connections that carry calls of gRPC services without HTTP/2.
// Package lane has their protocol, and package grpcadmission finds them among the connections
// of a grpc.Server:
//
//	server := lanes.New(lanes.Options{Unknown: adapter.Unknown})
//	grpcServer := grpc.NewServer(grpc.Creds(adapter.LaneCredentials(transport, server.Take)), …)
//	service.Register(adapter.Registrar(server))
//
// A grpc.Server forgets a connection that it gives away. So a Server does for lanes what a
// grpc.Server does for its connections: it knows all that are open, bounds how long they may do
// nothing, lets them finish when the server drains, and closes them when it stops. What a call
// passes before a service sees it is that of the descriptions that are registered, which an
// Adapter of package grpcadmission has wrapped.
package lanes

import (
	"cmp"
	"log/slog"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/mem"

	"github.com/tranship/tranship/internal/bufferpool"
	"github.com/tranship/tranship/internal/lane"
	"github.com/tranship/tranship/server/internal/grpcadmission"
	"github.com/tranship/tranship/server/limit"
)

// Options of a Server. The zero value is useful.
type Options struct {
	// Instance is the id that clients recognize the server by, of at most lane.MaxInstance
	// bytes.
	Instance string
	// MaxMessageBytes is the largest message that clients may send; 0 means
	// lane.DefaultMaxMessageBytes.
	MaxMessageBytes int
	// Limits are limits in which 0 means unlimited. HandshakeTime is also how long the headers
	// of a call may take to arrive. HeaderBytes bounds them; they never have more than
	// lane.DefaultMaxHeaderBytes.
	Limits limit.Options
	// IdleTime is how long a lane may have no call; 0 means DefaultIdleTime.
	IdleTime time.Duration
	// Unknown answers calls of methods that no service has. It must not be nil.
	Unknown grpc.StreamHandler
	// Logger has a line at level Debug for each lane that ends because of its client. Nil means
	// that nothing is logged.
	Logger *slog.Logger
}

// DefaultIdleTime is how long a lane may have no call by default.
const DefaultIdleTime = 5 * time.Minute

// Server serves lanes. It is safe for concurrent use, except that RegisterService must not be
// called after Take.
type Server struct {
	options Options
	methods map[string]method
	// pool has the buffers of all lanes.
	pool mem.BufferPool

	mu sync.Mutex
	// open are the lanes that have not ended.
	open     map[*connection]struct{}
	draining bool
	// ended has a signal when a lane has ended.
	ended *sync.Cond
}

var _ grpc.ServiceRegistrar = (*Server)(nil)

// method is a method that streams.
type method struct {
	service any
	handler grpc.StreamHandler
}

// New returns a server without services.
func New(options Options) *Server {
	options.IdleTime = cmp.Or(options.IdleTime, DefaultIdleTime)
	options.Limits.HandshakeTime = cmp.Or(options.Limits.HandshakeTime, limit.DefaultHandshakeTime)
	options.Limits.HeaderBytes = min(cmp.Or(options.Limits.HeaderBytes, lane.DefaultMaxHeaderBytes), lane.DefaultMaxHeaderBytes)
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Server{options: options, methods: map[string]method{}, pool: &bufferpool.Pool{}, open: map[*connection]struct{}{}}
	s.ended = sync.NewCond(&s.mu)
	return s
}

// RegisterService implements grpc.ServiceRegistrar. Lanes carry only calls that stream: methods
// with one message stay unknown.
func (s *Server) RegisterService(description *grpc.ServiceDesc, service any) {
	for _, stream := range description.Streams {
		s.methods["/"+description.ServiceName+"/"+stream.StreamName] = method{service, stream.Handler}
	}
}

// Take serves a lane until its client or the Server closes it. It does not wait for that.
func (s *Server) Take(taken *grpcadmission.Lane) {
	c := newConnection(s, taken)
	s.mu.Lock()
	draining := s.draining
	if !draining {
		s.open[c] = struct{}{}
	}
	s.mu.Unlock()
	if draining {
		taken.Abort()
		return
	}
	go c.serve()
}

// forget forgets a lane that has ended. Further calls do nothing.
func (s *Server) forget(c *connection) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, c)
	s.ended.Broadcast()
}

// GracefulStop tells all clients that the server goes away, ends each lane when it has no call,
// and returns when all have ended. New lanes are closed at once. Stop ends it.
func (s *Server) GracefulStop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.draining = true
	for c := range s.open {
		go c.drain()
	}
	for len(s.open) > 0 {
		s.ended.Wait()
	}
}

// Stop closes all lanes at once, which ends their calls. It does not wait for the handlers.
func (s *Server) Stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.draining = true
	for c := range s.open {
		c.abort()
	}
	clear(s.open)
	s.ended.Broadcast()
}
