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
	defer func() {
		if file != nil {
			file.Abort(err)
		}
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
		switch request := request.GetRequest().(type) {
		case *filesrvv1.UploadRequest_Header:
			if file != nil {
				if err := file.Commit(); err != nil {
					return err
				}
			}
			next, err := s.begin(stream.Context(), request.Header)
			if err != nil {
				return err
			}
			file = next
		case *filesrvv1.UploadRequest_ChunkData:
			if file == nil {
				return status.Error(codes.InvalidArgument, "a chunk came before the first header")
			}
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
		Path:       header.GetFilename() + s.options.UploadSuffix + header.GetExtension(),
		Durability: s.options.Durability,
	}, s.log)
}

func emptyRequest(file *compat.Reception) error {
	const message = "a request has neither header nor chunk_data"
	if file == nil {
		return status.Error(codes.InvalidArgument, message)
	}
	return compat.StatusError(file.Path(), status.Error(codes.InvalidArgument, message))
}
