package server_test

import (
	"context"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"

	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/internal/loopback"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/mem"
)

// believing is a server option that takes callers for who they say they are.
func believing() grpc.ServerOption {
	return grpc.ChainStreamInterceptor(func(srv any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
		incoming, _ := metadata.FromIncomingContext(stream.Context())
		var p access.Principal
		for _, name := range incoming.Get("as") {
			p.Name = name
		}
		return handler(srv, calledBy{stream, access.NewContext(stream.Context(), p)})
	})
}

type calledBy struct {
	grpc.ServerStream
	ctx context.Context
}

func (c calledBy) Context() context.Context { return c.ctx }

// Who knows the id and the epoch of another's upload is answered as who made them up,
// and nothing happens to the upload.
func TestJoinOfAnother(t *testing.T) {
	store := &mem.Store{PartSize: partSize}
	service := server.New(store, server.Options{})
	options := append(server.GRPCOptions(server.Options{}), believing())
	client := transhipv1.NewFileServiceClient(loopback.Dial(t, loopback.Serve(t, service.Register, options...)))
	as := func(name string) context.Context {
		return metadata.AppendToOutgoingContext(testContext(t), "as", name)
	}
	ctx, cut := context.WithCancel(as("ann"))
	hers := start(t, ctx, client, resumable(1, "file", transhipv1.Begin_MODE_RESUME, 4, "key"))
	begun := receive(t, hers).GetBegun()
	if begun == nil {
		t.Fatal("the upload was not begun")
	}
	refused := func(name string, begun *transhipv1.Begun) *transhipv1.Status {
		t.Helper()
		stream := start(t, as(name), client, join(1, begun), chunk(1, new(int64(0)), []byte("evil")), finish(1))
		if err := stream.CloseSend(); err != nil {
			t.Fatal(err)
		}
		finished, failed, err := terminals(t, stream)
		if err != nil || len(finished) > 0 || failed[1] == nil {
			t.Fatalf("%s joined %v: %v, %v", name, begun, finished, err)
		}
		return failed[1]
	}
	madeUp := proto.Clone(begun).(*transhipv1.Begun)
	madeUp.UploadId = "MADEUPMADEUPMADEUPMADEUPMA"
	alike := func(when string) {
		t.Helper()
		for _, name := range []string{"", "bob"} {
			if got, want := refused(name, begun), refused(name, madeUp); !proto.Equal(got, want) {
				t.Errorf("%s, %q joins what ann has: %v; what nobody has: %v", when, name, got, want)
			}
		}
	}
	alike("under way")
	joined := start(t, as("ann"), client, join(1, begun), chunk(1, new(int64(0)), []byte("good")), finish(1))
	receive(t, joined) // begun
	if finished := receive(t, joined).GetFinished(); finished == nil {
		t.Fatal("ann cannot join her own upload")
	}
	send(t, hers, finish(1))
	if finished := receive(t, hers).GetFinished(); finished == nil || string(content(t, store, "file")) != "good" {
		t.Errorf("the file became %q", content(t, store, "file"))
	}
	alike("committed")
	cut()
}
