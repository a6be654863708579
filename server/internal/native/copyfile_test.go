package native_test

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"google.golang.org/grpc"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/testing/loopback"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
	"github.com/tranship/tranship/server/internal/native"
	"github.com/tranship/tranship/store/mem"
)

// slowStore is a store whose copies take until each step has been taken, or their contexts
// end.
type slowStore struct {
	tranship.Store
	steps chan int64
	// ended gets the error of each copy.
	ended chan error
}

func (s slowStore) Copy(ctx context.Context, source, destination string, precondition tranship.Precondition) (tranship.File, error) {
	progress := tranship.CopyProgressFromContext(ctx)
	for {
		select {
		case <-ctx.Done():
			s.ended <- ctx.Err()
			return tranship.File{}, ctx.Err()
		case copied, more := <-s.steps:
			if !more {
				return s.Store.Copy(ctx, source, destination, precondition)
			}
			progress(copied)
		}
	}
}

// serveSlow serves a slowStore that has a file "a" of four bytes.
func serveSlow(t *testing.T) (slowStore, transhipv1.FileServiceClient) {
	t.Helper()
	store := slowStore{Store: new(mem.Store), steps: make(chan int64), ended: make(chan error, 1)}
	if _, err := store.Put(t.Context(), tranship.Spec{Path: "a"}, []byte("1234")); err != nil {
		t.Fatal(err)
	}
	service := native.New(store, native.Options{Keepalive: time.Millisecond})
	address := loopback.Serve(t, func(registrar grpc.ServiceRegistrar) { service.Register(registrar) })
	return store, transhipv1.NewFileServiceClient(loopback.Dial(t, address))
}

// TestCopyFileReports checks that a copy reports its progress while it makes none, and then
// the copy.
func TestCopyFileReports(t *testing.T) {
	store, client := serveSlow(t)
	stream, err := client.CopyFile(t.Context(), &transhipv1.CopyFileRequest{SourcePath: "a", DestinationPath: "b"})
	if err != nil {
		t.Fatal(err)
	}
	receive := func(want int64) {
		t.Helper()
		for range 1000 {
			response, err := stream.Recv()
			if err != nil || response.GetFile() != nil {
				t.Fatalf("%v, %v", response, err)
			}
			if response.GetCopiedBytes() == want {
				return
			}
		}
		t.Fatalf("no response has %d bytes", want)
	}
	for range 3 {
		receive(0)
	}
	store.steps <- 3
	for range 3 {
		receive(3)
	}
	close(store.steps)
	for {
		response, err := stream.Recv()
		if err != nil {
			t.Fatal(err)
		}
		if response.GetFile() == nil {
			continue
		}
		if file := response.GetFile(); file.GetPath() != "b" || file.GetSize() != 4 || file.GetRevision() == "" || response.GetCopiedBytes() != 4 {
			t.Errorf("the copy is %v", response)
		}
		break
	}
	if response, err := stream.Recv(); !errors.Is(err, io.EOF) {
		t.Errorf("after the copy: %v, %v", response, err)
	}
}

// TestCopyFileCancelled checks that a copy ends with its call.
func TestCopyFileCancelled(t *testing.T) {
	store, client := serveSlow(t)
	ctx, cancel := context.WithCancel(t.Context())
	stream, err := client.CopyFile(ctx, &transhipv1.CopyFileRequest{SourcePath: "a", DestinationPath: "b"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := stream.Recv(); err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := <-store.ended; !errors.Is(err, context.Canceled) {
		t.Errorf("the copy ended with %v", err)
	}
	if _, err := store.Stat(t.Context(), "b"); !errors.Is(err, tranship.ErrNotFound) {
		t.Errorf("the copy exists: %v", err)
	}
}
