package server_test

import (
	"bytes"
	"context"
	"io"
	"sync/atomic"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/encoding/gzip"
	"google.golang.org/grpc/stats"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
	"github.com/tranship/tranship/store/mem"
)

// withUnknown adds a field to a message that no version of the protocol has.
func withUnknown[M proto.Message](message M) M {
	message.ProtoReflect().SetUnknown(protowire.AppendVarint(protowire.AppendTag(nil, 999, protowire.VarintType), 1))
	return message
}

// Enum values and conditions that the server does not know fail with a code that says so, in
// each message that has them; other unknown fields are ignored. Nothing takes their place.
func TestUnknownValues(t *testing.T) {
	overBoth(t, func(t *testing.T, serve way) {
		store := &mem.Store{}
		client, _ := serve.client(t, store)
		strange := func() *transhipv1.Precondition { return withUnknown(&transhipv1.Precondition{}) }
		known := withUnknown(&transhipv1.Precondition{Condition: &transhipv1.Precondition_MustNotExist{MustNotExist: true}})
		for name, c := range map[string]struct {
			request *transhipv1.UploadRequest
			want    codes.Code
		}{
			"begin with a durability": {&transhipv1.UploadRequest{Request: &transhipv1.UploadRequest_Begin{Begin: &transhipv1.Begin{Slot: 1, Path: "a", Durability: 99}}}, codes.InvalidArgument},
			"put with a durability":   {&transhipv1.UploadRequest{Request: &transhipv1.UploadRequest_Put{Put: &transhipv1.Put{Slot: 1, Path: "a", Durability: 99}}}, codes.InvalidArgument},
			"begin with a mode":       {&transhipv1.UploadRequest{Request: &transhipv1.UploadRequest_Begin{Begin: &transhipv1.Begin{Slot: 1, Path: "a", Mode: 99}}}, codes.Unimplemented},
			"begin with a condition":  {&transhipv1.UploadRequest{Request: &transhipv1.UploadRequest_Begin{Begin: &transhipv1.Begin{Slot: 1, Path: "a", Precondition: strange()}}}, codes.Unimplemented},
			"put with a condition":    {&transhipv1.UploadRequest{Request: &transhipv1.UploadRequest_Put{Put: &transhipv1.Put{Slot: 1, Path: "a", Precondition: strange()}}}, codes.Unimplemented},
			"put with two conditions": {&transhipv1.UploadRequest{Request: &transhipv1.UploadRequest_Put{Put: &transhipv1.Put{Slot: 1, Path: "a", Precondition: known}}}, codes.Unimplemented},
		} {
			_, failed := upload(t, client, c.request, finish(1))
			if got := codes.Code(failed[1].GetCode()); got != c.want {
				t.Errorf("%s: %v, want %v", name, failed[1], c.want)
			}
		}
		if content(t, store, "a") != nil {
			t.Error("a file was stored")
		}
		finished, failed := upload(t, client, &transhipv1.UploadRequest{Request: &transhipv1.UploadRequest_Put{Put: withUnknown(&transhipv1.Put{
			Slot: 1, Path: "a", Data: []byte("a"), Attributes: withUnknown(&transhipv1.Attributes{}),
		})}})
		if finished[1] == nil {
			t.Errorf("a put with other unknown fields: %v", failed[1])
		}
		for name, call := range map[string]func() error{
			"SetAttributes": func() error {
				return second(client.SetAttributes(testContext(t), &transhipv1.SetAttributesRequest{Path: "a", Precondition: strange()}))
			},
			"Delete": func() error {
				return second(client.Delete(testContext(t), &transhipv1.DeleteRequest{Path: "a", Precondition: strange()}))
			},
			"Move": func() error {
				return second(client.Move(testContext(t), &transhipv1.MoveRequest{SourcePath: "a", DestinationPath: "b", Precondition: strange()}))
			},
			"Copy": func() error {
				return second(client.Copy(testContext(t), &transhipv1.CopyRequest{SourcePath: "a", DestinationPath: "b", Precondition: strange()}))
			},
		} {
			if err := call(); status.Code(err) != codes.Unimplemented {
				t.Errorf("%s: %v", name, err)
			}
		}
		if string(content(t, store, "a")) != "a" || content(t, store, "b") != nil {
			t.Error("a file was changed")
		}
	})
}

func second[T any](_ T, err error) error { return err }

// A message that has only a member of the oneof that the server does not know ends the stream,
// as does an empty one; files that were finished before stay.
func TestUnknownRequest(t *testing.T) {
	overBoth(t, func(t *testing.T, serve way) {
		for name, strange := range map[string]*transhipv1.UploadRequest{
			"empty":          {},
			"unknown member": withUnknown(&transhipv1.UploadRequest{}),
		} {
			t.Run(name, func(t *testing.T) {
				store := &mem.Store{}
				client, _ := serve.client(t, store)
				stream := start(t, testContext(t), client, put(1, "before", []byte("b")))
				if receive(t, stream).GetFinished() == nil {
					t.Fatal("the put failed")
				}
				send(t, stream, strange)
				if _, err := stream.Recv(); status.Code(err) != codes.InvalidArgument {
					t.Errorf("%v, want INVALID_ARGUMENT", err)
				}
				if string(content(t, store, "before")) != "b" {
					t.Error("the file that was finished before is gone")
				}
			})
		}
	})
}

// A message beyond the limit ends the stream with a status of gRPC, not one of a slot; a put
// with too much data in a message that is not too large fails its slot alone.
func TestTooLargeMessages(t *testing.T) {
	overBoth(t, func(t *testing.T, serve way) {
		store := &mem.Store{}
		client, _ := serve.client(t, store)
		info, err := client.GetServerInfo(testContext(t), &transhipv1.GetServerInfoRequest{})
		if err != nil {
			t.Fatal(err)
		}
		stream := start(t, testContext(t), client, put(1, "before", []byte("b")), put(2, "data", make([]byte, info.GetMaxPutBytes()+1)), put(3, "after", []byte("a")))
		for range 3 {
			reply := receive(t, stream)
			if failed := reply.GetFailed(); failed != nil && (failed.GetSlot() != 2 || codes.Code(failed.GetStatus().GetCode()) != codes.ResourceExhausted) {
				t.Errorf("%v", failed)
			}
		}
		send(t, stream, put(4, "message", make([]byte, info.GetMaxMessageBytes()+1)))
		_, err = stream.Recv()
		if status.Code(err) != codes.ResourceExhausted || len(status.Convert(err).Details()) != 0 {
			t.Errorf("%v, %v", err, status.Convert(err).Details())
		}
		for path, want := range map[string]bool{"before": true, "data": false, "after": true, "message": false} {
			if (content(t, store, path) != nil) != want {
				t.Errorf("%s is stored: %v", path, !want)
			}
		}
	})
}

// unknownCompressor compresses nothing, under a name that the server does not know.
type unknownCompressor struct{}

func (unknownCompressor) Do(w io.Writer, data []byte) error { _, err := w.Write(data); return err }
func (unknownCompressor) Type() string                      { return "brotli" }

// The server accepts gzip, and answers with it, and refuses other compression by its code. The
// limit of a message is that of what it is decompressed to.
func TestCompression(t *testing.T) {
	store := &mem.Store{}
	seen := &compressions{}
	client, _ := serve(t, store, grpc.WithDefaultCallOptions(grpc.UseCompressor(gzip.Name)), grpc.WithStatsHandler(seen))
	data := bytes.Repeat([]byte("a"), 1<<20)
	stream, err := client.Upload(testContext(t))
	if err != nil {
		t.Fatal(err)
	}
	send(t, stream, put(1, "file", data))
	if receive(t, stream).GetFinished() == nil || !bytes.Equal(content(t, store, "file"), data) {
		t.Error("a compressed put failed")
	}
	if got := seen.last.Load(); got != gzip.Name {
		t.Errorf("the compression of the answer is %v", got)
	}
	send(t, stream, put(2, "bomb", make([]byte, 64<<20)))
	if _, err := stream.Recv(); status.Code(err) != codes.ResourceExhausted {
		t.Errorf("64 MiB of zeros: %v", err)
	}
	strange, _ := serve(t, store, grpc.WithCompressor(unknownCompressor{})) //nolint:staticcheck // the only way to compress with what the server does not know
	if _, err := strange.Stat(testContext(t), &transhipv1.StatRequest{Path: "file"}); status.Code(err) != codes.Unimplemented {
		t.Errorf("an unknown compression: %v", err)
	}
}

// compressions keeps the compression of the last response.
type compressions struct{ last atomic.Value }

func (*compressions) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context { return ctx }
func (*compressions) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context {
	return ctx
}
func (*compressions) HandleConn(context.Context, stats.ConnStats) {}
func (c *compressions) HandleRPC(_ context.Context, event stats.RPCStats) {
	if header, ok := event.(*stats.InHeader); ok && header.Client {
		c.last.Store(header.Compression)
	}
}
