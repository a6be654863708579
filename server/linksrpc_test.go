package server_test

import (
	"errors"
	"io"
	"net/http"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/internal/testing/loopback"
	"github.com/tranship/tranship/internal/testing/storeserver"
	sharev1 "github.com/tranship/tranship/proto/tranship/share/v1"
	"github.com/tranship/tranship/server"
)

// TestLinkRPC makes, lists and revokes links by tranship.share.v1.
func TestLinkRPC(t *testing.T) {
	s := newLinkSite(t, newMem(), server.Config{})
	s.stored("docs/f", "x")
	config := server.Config{}
	address := storeserver.Mount(t, s.store, storeserver.Believing(config), append(server.GRPCOptions(config), loopback.Believing()...)...)
	as := func(name string) sharev1.LinkServiceClient {
		return sharev1.NewLinkServiceClient(loopback.Dial(t, address, loopback.As(access.Principal{Name: name})...))
	}
	ctx, ann := testContext(t), as("ann")
	made, err := ann.CreateLink(ctx, &sharev1.CreateLinkRequest{Path: "docs/f", Lifetime: durationpb.New(time.Hour), MaxUses: 2})
	if err != nil {
		t.Fatal(err)
	}
	if left := time.Until(made.GetLink().GetExpireTime().AsTime()); left <= 0 || left > time.Hour {
		t.Errorf("the link expires in %v", left)
	}
	s.at("", http.MethodGet, made.GetUrl(), nil).want(t, "GET", http.StatusOK)
	list := func(client sharev1.LinkServiceClient) (links []*sharev1.Link, err error) {
		t.Helper()
		stream, err := client.ListLinks(ctx, &sharev1.ListLinksRequest{})
		if err != nil {
			return nil, err
		}
		for {
			response, err := stream.Recv()
			if errors.Is(err, io.EOF) {
				return links, nil
			}
			if err != nil {
				return nil, err
			}
			links = append(links, response.GetLinks()...)
		}
	}
	if links, err := list(ann); err != nil || len(links) != 1 || links[0].GetUses() != 1 || links[0].GetMaxUses() != 2 || links[0].GetPath() != "docs/f" {
		t.Errorf("ann has %v, %v", links, err)
	}
	if links, err := list(as("bob")); err != nil || len(links) != 0 {
		t.Errorf("bob has %v, %v", links, err)
	}
	revoke := &sharev1.RevokeLinkRequest{LinkId: made.GetLink().GetLinkId()}
	for what, test := range map[string]struct {
		call func() error
		want codes.Code
	}{
		"an anonymous caller": {func() error {
			_, err := as("").CreateLink(ctx, &sharev1.CreateLinkRequest{Path: "docs/f"})
			return err
		}, codes.PermissionDenied},
		"the list of an anonymous caller": {func() error {
			_, err := list(as(""))
			return err
		}, codes.PermissionDenied},
		"a lifetime of 0": {func() error {
			_, err := ann.CreateLink(ctx, &sharev1.CreateLinkRequest{Path: "docs/f", Lifetime: &durationpb.Duration{}})
			return err
		}, codes.InvalidArgument},
		"a lifetime that is not valid": {func() error {
			_, err := ann.CreateLink(ctx, &sharev1.CreateLinkRequest{Path: "docs/f", Lifetime: &durationpb.Duration{Seconds: 1, Nanos: -1}})
			return err
		}, codes.InvalidArgument},
		"no path": {func() error {
			_, err := ann.CreateLink(ctx, &sharev1.CreateLinkRequest{})
			return err
		}, codes.InvalidArgument},
		"what is not there": {func() error {
			_, err := ann.CreateLink(ctx, &sharev1.CreateLinkRequest{Path: "none"})
			return err
		}, codes.NotFound},
		"another's link": {func() error {
			_, err := as("bob").RevokeLink(ctx, revoke)
			return err
		}, codes.NotFound},
		"no link": {func() error {
			_, err := ann.RevokeLink(ctx, &sharev1.RevokeLinkRequest{LinkId: "../quota/x"})
			return err
		}, codes.NotFound},
	} {
		if err := test.call(); status.Code(err) != test.want {
			t.Errorf("%s: %v, want %v", what, err, test.want)
		}
	}
	if _, err := ann.RevokeLink(ctx, revoke); err != nil {
		t.Fatal(err)
	}
	s.gone("revoked", made.GetUrl())
	if links, err := list(ann); err != nil || len(links) != 0 {
		t.Errorf("ann has %v, %v", links, err)
	}
}
