package client_test

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client"
	"github.com/tranship/tranship/internal/testing/loopback"
	"github.com/tranship/tranship/internal/wire"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// expiring is a server whose lists have the files a, c and e, and skipped files between
// them. A list that began with the token "old" ends after three lines.
type expiring struct {
	transhipv1.UnimplementedFileServiceServer
}

func (expiring) GetServerInfo(context.Context, *transhipv1.GetServerInfoRequest) (*transhipv1.GetServerInfoResponse, error) {
	return &transhipv1.GetServerInfoResponse{}, nil
}

func (expiring) List(request *transhipv1.ListRequest, stream grpc.ServerStreamingServer[transhipv1.ListResponse]) error {
	var sum wire.ListSum
	response := &transhipv1.ListResponse{}
	for _, path := range []string{"a", "b1", "b2", "c", "d", "e"} {
		if path <= request.GetStartAfter() {
			continue
		}
		if path == "a" || path == "c" || path == "e" {
			response.Entries = append(response.Entries, fileEntry(path))
			sum.AddItem(tranship.Entry{File: tranship.File{Path: path}}, nil)
		} else {
			left := &tranship.SkippedError{Path: path, Err: tranship.ErrDenied}
			response.Skipped = append(response.Skipped, wire.SkippedToProto(left))
			sum.AddItem(tranship.Entry{}, left)
		}
		if incoming, _ := metadata.FromIncomingContext(stream.Context()); path == "b2" && incoming.Get("authorization")[0] == "Bearer old" {
			if err := stream.Send(response); err != nil {
				return err
			}
			return status.Error(codes.Unauthenticated, "the token has expired")
		}
	}
	response.End = sum.End()
	return stream.Send(response)
}

// TestRenewedListOfSkipped checks that a list that ends with its token after a skipped file
// continues with the next token, and yields nothing twice.
func TestRenewedListOfSkipped(t *testing.T) {
	address := loopback.Serve(t, func(registrar grpc.ServiceRegistrar) {
		transhipv1.RegisterFileServiceServer(registrar, expiring{})
	})
	var token atomic.Pointer[string]
	token.Store(new("old"))
	files, err := client.Dial(t.Context(), address, client.Options{Token: func(context.Context) (string, error) { return *token.Load(), nil }})
	if err != nil {
		t.Fatal(err)
	}
	defer files.Close()
	var got []string
	for entry, err := range files.List(t.Context(), tranship.ListOptions{ReportSkipped: true}) {
		token.Store(new("new"))
		if skipped, ok := errors.AsType[*tranship.SkippedError](err); ok {
			got = append(got, "not "+skipped.Path)
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, entry.Path)
	}
	if want := []string{"a", "not b1", "not b2", "c", "not d", "e"}; !slices.Equal(got, want) {
		t.Errorf("listed %q, want %q", got, want)
	}
}
