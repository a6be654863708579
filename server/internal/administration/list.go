package administration

import (
	"context"
	"iter"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/rpcstatus"
	adminv1 "github.com/tranship/tranship/proto/tranship/admin/v1"
	"github.com/tranship/tranship/server/internal/running"
)

// ListTransfers implements the service.
func (s *Service) ListTransfers(request *adminv1.ListTransfersRequest, stream grpc.ServerStreamingServer[adminv1.ListTransfersResponse]) error {
	ctx, directory := stream.Context(), request.GetDirectory()
	if err := s.permit(ctx); err != nil {
		return rpcstatus.Error(err)
	}
	err := tranship.ValidateDirectory(directory)
	var sent int
	if err == nil {
		sent, err = sendAll(ctx, s, s.transfers(directory), func(batch []*adminv1.Transfer) *adminv1.ListTransfersResponse {
			return &adminv1.ListTransfersResponse{Transfers: batch}
		}, stream.Send)
	}
	return s.done(ctx, Action{Name: "admin_list_transfers", Path: directory, Entries: sent}, err)
}

// transfers yields the transfers that run of files at or below a directory.
func (s *Service) transfers(directory string) iter.Seq2[*adminv1.Transfer, error] {
	return func(yield func(*adminv1.Transfer, error) bool) {
		for _, transfer := range s.options.Running.Transfers() {
			if isIn(transfer.Path, directory) && !yield(transferToProto(transfer, time.Now()), nil) {
				return
			}
		}
	}
}

// isIn reports whether a path is that of a directory, or below it.
func isIn(path, directory string) bool {
	return directory == "" || path == directory || strings.HasPrefix(path, directory+"/")
}

// transferToProto describes a transfer as it is at a time.
func transferToProto(t *running.Transfer, now time.Time) *adminv1.Transfer {
	directions := map[running.Direction]adminv1.Direction{
		running.Upload: adminv1.Direction_DIRECTION_UPLOAD, running.Download: adminv1.Direction_DIRECTION_DOWNLOAD,
	}
	bytes := t.Bytes()
	described := &adminv1.Transfer{
		TransferId: t.ID,
		Direction:  directions[t.Direction],
		Principal:  valid(t.Principal.Name),
		Source:     valid(t.Principal.Source),
		Peer:       valid(t.Peer),
		Transport:  t.Transport,
		Path:       valid(t.Path),
		Size:       t.Size,
		Bytes:      bytes,
		StartTime:  timestamppb.New(t.Start),
		UploadId:   t.Upload,
	}
	if seconds := now.Sub(t.Start).Seconds(); seconds > 0 {
		described.BytesPerSecond = int64(float64(bytes) / seconds)
	}
	return described
}

// valid returns a text that a message can have: text that a client or an authenticator has chosen
// may be anything.
func valid(text string) string { return strings.ToValidUTF8(text, "\uFFFD") }

// ListUploads implements the service.
func (s *Service) ListUploads(request *adminv1.ListUploadsRequest, stream grpc.ServerStreamingServer[adminv1.ListUploadsResponse]) error {
	ctx, directory := stream.Context(), request.GetDirectory()
	if err := s.permit(ctx); err != nil {
		return rpcstatus.Error(err)
	}
	sent, err := sendAll(ctx, s, s.options.Uploads.ListUploads(ctx, directory), func(batch []tranship.UploadInfo) *adminv1.ListUploadsResponse {
		return &adminv1.ListUploadsResponse{Uploads: toProto(batch, uploadToProto)}
	}, stream.Send)
	return s.done(ctx, Action{Name: "admin_list_uploads", Path: directory, Entries: sent}, err)
}

// toProto returns the messages of items.
func toProto[Item, Message any](items []Item, message func(Item) *Message) []*Message {
	messages := make([]*Message, len(items))
	for i, item := range items {
		messages[i] = message(item)
	}
	return messages
}

func uploadToProto(info tranship.UploadInfo) *adminv1.Upload {
	return &adminv1.Upload{
		UploadId:     info.ID,
		Path:         info.Path,
		Owner:        valid(info.Owner),
		Size:         info.Size,
		DurableBytes: info.DurableBytes,
		CreateTime:   timestamppb.New(info.Created),
		ExpireTime:   timestamppb.New(info.Expires),
	}
}

// ListUsage implements the service.
func (s *Service) ListUsage(_ *adminv1.ListUsageRequest, stream grpc.ServerStreamingServer[adminv1.ListUsageResponse]) error {
	ctx := stream.Context()
	if err := s.permit(ctx); err != nil {
		return rpcstatus.Error(err)
	}
	usages := func(func(Usage, error) bool) {}
	if s.options.Usages != nil {
		usages = s.options.Usages(ctx)
	}
	sent, err := sendAll(ctx, s, usages, func(batch []Usage) *adminv1.ListUsageResponse {
		return &adminv1.ListUsageResponse{Usages: toProto(batch, usageToProto)}
	}, stream.Send)
	return s.done(ctx, Action{Name: "admin_list_usage", Entries: sent}, err)
}

func usageToProto(u Usage) *adminv1.Usage {
	limit := func(most int64) *int64 {
		if most <= 0 {
			return nil
		}
		return &most
	}
	return &adminv1.Usage{
		Principal: valid(u.Principal), Counted: u.Counted, Bytes: u.Bytes, Files: u.Files,
		ReservedBytes: u.ReservedBytes, ReservedFiles: u.ReservedFiles, Uploads: u.Uploads,
		MaxBytes: limit(u.MaxBytes), MaxFiles: limit(u.MaxFiles), MaxUploads: limit(u.MaxUploads),
	}
}

// ListPrincipals implements the service.
func (s *Service) ListPrincipals(_ *adminv1.ListPrincipalsRequest, stream grpc.ServerStreamingServer[adminv1.ListPrincipalsResponse]) error {
	ctx := stream.Context()
	if err := s.permit(ctx); err != nil {
		return rpcstatus.Error(err)
	}
	sent, err := sendAll(ctx, s, s.principals(ctx), func(batch []Principal) *adminv1.ListPrincipalsResponse {
		return &adminv1.ListPrincipalsResponse{Principals: toProto(batch, principalToProto)}
	}, stream.Send)
	return s.done(ctx, Action{Name: "admin_list_principals", Entries: sent}, err)
}

func (s *Service) principals(ctx context.Context) iter.Seq2[Principal, error] {
	return func(yield func(Principal, error) bool) {
		if s.options.Principals == nil {
			return
		}
		for _, principal := range s.options.Principals() {
			if !yield(principal, ctx.Err()) {
				return
			}
		}
	}
}

func principalToProto(p Principal) *adminv1.Principal {
	described := &adminv1.Principal{Name: valid(p.Name), Source: valid(p.Source), Configured: p.Configured, Calls: int64(p.Calls)}
	for _, group := range p.Groups {
		described.Groups = append(described.Groups, valid(group))
	}
	if !p.LastCall.IsZero() {
		described.LastCallTime = timestamppb.New(p.LastCall)
	}
	return described
}
