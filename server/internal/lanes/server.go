// Package lanes serves lanes: connections that carry calls of gRPC services without HTTP/2.
// Package lane has their protocol, and package grpcadmission finds them among the connections
// of a grpc.Server:
//
//	server := lanes.New(lanes.Options{Unknown: adapter.Unknown})
//	grpcServer := grpc.NewServer(grpc.Creds(adapter.LaneCredentials(transport, server.Take)), …)
//	service.Register(adapter.Registrar(server))
//
// A grpc.Server forgets a connection that it gives away. A Server therefore does for lanes what a
// grpc.Server does for its connections: it knows all that are open, bounds how long they may be
// idle, lets their calls finish when the server drains, and closes them when it stops. A call
// passes the same admission as over gRPC, because an Adapter of package grpcadmission has wrapped
// the services that are registered.
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

// Options are settings of a Server. Unknown must be set; the zero values of all others are useful.
type Options struct {
	// Instance is the id by which clients recognize the server. It has at most
	// lane.MaxInstance bytes.
	Instance string
	// MaxMessageBytes is the largest message that clients may send, in bytes; 0 means
	// lane.DefaultMaxMessageBytes.
	MaxMessageBytes int
	// Limits are those of the Door, of which a Server uses two. HandshakeTime is how long a
	// frame between calls may take to arrive; 0 means limit.DefaultHandshakeTime. HeaderBytes is
	// the largest size of headers, in bytes; 0, and more than that, means
	// lane.DefaultMaxHeaderBytes.
	Limits limit.Options
	// IdleTime is how long a lane may have no call after its first; 0 means DefaultIdleTime.
	IdleTime time.Duration
	// Unknown answers calls of methods that no service has. It must not be nil.
	Unknown grpc.StreamHandler
	// Logger gets a line at level Debug for each lane that ends with an error. Nil means that
	// nothing is logged.
	Logger *slog.Logger
}

// DefaultIdleTime is how long a lane may have no call after its first by default.
const DefaultIdleTime = 5 * time.Minute

// Server serves lanes. It is safe for concurrent use, except that RegisterService must not be
// called concurrently, nor after Take.
type Server struct {
	options Options
	methods map[string]method
	// pool provides the buffers of all lanes.
	pool mem.BufferPool

	mu sync.Mutex
	// open are the lanes that have not ended.
	open map[*connection]struct{}
	// draining means that new lanes are closed at once.
	draining bool
	// ended signals that a lane has ended.
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

// RegisterService implements grpc.ServiceRegistrar. Lanes carry only calls that stream: calls of
// other methods go to Options.Unknown.
func (s *Server) RegisterService(description *grpc.ServiceDesc, service any) {
	for _, stream := range description.Streams {
		s.methods["/"+description.ServiceName+"/"+stream.StreamName] = method{service, stream.Handler}
	}
}

// Take serves a lane until its client or the Server closes it. It returns at once. After
// GracefulStop or Stop, it closes the lane.
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

// Open returns the number of lanes that have not ended.
func (s *Server) Open() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.open)
}

// forget forgets a lane that has ended. Further calls do nothing.
func (s *Server) forget(c *connection) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, c)
	s.ended.Broadcast()
}

// GracefulStop tells all clients that the server goes away, closes each lane when it has no call,
// and returns when all are closed. It closes new lanes at once. It returns early when Stop is
// called.
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

// Stop closes all lanes at once, which ends their calls. It does not wait for their handlers.
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
