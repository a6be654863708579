package administration

import (
	"context"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/rpcstatus"
	adminv1 "github.com/tranship/tranship/proto/tranship/admin/v1"
	"github.com/tranship/tranship/server/internal/alive"
)

// CancelTransfer implements the service.
func (s *Service) CancelTransfer(ctx context.Context, request *adminv1.CancelTransferRequest) (*adminv1.CancelTransferResponse, error) {
	if err := s.permit(ctx); err != nil {
		return nil, rpcstatus.Error(err)
	}
	action := Action{Name: "admin_cancel_transfer", Transfer: request.GetTransferId(), Entries: -1}
	found, err := s.options.Running.Cancel(request.GetTransferId())
	if err != nil {
		return nil, s.done(ctx, action, err)
	}
	action.Path, action.Upload, action.Owner = found.Path, found.Upload, found.Principal.Name
	return &adminv1.CancelTransferResponse{Transfer: transferToProto(found, time.Now())}, s.done(ctx, action, nil)
}

// AbortUpload implements the service.
func (s *Service) AbortUpload(ctx context.Context, request *adminv1.AbortUploadRequest) (*adminv1.AbortUploadResponse, error) {
	if err := s.permit(ctx); err != nil {
		return nil, rpcstatus.Error(err)
	}
	id := request.GetUploadId()
	action := Action{Name: "admin_abort_upload", Upload: id, Entries: -1}
	info, err := tranship.FindUpload(ctx, s.options.Uploads, id)
	if err == nil {
		action.Path, action.Owner = info.Path, info.Owner
		err = s.options.Uploads.AbortUpload(ctx, id)
	}
	if err != nil {
		return nil, s.done(ctx, action, err)
	}
	if s.options.Ended != nil {
		s.options.Ended(id)
	}
	return &adminv1.AbortUploadResponse{Upload: uploadToProto(info)}, s.done(ctx, action, nil)
}

// Expire implements the service.
func (s *Service) Expire(request *adminv1.ExpireRequest, stream grpc.ServerStreamingServer[adminv1.ExpireResponse]) error {
	ctx := stream.Context()
	if err := s.permit(ctx); err != nil {
		return rpcstatus.Error(err)
	}
	talk := alive.NewTalker(ctx, stream.Send)
	defer talk.Stop()
	action := Action{Name: "admin_expire", DryRun: request.GetDryRun()}
	// Each has a message of its own: the bounded rate of an expiry makes them few.
	err := s.options.Expire(ctx, request.GetDryRun(), func(expired Expired) error {
		if err := s.permit(ctx); err != nil {
			return err
		}
		err := talk.Send(&adminv1.ExpireResponse{Expired: []*adminv1.Expired{expiredToProto(expired)}})
		if err == nil {
			action.Entries++
		}
		return err
	})
	return s.done(ctx, action, err)
}

func expiredToProto(e Expired) *adminv1.Expired {
	described := &adminv1.Expired{
		Path: valid(e.Path), UploadId: e.Upload, Owner: valid(e.Owner), Size: e.Size,
		ChangeTime: timestamppb.New(e.Changed), Rule: valid(e.Rule),
	}
	if e.Err != nil {
		described.Error = valid(rpcstatus.Status(e.Err).Message())
	}
	return described
}
