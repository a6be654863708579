package native

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"

	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
	"github.com/tranship/tranship/server/internal/alive"
)

// ListUploads implements the service.
func (s *Service) ListUploads(request *transhipv1.ListUploadsRequest, stream grpc.ServerStreamingServer[transhipv1.ListUploadsResponse]) error {
	ctx := stream.Context()
	talk := alive.NewTalker(ctx, stream.Send)
	defer talk.Stop()
	batch := make([]*transhipv1.Upload, 0, s.Options.ListPage)
	for info, err := range s.store.ListUploads(ctx, request.GetDirectory()) {
		if err != nil {
			return s.statusError(ctx, "list uploads", err)
		}
		batch = append(batch, &transhipv1.Upload{
			UploadId:     info.ID,
			Path:         info.Path,
			Size:         &info.Size,
			DurableBytes: info.DurableBytes,
			CreatedTime:  timestamppb.New(info.Created),
			ExpireTime:   timestamppb.New(info.Expires),
		})
		if len(batch) == s.Options.ListPage {
			if err := talk.Send(&transhipv1.ListUploadsResponse{Uploads: batch}); err != nil {
				return err
			}
			batch = batch[:0]
		}
	}
	if len(batch) == 0 {
		return nil
	}
	return talk.Send(&transhipv1.ListUploadsResponse{Uploads: batch})
}

// AbortUpload implements the service.
func (s *Service) AbortUpload(ctx context.Context, request *transhipv1.AbortUploadRequest) (*transhipv1.AbortUploadResponse, error) {
	if err := s.store.AbortUpload(ctx, request.GetUploadId()); err != nil {
		return nil, s.statusError(ctx, "abort upload", err)
	}
	s.EndUpload(request.GetUploadId())
	return &transhipv1.AbortUploadResponse{}, nil
}

// EndUpload ends what is under way of an upload that was removed from the store.
func (s *Service) EndUpload(id string) { s.sessions.end(id) }
