package filesrv

import (
	"context"
	"errors"
	"io"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/compat"
	"github.com/tranship/tranship/internal/drain"
	"github.com/tranship/tranship/internal/grpcdesc"
	filesrvv1 "github.com/tranship/tranship/proto/filesrv/v1"
	"github.com/tranship/tranship/server/internal/running"
)

// uploadStream is the server's end of an UploadFile call.
type uploadStream = grpc.ClientStreamingServer[filesrvv1.UploadRequest, filesrvv1.StringResponse]

// UploadFile implements the method of the protocol; both revisions are alike.
func (s *Service) UploadFile(stream uploadStream) error {
	if err := s.receive(stream); err != nil {
		drain.Stream(stream)
		return err
	}
	return stream.SendAndClose(&filesrvv1.StringResponse{Message: "Success!"})
}

// receive saves all files of a stream.
func (s *Service) receive(stream uploadStream) (err error) {
	var file *compat.Reception // nil before the first header
	ctx := stream.Context()
	var transfer *running.Transfer // of the file
	defer func() {
		if file != nil {
			file.Abort(err)
		}
		transfer.End()
	}()
	request := &filesrvv1.UploadRequest{}
	message := compat.NewUploadRequest(request)
	defer message.Free()
	for {
		err := grpcdesc.Receive(stream, message)
		switch {
		case errors.Is(err, io.EOF) && file == nil:
			return status.Error(codes.InvalidArgument, "the stream has no header")
		case errors.Is(err, io.EOF):
			return file.Commit()
		case err != nil: // A cancelled call, a broken connection, or bytes that are no message.
			return err
		}
		if err := running.Reason(ctx, ctx.Err()); errors.Is(err, running.ErrCancelled) {
			return compat.StatusError(file.Path(), err)
		}
		switch request := request.GetRequest().(type) {
		case *filesrvv1.UploadRequest_Header:
			if file != nil {
				if err := file.Commit(); err != nil {
					return err
				}
			}
			transfer.End()
			file = nil
			ctx, transfer = s.options.Running.Begin(stream.Context(), running.Subject{Direction: running.Upload, Path: s.path(request.Header)})
			if file, err = s.begin(ctx, request.Header); err != nil {
				return err
			}
		case *filesrvv1.UploadRequest_ChunkData:
			if file == nil {
				return status.Error(codes.InvalidArgument, "a chunk came before the first header")
			}
			transfer.Add(int64(message.Len()))
			if err := file.WriteChunk(message.Chunk(message.Sum())); err != nil {
				return err
			}
		default:
			return emptyRequest(file)
		}
	}
}

// begin starts the file of a header.
func (s *Service) begin(ctx context.Context, header *filesrvv1.FileHeader) (*compat.Reception, error) {
	if header.GetFilename() == "" && header.GetExtension() == "" {
		return nil, status.Error(codes.InvalidArgument, "a header has neither filename nor extension")
	}
	return compat.Receive(ctx, s.store, tranship.Spec{
		Path:       s.path(header),
		Durability: s.options.Durability,
	}, s.log)
}

// path returns the path of the file of a header.
func (s *Service) path(header *filesrvv1.FileHeader) string {
	return header.GetFilename() + s.options.UploadSuffix + header.GetExtension()
}

func emptyRequest(file *compat.Reception) error {
	const message = "a request has neither header nor chunk_data"
	if file == nil {
		return status.Error(codes.InvalidArgument, message)
	}
	return compat.StatusError(file.Path(), status.Error(codes.InvalidArgument, message))
}
