// Package server offers a tranship.Store to the network as the native service,
// tranship.v1.FileService. It has nothing of storage or policy in it: it takes
// messages apart, bounds what a client may make it hold, and calls the store.
//
// A Server can be registered on any grpc.Server, also on one that a program has
// already; GRPCOptions are the settings with which it works best. The
// compatibility services are in the packages below this one.
package server

import (
	"cmp"
	"context"
	"log/slog"
	"sync"
	"time"

	"google.golang.org/grpc"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/bufferpool"
	"github.com/tranship/tranship/internal/grpcdesc"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// Options are settings of a Server; the zero value is useful.
type Options struct {
	// Logger gets one line for each finished transfer, and internal failures.
	// Nil: nothing is logged.
	Logger *slog.Logger
	// MinDurability is the least that a commit gets, whatever a client asks for.
	MinDurability tranship.Durability
	// MaxMessageBytes is the transport's limit for one message, which clients
	// are told. 0: DefaultMaxMessageBytes. It limits nothing by itself: see
	// GRPCOptions.
	MaxMessageBytes int
	// Memory bounds what clients can make the server hold. It is to be the same for
	// New and for GRPCOptions; nil: one of each, with the default limit.
	Memory *Memory
	// MaxStreams is how many calls may be under way on one connection; 0: 1,000;
	// less than 0: any.
	MaxStreams int
	// ListPage is how many entries go into one message of a list, at most 256; 0:
	// 256, which are at most about 1.3 MiB, when all paths and metadata are as long
	// as they may be.
	ListPage int
	// Refused is told of each action of an upload or download stream that failed before
	// the store was asked for it; nil: nothing is. It must not block for long. Calls of
	// one message, and lists, fail with their own status: interceptors see that.
	Refused func(ctx context.Context, refusal Refusal)
	// Version is the software version that clients are told; may be empty.
	Version string
}

// Server is the native service over one store. It is safe for concurrent use.
type Server struct {
	transhipv1.UnimplementedFileServiceServer

	store    tranship.Store
	options  Options
	log      *slog.Logger
	sessions sessions

	// keepalive is how often a stream with files under way says something.
	keepalive time.Duration
	// buffers are for what is read from the store.
	buffers bufferpool.Pool

	shutdownOnce sync.Once
	// draining is closed by Shutdown.
	draining chan struct{}
}

// New returns the service over store.
func New(store tranship.Store, options Options) *Server {
	options.MaxMessageBytes = cmp.Or(options.MaxMessageBytes, DefaultMaxMessageBytes)
	if options.ListPage <= 0 || options.ListPage > listPage {
		options.ListPage = listPage
	}
	if options.Memory == nil {
		options.Memory = NewMemory(0)
	}
	log := options.Logger
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Server{
		store: store, options: options, log: log,
		keepalive: keepaliveInterval, draining: make(chan struct{}),
	}
}

// Register adds the service to a gRPC server.
func (s *Server) Register(registrar grpc.ServiceRegistrar) {
	registrar.RegisterService(s.options.Memory.Guard(grpcdesc.Strict(&transhipv1.FileService_ServiceDesc)), s)
}

// Shutdown makes the service refuse new files with UNAVAILABLE, and ends each
// stream with UNAVAILABLE as soon as the files under way on it have ended. It does
// not wait for that: grpc.Server.GracefulStop does.
func (s *Server) Shutdown() {
	s.shutdownOnce.Do(func() { close(s.draining) })
}

func (s *Server) isDraining() bool {
	select {
	case <-s.draining:
		return true
	default:
		return false
	}
}

// durability is what a commit gets when a client asks for d. The store's default
// is left to the store, unless it might be less than the server's minimum.
func (s *Server) durability(d tranship.Durability) tranship.Durability {
	if d == tranship.DurabilityDefault && s.options.MinDurability != tranship.DurabilityDurable {
		return d
	}
	return max(d, s.options.MinDurability)
}
