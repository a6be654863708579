// Package filesrv serves FileSrv, the protocol of a widely copied tutorial for
// moving files with gRPC, from a store of this project: existing clients of it,
// in any language, keep working, and get commits that are atomic. It runs on any
// grpc.Server, beside a program's own services:
//
//	filesrv.New(store, filesrv.Options{}).Register(server)
//
// Memory stays bounded by two messages of a stream. An upload that fails is drained
// first (of at most 64 MiB, for at most 2 s), so that its client sees the status
// and not a reset.
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
)

// Options of a Service. The zero value is the protocol's first revision.
type Options struct {
	// UploadSuffix goes between the name and the extension of an uploaded file:
	// "_recv" saves a.txt as a_recv.txt, as servers of the tutorial do.
	UploadSuffix string
	// Revision is the one to speak with clients that do not tell theirs in the
	// request metadata "tranship-filesrv-revision": 1 or 2; 0 is 1.
	Revision int
	// Durability of every commit.
	Durability tranship.Durability
	// Logger gets one line for each file that was moved or failed to be, with the
	// attributes protocol, direction, path, bytes, seconds and, for a failure,
	// error. nil: no lines.
	Logger *slog.Logger
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

// New returns a service of the files in store.
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

// Register offers the service on server.
func (s *Service) Register(server grpc.ServiceRegistrar) {
	server.RegisterService(grpcdesc.Strict(&filesrvv1.FileSrv_ServiceDesc), s)
}
