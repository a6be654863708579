package server_test

import (
	"bytes"
	"context"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
	"github.com/tranship/tranship/store/mem"
)

// part is one whole part of a mem.Store whose parts are partSize bytes.
const partSize = 1000

func part(b byte) []byte { return bytes.Repeat([]byte{b}, partSize) }

type uploadStream = grpc.BidiStreamingClient[transhipv1.UploadRequest, transhipv1.UploadResponse]

// start opens a stream and sends requests.
func start(t *testing.T, ctx context.Context, client transhipv1.FileServiceClient, requests ...*transhipv1.UploadRequest) uploadStream {
	t.Helper()
	stream, err := client.Upload(ctx)
	if err != nil {
		t.Fatal(err)
	}
	send(t, stream, requests...)
	return stream
}

func send(t *testing.T, stream uploadStream, requests ...*transhipv1.UploadRequest) {
	t.Helper()
	for _, request := range requests {
		if err := stream.Send(request); err != nil {
			t.Fatal(err)
		}
	}
}

func receive(t *testing.T, stream uploadStream) *transhipv1.UploadResponse {
	t.Helper()
	response, err := stream.Recv()
	if err != nil {
		t.Fatal(err)
	}
	return response
}

// TestProgress asks for progress and gets the durable parts, each once.
func TestProgress(t *testing.T) {
	overBoth(t, func(t *testing.T, serve way) {
		client, _ := serve.client(t, &mem.Store{PartSize: partSize})
		request := resumable(1, "file", transhipv1.Begin_MODE_RESUME, 2000, "key")
		request.GetBegin().ProgressInterval = durationpb.New(time.Nanosecond)
		stream := start(t, testContext(t), client, request, chunk(1, nil, part('a')), chunk(1, nil, []byte("more")))
		receive(t, stream)
		told := 0
		for {
			progress := receive(t, stream).GetProgress()
			told += len(progress.GetNewlyDurable())
			if progress.GetReceivedBytes() == 1004 && progress.GetWrittenBytes() == 1004 && progress.GetDurableBytes() == 1000 {
				break
			}
		}
		if told != 1 {
			t.Errorf("%d parts were told durable, want 1", told)
		}
	})
}

// TestShutdownDetaches ends the stream of an upload that can be resumed.
func TestShutdownDetaches(t *testing.T) {
	overBoth(t, func(t *testing.T, serve way) {
		store := &watched{Store: mem.Store{PartSize: partSize}, aborted: make(chan struct{}, 1), detached: make(chan struct{}, 1)}
		client, service := serve.client(t, store)
		stream := start(t, testContext(t), client, resumable(1, "file", transhipv1.Begin_MODE_RESUME, 2000, "key"))
		receive(t, stream)
		service.Shutdown()
		<-store.detached
		begun := time.Now()
		_, failed, err := terminals(t, stream)
		if took := time.Since(begun); took > 10*time.Second {
			t.Errorf("the stream ended after %v, want at once", took)
		}
		if codes.Code(failed[1].GetCode()) != codes.Unavailable || status.Code(err) != codes.Unavailable {
			t.Errorf("failed %v, then %v; want UNAVAILABLE twice", failed, err)
		}
	})
}

// TestJoinedSlotThatFails writes some of a part through a joined slot that is then
// given up, or left open: nothing of it becomes part of the file.
func TestJoinedSlotThatFails(t *testing.T) {
	overBoth(t, func(t *testing.T, serve way) {
		for _, test := range []struct {
			name string
			last []*transhipv1.UploadRequest
		}{
			{"cancelled", []*transhipv1.UploadRequest{cancelSlot(1)}},
			{"never finished", nil},
			{"failed", []*transhipv1.UploadRequest{chunk(1, new(int64(5)), []byte("gap"))}},
		} {
			t.Run(test.name, func(t *testing.T) {
				store := &mem.Store{PartSize: partSize}
				client, _ := serve.client(t, store)
				owner := start(t, testContext(t), client, begin(1, "file", nil), chunk(1, nil, part('a')))
				begun := receive(t, owner).GetBegun()
				requests := append([]*transhipv1.UploadRequest{join(1, begun), chunk(1, new(int64(partSize)), []byte("partial"))}, test.last...)
				if _, failed := upload(t, client, requests...); failed[1] == nil {
					t.Fatal("the joined slot did not fail")
				}
				send(t, owner, finish(1))
				if file := receive(t, owner).GetFinished().GetFile(); file.GetSize() != partSize {
					t.Errorf("the file is %v, want %d bytes", file, partSize)
				}
			})
		}
	})
}

// TestKeepalive sends keepalives beside progress, as fast as it can: each only
// counts, and they never disturb a slot.
func TestKeepalive(t *testing.T) {
	overBoth(t, func(t *testing.T, serve way) {
		client, service := serve.client(t, &mem.Store{PartSize: partSize})
		service.SetKeepalive(time.Microsecond)
		const parts = 300
		request := resumable(1, "file", transhipv1.Begin_MODE_RESUME, parts*partSize, "key")
		request.GetBegin().ProgressInterval = durationpb.New(time.Nanosecond)
		stream := start(t, testContext(t), client, request)
		go func() {
			for range parts {
				if stream.Send(chunk(1, nil, part('a'))) != nil {
					return
				}
			}
			_ = stream.Send(finish(1))
		}()
		for {
			response := receive(t, stream)
			if response.GetFinished() != nil {
				return
			}
			if response.GetFailed() != nil {
				t.Fatal(response)
			}
		}
	})
}

// TestLargeEnvelope sends more beside the data than any file needs.
func TestLargeEnvelope(t *testing.T) {
	overBoth(t, func(t *testing.T, serve way) {
		client, _ := serve.client(t, &mem.Store{})
		stream := start(t, testContext(t), client, resumable(1, "file", transhipv1.Begin_MODE_RESUME, 1, string(make([]byte, 1<<20))))
		if _, _, err := terminals(t, stream); status.Code(err) != codes.ResourceExhausted {
			t.Errorf("the stream ended with %v, want RESOURCE_EXHAUSTED", err)
		}
	})
}
