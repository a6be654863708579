package server_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"

	"github.com/tranship/tranship"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
	"github.com/tranship/tranship/store/mem"
)

// delivery is what one slot of a Download stream got.
type delivery struct {
	opened *transhipv1.File
	data   []byte
	done   *transhipv1.Done
	failed *transhipv1.Status
}

// deliveries reads to the end of the stream and checks the order in each slot.
func deliveries(t *testing.T, stream grpc.BidiStreamingClient[transhipv1.DownloadRequest, transhipv1.DownloadResponse]) (map[uint64]*delivery, error) {
	t.Helper()
	all := map[uint64]*delivery{}
	get := func(slot uint64) *delivery {
		if all[slot] == nil {
			all[slot] = &delivery{}
		}
		if all[slot].done != nil || all[slot].failed != nil {
			t.Fatalf("slot %d goes on after its terminal reply", slot)
		}
		return all[slot]
	}
	for {
		response, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return all, err
		}
		switch reply := response.GetResponse().(type) {
		case *transhipv1.DownloadResponse_Opened:
			get(reply.Opened.GetSlot()).opened = reply.Opened.GetFile()
		case *transhipv1.DownloadResponse_Chunk:
			d := get(reply.Chunk.GetSlot())
			if d.opened == nil {
				t.Fatalf("slot %d has a chunk before opened", reply.Chunk.GetSlot())
			}
			if tranship.CRC32C(reply.Chunk.GetData()) != reply.Chunk.GetCrc32C() {
				t.Fatalf("slot %d has a chunk without its CRC32C", reply.Chunk.GetSlot())
			}
			d.data = append(d.data, reply.Chunk.GetData()...)
		case *transhipv1.DownloadResponse_Done:
			get(reply.Done.GetSlot()).done = reply.Done
		case *transhipv1.DownloadResponse_Failed:
			get(reply.Failed.GetSlot()).failed = reply.Failed.GetStatus()
		}
	}
}

func open(slot uint64, path string, offset, length *int64) *transhipv1.DownloadRequest {
	return &transhipv1.DownloadRequest{Request: &transhipv1.DownloadRequest_Open{Open: &transhipv1.Open{
		Slot: slot, Path: path, Offset: offset, Length: length,
	}}}
}

// TestDownloadManyFiles asks for many files, ranges and missing files on one stream
// before it reads anything.
func TestDownloadManyFiles(t *testing.T) {
	overBoth(t, func(t *testing.T, serve way) {
		store := &mem.Store{}
		data := bytes.Repeat([]byte("0123456789"), 100_000)
		if _, err := store.Put(t.Context(), tranship.Spec{Path: "file"}, data); err != nil {
			t.Fatal(err)
		}
		old, err := store.Put(t.Context(), tranship.Spec{Path: "replaced"}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := store.Put(t.Context(), tranship.Spec{Path: "replaced"}, nil); err != nil {
			t.Fatal(err)
		}
		size := int64(len(data))
		tests := []struct {
			name string
			open *transhipv1.Open
			want []byte
			code codes.Code
		}{
			{"whole", &transhipv1.Open{Path: "file"}, data, codes.OK},
			{"range", &transhipv1.Open{Path: "file", Offset: new(int64(5)), Length: new(int64(300_000))}, data[5:300_005], codes.OK},
			{"to the end", &transhipv1.Open{Path: "file", Offset: new(int64(999_990))}, data[999_990:], codes.OK},
			{"nothing", &transhipv1.Open{Path: "file", Length: new(int64(0))}, nil, codes.OK},
			{"at the end", &transhipv1.Open{Path: "file", Offset: &size}, nil, codes.OK},
			{"cut at the end", &transhipv1.Open{Path: "file", Offset: new(size - 3), Length: new(int64(1 << 62))}, data[size-3:], codes.OK},
			{"beyond the end", &transhipv1.Open{Path: "file", Offset: new(size + 1)}, nil, codes.InvalidArgument},
			{"negative offset", &transhipv1.Open{Path: "file", Offset: new(int64(-1))}, nil, codes.InvalidArgument},
			{"negative length", &transhipv1.Open{Path: "file", Length: new(int64(-1))}, nil, codes.InvalidArgument},
			{"missing", &transhipv1.Open{Path: "missing"}, nil, codes.NotFound},
			{"bad path", &transhipv1.Open{Path: "../file"}, nil, codes.InvalidArgument},
			{"old version", &transhipv1.Open{Path: "replaced", Version: &old.Version}, nil, codes.FailedPrecondition},
		}
		client, _ := serve.client(t, store)
		stream, err := client.Download(testContext(t))
		if err != nil {
			t.Fatal(err)
		}
		const rounds = 30 // more slots than may be unanswered at once
		for round := range rounds {
			for i, test := range tests {
				test.open.Slot = uint64(round*len(tests) + i + 1)
				if err := stream.Send(&transhipv1.DownloadRequest{Request: &transhipv1.DownloadRequest_Open{Open: test.open}}); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := stream.CloseSend(); err != nil {
			t.Fatal(err)
		}
		got, err := deliveries(t, stream)
		if err != nil {
			t.Fatal(err)
		}
		for slot := range uint64(rounds * len(tests)) {
			test, d := tests[slot%uint64(len(tests))], got[slot+1]
			switch {
			case d == nil:
				t.Fatalf("%s: no reply for slot %d", test.name, slot+1)
			case codes.Code(d.failed.GetCode()) != test.code:
				t.Errorf("%s: %v, want %v", test.name, d.failed, test.code)
			case test.code == codes.OK && (!bytes.Equal(d.data, test.want) || d.done.GetCrc32C() != tranship.CRC32C(test.want)):
				t.Errorf("%s: %d bytes with CRC32C %08x, want %d", test.name, len(d.data), d.done.GetCrc32C(), len(test.want))
			}
		}
	})
}

// TestDownloadSlots breaks the rules of slots; others go on.
func TestDownloadSlots(t *testing.T) {
	overBoth(t, func(t *testing.T, serve way) {
		store := &mem.Store{}
		if _, err := store.Put(t.Context(), tranship.Spec{Path: "file"}, []byte("data")); err != nil {
			t.Fatal(err)
		}
		client, _ := serve.client(t, store)
		stream, err := client.Download(testContext(t))
		if err != nil {
			t.Fatal(err)
		}
		for _, request := range []*transhipv1.DownloadRequest{
			open(0, "file", nil, nil), open(5, "file", nil, nil), open(4, "file", nil, nil), open(6, "file", nil, nil),
			{Request: &transhipv1.DownloadRequest_Cancel{Cancel: &transhipv1.Cancel{Slot: 99}}},
		} {
			if err := stream.Send(request); err != nil {
				t.Fatal(err)
			}
		}
		if err := stream.CloseSend(); err != nil {
			t.Fatal(err)
		}
		got, err := deliveries(t, stream)
		if err != nil {
			t.Fatal(err)
		}
		for slot, want := range map[uint64]codes.Code{0: codes.InvalidArgument, 4: codes.InvalidArgument, 5: codes.OK, 6: codes.OK} {
			if d := got[slot]; d == nil || codes.Code(d.failed.GetCode()) != want {
				t.Errorf("slot %d: %+v, want %v", slot, d, want)
			}
		}
	})
}

// endless is a store whose one file never ends and notices when it is closed.
type endless struct {
	tranship.Store
	closed chan struct{}
}

func (e *endless) Open(ctx context.Context, path string, _ tranship.OpenOptions) (tranship.Content, error) {
	return &endlessContent{e, path}, nil
}

type endlessContent struct {
	store *endless
	path  string
}

func (c *endlessContent) File() tranship.File        { return tranship.File{Path: c.path, Size: 1 << 60} }
func (c *endlessContent) Read(p []byte) (int, error) { return len(p), nil }
func (c *endlessContent) Close() error {
	close(c.store.closed)
	return nil
}

// TestDownloadCancel gives up one slot of a stream, whose reading must end.
func TestDownloadCancel(t *testing.T) {
	overBoth(t, func(t *testing.T, serve way) {
		store := &endless{Store: &mem.Store{}, closed: make(chan struct{})}
		client, _ := serve.client(t, store)
		stream, err := client.Download(testContext(t))
		if err != nil {
			t.Fatal(err)
		}
		if err := stream.Send(open(1, "file", nil, nil)); err != nil {
			t.Fatal(err)
		}
		if _, err := stream.Recv(); err != nil {
			t.Fatal(err)
		}
		if err := stream.Send(&transhipv1.DownloadRequest{Request: &transhipv1.DownloadRequest_Cancel{Cancel: &transhipv1.Cancel{Slot: 1}}}); err != nil {
			t.Fatal(err)
		}
		for {
			response, err := stream.Recv()
			if err != nil {
				t.Fatal(err)
			}
			if failed := response.GetFailed(); failed != nil {
				if codes.Code(failed.GetStatus().GetCode()) != codes.Canceled {
					t.Errorf("the slot failed with %v, want CANCELLED", failed)
				}
				break
			}
		}
		<-store.closed
	})
}

// TestDownloadAbandoned cuts the stream; reading must end.
func TestDownloadAbandoned(t *testing.T) {
	overBoth(t, func(t *testing.T, serve way) {
		store := &endless{Store: &mem.Store{}, closed: make(chan struct{})}
		client, _ := serve.client(t, store)
		ctx, cancel := context.WithCancel(testContext(t))
		stream, err := client.Download(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if err := stream.Send(open(1, "file", nil, nil)); err != nil {
			t.Fatal(err)
		}
		if _, err := stream.Recv(); err != nil {
			t.Fatal(err)
		}
		cancel()
		<-store.closed
	})
}

func TestListLimit(t *testing.T) {
	overBoth(t, func(t *testing.T, serve way) {
		store := &mem.Store{}
		for i := range 600 {
			if _, err := store.Put(t.Context(), tranship.Spec{Path: fmt.Sprintf("%03d", i)}, nil); err != nil {
				t.Fatal(err)
			}
		}
		client, _ := serve.client(t, store)
		for _, test := range []struct {
			request *transhipv1.ListRequest
			want    int
			code    codes.Code
		}{
			{&transhipv1.ListRequest{}, 600, codes.OK},
			{&transhipv1.ListRequest{Limit: 1}, 1, codes.OK},
			{&transhipv1.ListRequest{Limit: 256}, 256, codes.OK},
			{&transhipv1.ListRequest{Limit: 300, StartAfter: "399"}, 200, codes.OK},
			{&transhipv1.ListRequest{Limit: -1}, 0, codes.InvalidArgument},
		} {
			stream, err := client.List(testContext(t), test.request)
			if err != nil {
				t.Fatal(err)
			}
			got := 0
			for {
				response, err := stream.Recv()
				if err != nil {
					if codeOf(err) != test.code {
						t.Errorf("%v: %v, want %v", test.request, err, test.code)
					}
					break
				}
				got += len(response.GetEntries())
			}
			if got != test.want {
				t.Errorf("%v: %d entries, want %d", test.request, got, test.want)
			}
		}
	})
}
