package links

import (
	"context"
	"iter"
	"log/slog"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/grpcdesc"
	"github.com/tranship/tranship/internal/rpcstatus"
	sharev1 "github.com/tranship/tranship/proto/tranship/share/v1"
	"github.com/tranship/tranship/server/internal/alive"
)

// pageLinks is the maximum number of links in a message.
const pageLinks = 256

// RPC is tranship.share.v1.LinkService over a Book. It is safe for concurrent use.
type RPC struct {
	sharev1.UnimplementedLinkServiceServer
	book *Book
	log  *slog.Logger
}

// NewRPC returns the service. logger gets internal failures.
func NewRPC(book *Book, logger *slog.Logger) *RPC { return &RPC{book: book, log: logger} }

// Register adds the service to a registrar.
func (r *RPC) Register(registrar grpc.ServiceRegistrar) {
	registrar.RegisterService(grpcdesc.Strict(&sharev1.LinkService_ServiceDesc), r)
}

// status returns the status of a call.
func (r *RPC) status(ctx context.Context, err error) error {
	if rpcstatus.IsInternal(err) {
		r.log.ErrorContext(ctx, "internal failure", "operation", "links", "error", err)
	}
	return rpcstatus.Error(err)
}

// CreateLink implements the service.
func (r *RPC) CreateLink(ctx context.Context, request *sharev1.CreateLinkRequest) (*sharev1.CreateLinkResponse, error) {
	lifetime := time.Duration(0)
	if asked := request.GetLifetime(); asked != nil {
		lifetime = asked.AsDuration()
		if asked.CheckValid() != nil || lifetime <= 0 {
			return nil, rpcstatus.Error(&tranship.InvalidError{Field: "lifetime", Rule: "a link lasts from 1s to 366 days"})
		}
	}
	link, err := r.book.Create(ctx, Request{
		Path: request.GetPath(), Upload: request.GetUpload(), Lifetime: lifetime, MaxBytes: request.GetMaxBytes(), MaxUses: request.GetMaxUses(),
	})
	if err != nil {
		return nil, r.status(ctx, err)
	}
	return &sharev1.CreateLinkResponse{Link: linkToProto(link), Url: link.URL}, nil
}

// ListLinks implements the service.
func (r *RPC) ListLinks(_ *sharev1.ListLinksRequest, stream grpc.ServerStreamingServer[sharev1.ListLinksResponse]) error {
	ctx := stream.Context()
	return r.status(ctx, sendLinks(ctx, r.book.List(ctx), stream.Send))
}

// sendLinks sends links in messages of at most pageLinks.
func sendLinks(ctx context.Context, links iter.Seq2[Link, error], send func(*sharev1.ListLinksResponse) error) error {
	talk := alive.NewTalker(ctx, send)
	defer talk.Stop()
	batch := make([]*sharev1.Link, 0, pageLinks)
	for link, err := range links {
		if err != nil {
			return err
		}
		if batch = append(batch, linkToProto(link)); len(batch) == pageLinks {
			if err := talk.Send(&sharev1.ListLinksResponse{Links: batch}); err != nil {
				return err
			}
			batch = make([]*sharev1.Link, 0, pageLinks)
		}
	}
	if len(batch) == 0 {
		return nil
	}
	return talk.Send(&sharev1.ListLinksResponse{Links: batch})
}

// RevokeLink implements the service.
func (r *RPC) RevokeLink(ctx context.Context, request *sharev1.RevokeLinkRequest) (*sharev1.RevokeLinkResponse, error) {
	if err := r.book.Revoke(ctx, request.GetLinkId()); err != nil {
		return nil, r.status(ctx, err)
	}
	return &sharev1.RevokeLinkResponse{}, nil
}

func linkToProto(l Link) *sharev1.Link {
	return &sharev1.Link{
		LinkId: l.ID, Path: strings.ToValidUTF8(l.Path, "\uFFFD"), Upload: l.Upload,
		CreateTime: timestamppb.New(l.Created), ExpireTime: timestamppb.New(l.Expires),
		MaxBytes: l.MaxBytes, MaxUses: l.MaxUses, Uses: l.Uses,
	}
}
