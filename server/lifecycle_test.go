package server_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/tranship/tranship"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
	"github.com/tranship/tranship/store/mem"
)

// codeOf is OK for the end of a stream.
func codeOf(err error) codes.Code {
	if errors.Is(err, io.EOF) {
		return codes.OK
	}
	return status.Code(err)
}

// watched is a store that tells when an upload has been aborted or detached.
type watched struct {
	mem.Store
	aborted, detached chan struct{}
}

func (w *watched) Begin(ctx context.Context, spec tranship.Spec) (tranship.Upload, error) {
	upload, err := w.Store.Begin(ctx, spec)
	return &watchedUpload{upload, w}, err
}

type watchedUpload struct {
	tranship.Upload
	store *watched
}

func (u *watchedUpload) Abort(ctx context.Context) error {
	defer func() { u.store.aborted <- struct{}{} }()
	return u.Upload.Abort(ctx)
}

func (u *watchedUpload) Detach(ctx context.Context) error {
	defer func() { u.store.detached <- struct{}{} }()
	return u.Upload.Detach(ctx)
}

// beginUpload begins slot 1 and waits for the reply.
func beginUpload(t *testing.T, ctx context.Context, client transhipv1.FileServiceClient) (grpc.BidiStreamingClient[transhipv1.UploadRequest, transhipv1.UploadResponse], *transhipv1.Begun) {
	t.Helper()
	stream, err := client.Upload(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, request := range []*transhipv1.UploadRequest{begin(1, "file", nil), chunk(1, nil, []byte("some"))} {
		if err := stream.Send(request); err != nil {
			t.Fatal(err)
		}
	}
	response, err := stream.Recv()
	if err != nil || response.GetBegun() == nil {
		t.Fatalf("begin was answered with %v, %v", response, err)
	}
	return stream, response.GetBegun()
}

// TestUploadCut ends a stream in the middle of a file: the upload is removed.
func TestUploadCut(t *testing.T) {
	overBoth(t, func(t *testing.T, serve way) {
		store := &watched{aborted: make(chan struct{}, 1)}
		client, _ := serve.client(t, store)
		ctx, cancel := context.WithCancel(testContext(t))
		beginUpload(t, ctx, client)
		cancel()
		<-store.aborted
		if content(t, &store.Store, "file") != nil {
			t.Error("a file whose stream was cut is visible")
		}
	})
}

// TestUploadJoin writes parts through slots of two streams.
func TestUploadJoin(t *testing.T) {
	overBoth(t, func(t *testing.T, serve way) {
		store := &mem.Store{}
		client, _ := serve.client(t, store)
		owner, begun := beginUpload(t, testContext(t), client)
		partSize := begun.GetPartSize()

		part := make([]byte, partSize)
		part[0] = 1
		requests := []*transhipv1.UploadRequest{join(7, begun)}
		for offset := int64(0); offset < partSize; offset += 1 << 20 {
			requests = append(requests, chunk(7, new(partSize+offset), part[offset:min(offset+1<<20, partSize)]))
		}
		finished, failed := upload(t, client, append(requests, finish(7))...)
		if finished[7] == nil || finished[7].GetFile() != nil {
			t.Fatalf("the joined slot ended with %v, %v; want finished without a file", finished, failed)
		}
		stale := &transhipv1.Begun{UploadId: begun.GetUploadId(), Epoch: begun.GetEpoch() + 1}
		if _, failed := upload(t, client, join(1, stale)); codes.Code(failed[1].GetCode()) != codes.Aborted {
			t.Errorf("joining with another epoch: %v, want ABORTED", failed)
		}

		rest := part[4:]
		for len(rest) > 0 {
			n := min(1<<20, len(rest))
			if err := owner.Send(chunk(1, nil, rest[:n])); err != nil {
				t.Fatal(err)
			}
			rest = rest[n:]
		}
		if err := owner.Send(finish(1)); err != nil {
			t.Fatal(err)
		}
		response, err := owner.Recv()
		if file := response.GetFinished().GetFile(); err != nil || file.GetSize() != 2*partSize {
			t.Fatalf("finish was answered with %v, %v; want a file of two parts", response, err)
		}
		want := append(append([]byte("some"), part[4:]...), part...)
		if got := content(t, store, "file"); string(got) != string(want) {
			t.Error("the parts are not where they belong")
		}
	})
}

// TestShutdown drains: what is under way may end, nothing new begins, and idle
// streams end.
func TestShutdown(t *testing.T) {
	overBoth(t, func(t *testing.T, serve way) {
		store := &mem.Store{}
		if _, err := store.Put(t.Context(), tranship.Spec{Path: "there"}, []byte("data")); err != nil {
			t.Fatal(err)
		}
		client, service := serve.client(t, store)
		idle, err := client.Download(testContext(t))
		if err != nil {
			t.Fatal(err)
		}
		// One file through the idle stream, so that the server has it for sure.
		if err := idle.Send(open(1, "there", nil, nil)); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			if _, err := idle.Recv(); err != nil {
				t.Fatal(err)
			}
		}
		stream, _ := beginUpload(t, testContext(t), client)
		service.Shutdown()
		service.Shutdown() // again does nothing

		if _, err := idle.Recv(); status.Code(err) != codes.Unavailable {
			t.Errorf("the idle stream ended with %v, want UNAVAILABLE", err)
		}
		for _, request := range []*transhipv1.UploadRequest{put(2, "late", nil), chunk(1, nil, []byte("thing")), finish(1)} {
			if err := stream.Send(request); err != nil {
				t.Fatal(err)
			}
		}
		finished, failed, err := terminals(t, stream)
		if finished[1] == nil || codes.Code(failed[2].GetCode()) != codes.Unavailable || status.Code(err) != codes.Unavailable {
			t.Errorf("finished %v, failed %v, %v; want 1 finished, 2 and then the stream UNAVAILABLE", finished, failed, err)
		}
		if got := content(t, store, "file"); string(got) != "something" {
			t.Errorf("the file has %q", got)
		}
	})
}

// broken is a store that panics and fails in ways no store should.
type broken struct {
	tranship.Store
}

func (broken) Stat(context.Context, string) (tranship.File, error) { panic("secret") }
func (broken) Open(context.Context, string, tranship.OpenOptions) (tranship.Content, error) {
	panic("secret")
}
func (broken) Begin(context.Context, tranship.Spec) (tranship.Upload, error) { panic("secret") }
func (broken) Put(context.Context, tranship.Spec, []byte) (tranship.File, error) {
	return tranship.File{}, errors.New("open /secret: no such device")
}

// TestInternalFailures checks that a panic or an error of the inside fails one file
// or call, and leaks nothing.
func TestInternalFailures(t *testing.T) {
	overBoth(t, func(t *testing.T, serve way) {
		client, _ := serve.client(t, broken{&mem.Store{}})
		_, failed := upload(t, client, begin(1, "file", nil), put(2, "file", nil))
		stream, err := client.Download(testContext(t))
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(stream.Send(open(1, "file", nil, nil)), stream.CloseSend()); err != nil {
			t.Fatal(err)
		}
		downloads, err := deliveries(t, stream)
		if err != nil || downloads[1] == nil {
			t.Fatalf("the stream ended with %v, want only the file to fail", err)
		}
		_, err = client.Stat(testContext(t), &transhipv1.StatRequest{Path: "file"})
		for name, got := range map[string]*transhipv1.Status{
			"begin": failed[1], "put": failed[2], "download": downloads[1].failed,
			"stat": {Code: int32(status.Code(err)), Message: status.Convert(err).Message()},
		} {
			if codes.Code(got.GetCode()) != codes.Internal || strings.Contains(got.GetMessage(), "secret") {
				t.Errorf("%s: %v, want INTERNAL without the cause", name, got)
			}
		}
	})
}
