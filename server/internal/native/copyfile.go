package native

import (
	"context"
	"sync/atomic"

	"google.golang.org/grpc"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/rpcstatus"
	"github.com/tranship/tranship/internal/wire"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
	"github.com/tranship/tranship/server/internal/alive"
)

// CopyFile implements the service.
func (s *Service) CopyFile(request *transhipv1.CopyFileRequest, stream grpc.ServerStreamingServer[transhipv1.CopyFileResponse]) error {
	precondition, err := wire.TransplantFromProto(request.GetPrecondition(), request.GetSourceVersion())
	if err != nil {
		return rpcstatus.Error(err)
	}
	ctx, cancel := context.WithCancelCause(stream.Context())
	defer cancel(nil)
	var copied atomic.Int64
	stop := alive.Start(min(s.Options.Keepalive, wire.CopyReportInterval), func() {
		if err := stream.Send(&transhipv1.CopyFileResponse{CopiedBytes: copied.Load()}); err != nil {
			cancel(err) // the client is gone
		}
	})
	defer stop() // also if the store panics
	file, err := s.store.Copy(tranship.NewCopyProgressContext(ctx, copied.Store), request.GetSourcePath(), request.GetDestinationPath(), precondition)
	stop()
	if err != nil {
		return s.statusError(ctx, "copy", err)
	}
	return stream.Send(&transhipv1.CopyFileResponse{CopiedBytes: file.Size, File: wire.RevisedToProto(file)})
}
