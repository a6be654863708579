package native

import (
	"context"
	"sync/atomic"

	"google.golang.org/grpc"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/rpcstatus"
	"github.com/tranship/tranship/internal/verification"
	"github.com/tranship/tranship/internal/wire"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
	"github.com/tranship/tranship/server/internal/alive"
)

// VerifyFile implements the service.
func (s *Service) VerifyFile(request *transhipv1.VerifyFileRequest, stream grpc.ServerStreamingServer[transhipv1.VerifyFileResponse]) error {
	if request.GetMaxBytesPerSecond() < 0 {
		return rpcstatus.Error(&tranship.InvalidError{Field: "max_bytes_per_second", Rule: "a rate must not be negative"})
	}
	ctx, cancel := context.WithCancelCause(stream.Context())
	defer cancel(nil)
	var read atomic.Int64
	stop := alive.Start(min(s.Options.Keepalive, wire.CopyReportInterval), func() {
		if err := stream.Send(&transhipv1.VerifyFileResponse{ReadBytes: read.Load()}); err != nil {
			cancel(err) // the client is gone
		}
	})
	defer stop() // also if the store panics
	file, crc, err := s.verifyFile(ctx, request, read.Store)
	stop()
	if err != nil {
		return s.statusError(ctx, "verify", err)
	}
	return stream.Send(&transhipv1.VerifyFileResponse{ReadBytes: file.Size, File: wire.FileToProto(file), Crc32C: &crc})
}

// verifyFile reads a file, and returns it with the checksum of what was read.
func (s *Service) verifyFile(ctx context.Context, request *transhipv1.VerifyFileRequest, progress func(int64)) (tranship.File, uint32, error) {
	content, err := s.store.Open(ctx, request.GetPath(), tranship.OpenOptions{Version: request.GetVersion()})
	if err != nil {
		return tranship.File{}, 0, err
	}
	defer content.Close()
	crc, err := verification.Read(ctx, content, verification.NewPace(request.GetMaxBytesPerSecond()), progress)
	return content.File(), crc, err
}
