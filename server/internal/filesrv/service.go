// Package filesrv is FileSrv, the protocol of a widely copied tutorial for moving files
// with gRPC, over a store of this project. Existing clients in any language keep working,
// and get atomic commits. Package server puts credentials, policy and limits around it, and
// only package server can register it.
//
// A stream holds at most two messages in memory. When an upload fails, the service first
// receives and drops what the client still sends, at most 64 MiB and for at most 2 s, so
// that the client sees the status and not a reset.
package filesrv

import (
	"log/slog"

	"google.golang.org/grpc"
	_ "google.golang.org/grpc/encoding/gzip" // existing clients may compress

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/bufferpool"
	"github.com/tranship/tranship/internal/compat"
	"github.com/tranship/tranship/internal/grpcdesc"
	filesrvv1 "github.com/tranship/tranship/proto/filesrv/v1"
	"github.com/tranship/tranship/server/internal/running"
)

// Options are settings of a Service. The zero value serves the protocol's first revision.
type Options struct {
	// UploadSuffix goes between the name and the extension of an uploaded file:
	// "_recv" saves a.txt as a_recv.txt, as servers of the tutorial do.
	UploadSuffix string
	// Revision is the revision, 1 or 2, for clients that do not send theirs in the request
	// metadata "tranship-filesrv-revision". 0 means 1.
	Revision int
	// Durability is that of every commit.
	Durability tranship.Durability
	// Logger gets one line for each transfer that ends, with the attributes protocol,
	// direction, path, bytes, seconds and, for a failure, error. Nil means that nothing is
	// logged.
	Logger *slog.Logger
	// Running is told of each file while it is moved; nil means that nothing is told.
	Running *running.Registry
}

// Service is the server side of FileSrv. It is safe for concurrent use.
type Service struct {
	filesrvv1.UnimplementedFileSrvServer
	store   tranship.Store
	options Options
	log     compat.Log
	// buffers are for what is read from the store.
	buffers bufferpool.Pool
}

// New returns the service over store.
func New(store tranship.Store, options Options) *Service {
	if options.Revision == 0 {
		options.Revision = 1
	}
	return &Service{
		store:   store,
		options: options,
		log:     compat.Log{Logger: options.Logger, Protocol: "filesrv"},
	}
}

// Register adds the service to a registrar.
func (s *Service) Register(server grpc.ServiceRegistrar) {
	server.RegisterService(grpcdesc.Strict(&filesrvv1.FileSrv_ServiceDesc), s)
}
