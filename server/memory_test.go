package server_test

import (
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"

	"github.com/tranship/tranship/internal/loopback"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/mem"
)

// TestMemoryLimitCalls checks that a call too many is refused with what clients try
// again, and that there is room again when another has ended.
func TestMemoryLimitCalls(t *testing.T) {
	options := server.Options{Memory: server.NewMemory(server.MinMemoryLimit)}
	service := server.New(&mem.Store{}, options)
	address := loopback.Serve(t, service.Register, server.GRPCOptions(options)...)
	client := transhipv1.NewFileServiceClient(loopback.Dial(t, address))
	ctx := testContext(t)

	const room = 6 // three quarters of 16 MiB, 2 MiB each
	var streams []grpc.BidiStreamingClient[transhipv1.UploadRequest, transhipv1.UploadResponse]
	for range room {
		stream, _ := beginUpload(t, ctx, client)
		streams = append(streams, stream)
	}
	refused, err := client.Upload(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := refused.Recv(); codeOf(err) != codes.Unavailable {
		t.Errorf("a call too many: %v, want UNAVAILABLE", err)
	}
	// Calls that do not stream are not counted.
	if _, err := client.GetServerInfo(ctx, &transhipv1.GetServerInfoRequest{}); err != nil {
		t.Error(err)
	}
	if err := streams[0].CloseSend(); err != nil {
		t.Fatal(err)
	}
	if _, _, err := terminals(t, streams[0]); err != nil {
		t.Fatal(err)
	}
	for {
		// The client hears of the end a moment before the server lets go.
		stream, err := client.Upload(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if err := stream.CloseSend(); err != nil {
			t.Fatal(err)
		}
		if _, err = stream.Recv(); codeOf(err) == codes.OK {
			break
		} else if codeOf(err) != codes.Unavailable {
			t.Fatalf("after one has ended: %v", err)
		}
	}
}
