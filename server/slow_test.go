package server_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/status"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/rpcstatus"
	"github.com/tranship/tranship/internal/testing/loopback"
	"github.com/tranship/tranship/internal/testing/storeserver"
	transferpb "github.com/tranship/tranship/proto/filetransfer"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/server/limit"
	"github.com/tranship/tranship/store/mem"
)

// slowWindow is for how long clients may be slow in these tests. It is long enough for a client
// that only waits for a busy machine.
const slowWindow = 500 * time.Millisecond

// serveLimited runs the services with a limit of how slow a client may be.
func serveLimited(t *testing.T, store tranship.Store, options limit.Options) *grpc.ClientConn {
	t.Helper()
	address := storeserver.Mount(t, store, server.Config{Limits: options}, server.GRPCOptions(server.Config{Limits: options})...)
	return loopback.Dial(t, address)
}

// named checks that an error is UNAVAILABLE and names a limit.
func named(t *testing.T, err error, limit tranship.Limit) {
	t.Helper()
	over, ok := errors.AsType[*tranship.LimitError](err)
	if !ok || !errors.Is(err, tranship.ErrUnavailable) || over.Limit != limit {
		t.Errorf("got %v, want UNAVAILABLE of the limit %s", err, limit)
	}
}

// A sender that stalls loses its upload, and goes on with it later; others are served
// meanwhile, also on the same stream, and what owes nothing may take its time.
func TestSlowSender(t *testing.T) {
	overBoth(t, func(t *testing.T, serve way) {
		store := &mem.Store{PartSize: 1000}
		client := serve.limited(t, store, limit.Options{MinRate: 1000, MinRateWindow: slowWindow})
		stream, err := client.Upload(testContext(t))
		if err != nil {
			t.Fatal(err)
		}
		send := func(requests ...*transhipv1.UploadRequest) {
			t.Helper()
			for _, request := range requests {
				if err := stream.Send(request); err != nil {
					t.Fatal(err)
				}
			}
		}
		begin := func(slot uint64, path string, mode transhipv1.Begin_Mode) *transhipv1.UploadRequest {
			return &transhipv1.UploadRequest{Request: &transhipv1.UploadRequest_Begin{Begin: &transhipv1.Begin{
				Slot: slot, Path: path, Size: new(int64(2000)), Keep: true, ResumeKey: "key", Mode: mode,
			}}}
		}
		data := func(slot uint64, offset int64) *transhipv1.UploadRequest {
			return &transhipv1.UploadRequest{Request: &transhipv1.UploadRequest_Chunk{Chunk: &transhipv1.Chunk{
				Slot: slot, Offset: &offset, Data: bytes.Repeat([]byte{1}, 1000),
			}}}
		}
		finish := func(slot uint64) *transhipv1.UploadRequest {
			return &transhipv1.UploadRequest{Request: &transhipv1.UploadRequest_Finish{Finish: &transhipv1.Finish{Slot: slot}}}
		}
		next := func() *transhipv1.UploadResponse {
			t.Helper()
			for {
				response, err := stream.Recv()
				if err != nil {
					t.Fatal(err)
				}
				if response.GetProgress() == nil {
					return response
				}
			}
		}
		// Slot 1 has sent all and waits with its end; slot 2 stalls.
		send(begin(1, "all", transhipv1.Begin_MODE_NEW), data(1, 0), data(1, 1000))
		send(begin(2, "half", transhipv1.Begin_MODE_NEW), data(2, 0))
		begun := 0
		var failed *transhipv1.Failed
		for slot := uint64(3); failed == nil; slot++ {
			send(&transhipv1.UploadRequest{Request: &transhipv1.UploadRequest_Put{Put: &transhipv1.Put{Slot: slot, Path: "put", Data: []byte("x")}}})
			for finished := false; !finished && failed == nil; {
				response := next()
				if response.GetBegun() != nil {
					begun++
				}
				finished, failed = response.GetFinished() != nil, response.GetFailed()
			}
		}
		if begun != 2 || failed.GetSlot() != 2 {
			t.Fatalf("%d slots were begun, and %v failed", begun, failed)
		}
		named(t, rpcstatus.FromProto(failed.GetStatus()), tranship.LimitMinRate)

		const again = 1 << 20
		send(finish(1), begin(again, "half", transhipv1.Begin_MODE_RESUME))
		for resumed := false; !resumed; {
			if reply := next().GetBegun(); reply != nil {
				resumed = true
				if len(reply.GetDurable()) != 1 {
					t.Errorf("%v is left of the upload", reply.GetDurable())
				}
			}
		}
		send(data(again, 1000), finish(again))
		if err := stream.CloseSend(); err != nil {
			t.Fatal(err)
		}
		if _, failed, err := terminals(t, stream); err != nil || len(failed) > 0 {
			t.Errorf("%v, %v", failed, err)
		}
		for _, path := range []string{"all", "half"} {
			if file, err := store.Stat(t.Context(), path); err != nil || file.Size != 2000 {
				t.Errorf("%s: %+v, %v", path, file, err)
			}
		}
	})
}

// The same for a protocol in which the client owes something as long as it sends.
func TestSlowSenderOfOtherProtocol(t *testing.T) {
	store := new(mem.Store)
	conn := serveLimited(t, store, limit.Options{MinRate: 1000, MinRateWindow: slowWindow})
	stream, err := transferpb.NewFileServiceClient(conn).Upload(testContext(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.Send(&transferpb.Chunk{Data: []byte("begun")}); err != nil {
		t.Fatal(err)
	}
	s := status.Convert(stream.RecvMsg(&transferpb.Response{}))
	named(t, rpcstatus.FromError(s.Err()), tranship.LimitMinRate)
	for entry := range store.List(t.Context(), tranship.ListOptions{}) {
		t.Errorf("it has left %s", entry.Path)
	}
}

// openStore is a store that gives the context of each Open to opened.
type openStore struct {
	*mem.Store
	opened chan context.Context
}

func (s openStore) Open(ctx context.Context, path string, options tranship.OpenOptions) (tranship.Content, error) {
	s.opened <- ctx
	return s.Store.Open(ctx, path, options)
}

// A reader that takes nothing of a download until the server ends it loses it, and may go on where it
// was. The reader must not wait for longer: a lane is closed when the status of a call is not taken.
func TestSlowReader(t *testing.T) {
	overBoth(t, func(t *testing.T, serve way) {
		store := openStore{new(mem.Store), make(chan context.Context, 2)}
		upload, err := store.Begin(t.Context(), tranship.Spec{Path: "large"})
		if err != nil {
			t.Fatal(err)
		}
		const parts = 8
		for n := range parts {
			part, err := upload.Part(t.Context(), n)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := part.Write(make([]byte, mem.DefaultPartSize)); err != nil {
				t.Fatal(err)
			}
			if err := part.Close(); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := upload.Commit(t.Context(), tranship.Commit{Size: parts * mem.DefaultPartSize}); err != nil {
			t.Fatal(err)
		}
		read := func(offset int64, window time.Duration, wait func()) (int64, error) {
			client := serve.limited(t, store, limit.Options{MinRate: 1000, MinRateWindow: window})
			stream, err := client.Download(testContext(t))
			if err != nil {
				t.Fatal(err)
			}
			open := &transhipv1.Open{Slot: 1, Path: "large", Offset: &offset}
			if err := stream.Send(&transhipv1.DownloadRequest{Request: &transhipv1.DownloadRequest_Open{Open: open}}); err != nil {
				t.Fatal(err)
			}
			wait()
			for {
				response, err := stream.Recv()
				switch {
				case errors.Is(err, io.EOF):
					return offset, nil
				case err != nil:
					return offset, err
				case response.GetDone() != nil:
					if err := stream.CloseSend(); err != nil {
						t.Fatal(err)
					}
				}
				offset += int64(len(response.GetChunk().GetData()))
			}
		}
		offset, err := read(0, slowWindow, func() { <-(<-store.opened).Done() })
		if s := status.Convert(err); offset == parts*mem.DefaultPartSize {
			t.Error("all of it came")
		} else {
			named(t, rpcstatus.FromError(s.Err()), tranship.LimitMinRate)
		}
		if offset, err = read(offset, time.Minute, func() {}); err != nil || offset != parts*mem.DefaultPartSize {
			t.Errorf("the rest: %d, %v", offset, err)
		}
	})
}

// A stream on which nothing is under way ends after a while.
func TestIdleStream(t *testing.T) {
	overBoth(t, func(t *testing.T, serve way) {
		client := serve.limited(t, new(mem.Store), limit.Options{Idle: slowWindow})
		upload, err := client.Upload(testContext(t))
		if err != nil {
			t.Fatal(err)
		}
		download, err := client.Download(testContext(t))
		if err != nil {
			t.Fatal(err)
		}
		for _, stream := range []grpc.ClientStream{upload, download} {
			s := status.Convert(stream.RecvMsg(&transhipv1.UploadResponse{}))
			named(t, rpcstatus.FromError(s.Err()), tranship.LimitIdle)
		}
	})
}
