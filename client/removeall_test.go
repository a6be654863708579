package client_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client"
	"github.com/tranship/tranship/internal/testing/loopback"
	"github.com/tranship/tranship/internal/testing/storeserver"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/mem"
)

// counting is a store that counts the removals of single files.
type counting struct {
	*mem.Store
	single atomic.Int32
}

func (c *counting) Remove(ctx context.Context, path string, precondition tranship.Precondition) error {
	c.single.Add(1)
	return c.Store.Remove(ctx, path, precondition)
}

// TestRemoveAllOneCall checks that a directory is removed in one call, unless the server
// does not support it.
func TestRemoveAllOneCall(t *testing.T) {
	for _, old := range []bool{false, true} {
		store := &counting{Store: new(mem.Store)}
		for i := range 600 {
			if _, err := store.Put(t.Context(), tranship.Spec{Path: fmt.Sprintf("d/%d", i)}, nil); err != nil {
				t.Fatal(err)
			}
		}
		options := server.GRPCOptions(server.Config{})
		if old {
			options = append(options, grpc.ChainStreamInterceptor(func(service any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
				if info.FullMethod == transhipv1.FileService_DeleteTree_FullMethodName {
					return status.Error(codes.Unimplemented, "unknown method DeleteTree for service tranship.v1.FileService")
				}
				return handler(service, stream)
			}))
		}
		address := storeserver.Mount(t, store, server.Config{}, options...)
		connected, err := client.Dial(t.Context(), address, client.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer connected.Close()
		if _, err := connected.RemoveAll(t.Context(), "d", tranship.RemoveAllOptions{}); old != errors.Is(err, tranship.ErrUnsupported) {
			t.Errorf("old server %v: %v", old, err)
		}
		reported := 0
		removed, err := tranship.RemoveAll(t.Context(), connected, "d", tranship.RemoveAllOptions{Progress: func(string) { reported++ }})
		want, single := 0, 0
		if old {
			want, single = 600, 600
		}
		if err != nil || int(removed) != want || reported != want || int(store.single.Load()) != single {
			t.Errorf("old server %v: %d files, %d reported, %d removed singly, %v", old, removed, reported, store.single.Load(), err)
		}
	}
}

// lying is a server that sends given reports of a removal.
type lying struct {
	transhipv1.UnimplementedFileServiceServer
	responses []*transhipv1.DeleteTreeResponse
}

func (lying) GetServerInfo(context.Context, *transhipv1.GetServerInfoRequest) (*transhipv1.GetServerInfoResponse, error) {
	return &transhipv1.GetServerInfoResponse{}, nil
}

func (l lying) DeleteTree(_ *transhipv1.DeleteTreeRequest, stream grpc.ServerStreamingServer[transhipv1.DeleteTreeResponse]) error {
	for _, response := range l.responses {
		if err := stream.Send(response); err != nil {
			return err
		}
	}
	return nil
}

// TestRemoveAllLies checks that a client refuses wrong reports of a removal.
func TestRemoveAllLies(t *testing.T) {
	path := func(paths ...string) *transhipv1.DeleteTreeResponse {
		return &transhipv1.DeleteTreeResponse{DeletedCount: int64(len(paths)), Paths: paths}
	}
	done := func(count int64) *transhipv1.DeleteTreeResponse {
		return &transhipv1.DeleteTreeResponse{DeletedCount: count, Done: true}
	}
	for name, test := range map[string]struct {
		responses []*transhipv1.DeleteTreeResponse
		ok        bool
	}{
		"good":           {[]*transhipv1.DeleteTreeResponse{path("d/a", "d/b"), done(2)}, true},
		"without an end": {[]*transhipv1.DeleteTreeResponse{path("d/a")}, false},
		"nothing":        {nil, false},
		"goes back":      {[]*transhipv1.DeleteTreeResponse{path("d/a", "d/b"), done(1)}, false},
		"after the end":  {[]*transhipv1.DeleteTreeResponse{done(0), done(0)}, false},
		"elsewhere":      {[]*transhipv1.DeleteTreeResponse{path("e/a"), done(1)}, false},
		"invalid":        {[]*transhipv1.DeleteTreeResponse{path("d/../a"), done(1)}, false},
		"without paths":  {[]*transhipv1.DeleteTreeResponse{done(3)}, false},
		"negative":       {[]*transhipv1.DeleteTreeResponse{done(-1)}, false},
		"empty messages": {make([]*transhipv1.DeleteTreeResponse, 2000), false},
		"too many paths": {[]*transhipv1.DeleteTreeResponse{{DeletedCount: 1, Paths: []string{"d/a", "d/b"}}, done(1)}, false},
		"empty progress": {[]*transhipv1.DeleteTreeResponse{{}, {}, done(0)}, true},
	} {
		address := loopback.Serve(t, func(registrar grpc.ServiceRegistrar) {
			transhipv1.RegisterFileServiceServer(registrar, lying{responses: test.responses})
		})
		connected, err := client.Dial(t.Context(), address, client.Options{})
		if err != nil {
			t.Fatal(err)
		}
		_, err = connected.RemoveAll(t.Context(), "d", tranship.RemoveAllOptions{Progress: func(string) {}})
		if test.ok != (err == nil) || !test.ok && !errors.Is(err, tranship.ErrIntegrity) {
			t.Errorf("%s: %v", name, err)
		}
		connected.Close()
	}
}
