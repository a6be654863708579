// Package filetransfer is FileTransfer.FileService, the upload protocol of another widely
// copied tutorial, over a store of this project. Package server puts credentials, policy and
// limits around it, and only package server can register it.
//
// A stream holds at most one message in memory. When an upload fails, the service first
// receives and drops what the client still sends, at most 64 MiB and for at most 2 s, so
// that the client sees the status and not a reset.
package filetransfer

import (
	"context"
	"errors"
	"io"
	"log/slog"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	_ "google.golang.org/grpc/encoding/gzip" // existing clients may compress
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/compat"
	"github.com/tranship/tranship/internal/drain"
	"github.com/tranship/tranship/internal/grpcdesc"
	transferpb "github.com/tranship/tranship/proto/filetransfer"
	"github.com/tranship/tranship/server/internal/running"
)

// DefaultPath is the path of a file that the client does not name.
const DefaultPath = "received_file.bin"

// Options are settings of a Service. The zero value is useful.
type Options struct {
	// Durability is that of every commit.
	Durability tranship.Durability
	// Logger gets one line for each transfer that ends, with the attributes protocol,
	// direction, path, bytes, seconds and, for a failure, error. Nil means that nothing is
	// logged.
	Logger *slog.Logger
	// Running is told of each file while it is moved; nil means that nothing is told.
	Running *running.Registry
}

// Service is the server side of FileTransfer.FileService. It is safe for
// concurrent use.
type Service struct {
	transferpb.UnimplementedFileServiceServer
	store   tranship.Writer
	options Options
	log     compat.Log
}

// New returns the service over store.
func New(store tranship.Writer, options Options) *Service {
	return &Service{
		store:   store,
		options: options,
		log:     compat.Log{Logger: options.Logger, Protocol: "filetransfer"},
	}
}

// Register adds the service to a registrar.
func (s *Service) Register(server grpc.ServiceRegistrar) {
	server.RegisterService(grpcdesc.Strict(&transferpb.FileService_ServiceDesc), s)
}

// uploadStream is the server's end of an Upload call.
type uploadStream = grpc.ClientStreamingServer[transferpb.Chunk, transferpb.Response]

// Upload implements the method of the protocol.
func (s *Service) Upload(stream uploadStream) error {
	path, err := s.receive(stream)
	if err != nil {
		drain.Stream(stream)
		return err
	}
	return stream.SendAndClose(&transferpb.Response{Message: "File " + path + " received successfully."})
}

// receive saves the file of a stream and returns its path.
func (s *Service) receive(stream uploadStream) (path string, err error) {
	path, err = requestedPath(stream.Context())
	if err != nil {
		return "", err
	}
	ctx, transfer := s.options.Running.Begin(stream.Context(), running.Subject{Direction: running.Upload, Path: path})
	defer transfer.End()
	file, err := compat.Receive(ctx, s.store, tranship.Spec{Path: path, Durability: s.options.Durability}, s.log)
	if err != nil {
		return "", err
	}
	defer func() { file.Abort(err) }()
	message := compat.NewChunk(&transferpb.Chunk{})
	defer message.Free()
	for ended := false; ; {
		err := grpcdesc.Receive(stream, message)
		cancelled := running.Reason(ctx, ctx.Err())
		switch {
		case errors.Is(cancelled, running.ErrCancelled):
			return "", compat.StatusError(path, cancelled)
		case errors.Is(err, io.EOF) && ended:
			return path, nil
		case errors.Is(err, io.EOF):
			return path, file.Commit()
		case err != nil: // A cancelled call, a broken connection, or bytes that are no message.
			return "", err
		case ended && message.Len() > 0:
			return "", compat.StatusError(path, status.Error(codes.InvalidArgument, "data came after the empty chunk that ended the file, which is saved without it"))
		case ended:
		case message.Len() > 0:
			transfer.Add(int64(message.Len()))
			err = file.WriteChunk(message.Chunk(message.Sum()))
		default:
			err, ended = file.Commit(), true
		}
		if err != nil {
			return "", err
		}
	}
}

// requestedPath is the path in the metadata of a call.
func requestedPath(ctx context.Context) (string, error) {
	incoming, _ := metadata.FromIncomingContext(ctx)
	names := append(incoming.Get("filename"), incoming.Get("filename-bin")...)
	switch len(names) {
	case 0:
		return DefaultPath, nil
	case 1:
		return names[0], nil
	default:
		return "", status.Error(codes.InvalidArgument, "request metadata must have filename or filename-bin at most once")
	}
}
