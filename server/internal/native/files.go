package native

import (
	"context"
	"errors"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/rpcstatus"
	"github.com/tranship/tranship/internal/wire"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
	"github.com/tranship/tranship/server/internal/alive"
)

// listPage is how many entries go into one message of a list at most.
const listPage = 256

// Stat implements the service.
func (s *Service) Stat(ctx context.Context, request *transhipv1.StatRequest) (*transhipv1.StatResponse, error) {
	file, err := s.store.Stat(ctx, request.GetPath())
	if err != nil {
		return nil, s.statusError(ctx, "stat", err)
	}
	return &transhipv1.StatResponse{File: wire.RevisedToProto(file)}, nil
}

// List implements the service.
func (s *Service) List(request *transhipv1.ListRequest, stream grpc.ServerStreamingServer[transhipv1.ListResponse]) error {
	ctx := stream.Context()
	entries := s.store.List(ctx, tranship.ListOptions{
		Directory:     request.GetDirectory(),
		Recursive:     request.GetRecursive(),
		Prefix:        request.GetPrefix(),
		StartAfter:    request.GetStartAfter(),
		EndBefore:     request.GetEndBefore(),
		Limit:         int(request.GetLimit()),
		ReportSkipped: request.GetReportSkipped(),
		Brief:         request.GetBrief(),
	})
	talk := alive.NewTalker(ctx, stream.Send)
	defer talk.Stop()
	var sum wire.ListSum
	batch := make([]*transhipv1.Entry, 0, s.Options.ListPage)
	var left []*transhipv1.Skipped
	for entry, err := range entries {
		skipped, isSkipped := errors.AsType[*tranship.SkippedError](err)
		switch {
		case isSkipped:
			s.logInternal(ctx, "list", err)
			left = append(left, wire.SkippedToProto(skipped))
		case err != nil:
			return s.statusError(ctx, "list", err)
		default:
			batch = append(batch, wire.EntryToProto(entry))
		}
		sum.AddItem(entry, err)
		if len(batch)+len(left) == s.Options.ListPage {
			if err := talk.Send(&transhipv1.ListResponse{Entries: batch, Skipped: left}); err != nil {
				return err
			}
			batch, left = batch[:0], left[:0]
		}
	}
	return talk.Send(&transhipv1.ListResponse{Entries: batch, Skipped: left, End: sum.End()})
}

// SetAttributes implements the service.
func (s *Service) SetAttributes(ctx context.Context, request *transhipv1.SetAttributesRequest) (*transhipv1.SetAttributesResponse, error) {
	attributes, err := wire.AttributesFromProto(request.GetAttributes())
	if err != nil {
		return nil, rpcstatus.Error(err)
	}
	precondition, err := wire.PreconditionFromProto(request.GetPrecondition())
	if err != nil {
		return nil, rpcstatus.Error(err)
	}
	file, err := s.store.SetAttributes(ctx, request.GetPath(), attributes, precondition)
	if err != nil {
		return nil, s.statusError(ctx, "set attributes", err)
	}
	return &transhipv1.SetAttributesResponse{File: wire.RevisedToProto(file)}, nil
}

// Delete implements the service.
func (s *Service) Delete(ctx context.Context, request *transhipv1.DeleteRequest) (*transhipv1.DeleteResponse, error) {
	precondition, err := wire.PreconditionFromProto(request.GetPrecondition())
	if err != nil {
		return nil, rpcstatus.Error(err)
	}
	if err := s.store.Remove(ctx, request.GetPath(), precondition); err != nil {
		return nil, s.statusError(ctx, "delete", err)
	}
	return &transhipv1.DeleteResponse{}, nil
}

// Move implements the service.
func (s *Service) Move(ctx context.Context, request *transhipv1.MoveRequest) (*transhipv1.MoveResponse, error) {
	precondition, err := wire.TransplantFromProto(request.GetPrecondition(), request.GetSourceVersion())
	if err != nil {
		return nil, rpcstatus.Error(err)
	}
	file, err := s.store.Move(ctx, request.GetSourcePath(), request.GetDestinationPath(), precondition)
	if err != nil {
		return nil, s.statusError(ctx, "move", err)
	}
	return &transhipv1.MoveResponse{File: wire.RevisedToProto(file)}, nil
}

// Copy implements the service.
func (s *Service) Copy(ctx context.Context, request *transhipv1.CopyRequest) (*transhipv1.CopyResponse, error) {
	precondition, err := wire.TransplantFromProto(request.GetPrecondition(), request.GetSourceVersion())
	if err != nil {
		return nil, rpcstatus.Error(err)
	}
	file, err := s.store.Copy(ctx, request.GetSourcePath(), request.GetDestinationPath(), precondition)
	if err != nil {
		return nil, s.statusError(ctx, "copy", err)
	}
	return &transhipv1.CopyResponse{File: wire.RevisedToProto(file)}, nil
}

// GetServerInfo implements the service.
func (s *Service) GetServerInfo(context.Context, *transhipv1.GetServerInfoRequest) (*transhipv1.GetServerInfoResponse, error) {
	return &transhipv1.GetServerInfoResponse{
		ServerVersion:      s.Options.Version,
		MaxChunkBytes:      wire.MaxChunkBytes,
		MaxPutBytes:        tranship.MaxPutBytes,
		MaxUnfinishedSlots: wire.MaxUnfinishedSlots,
		MaxQueuedReplies:   wire.MaxQueuedReplies,
		MaxMessageBytes:    int64(s.Options.MaxMessageBytes),
		MinDurability:      wire.DurabilityToProto(s.Options.MinDurability),

		MinKeepAliveInterval: durationpb.New(wire.MinKeepAlive),
		AcceptsZeros:         true,
	}, nil
}

// statusError turns an error of the store into a status, and logs what the status
// will not say.
func (s *Service) statusError(ctx context.Context, operation string, err error) error {
	s.logInternal(ctx, operation, err)
	return rpcstatus.Error(err)
}

func (s *Service) logInternal(ctx context.Context, operation string, err error) {
	if rpcstatus.IsInternal(err) {
		s.log.ErrorContext(ctx, "internal failure", "operation", operation, "error", err)
	}
}
