package client_test

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"google.golang.org/grpc"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client"
	"github.com/tranship/tranship/internal/testing/storeserver"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/mem"
)

// openRanges puts a file, and opens it on a server that counts the calls of Download.
func openRanges(ctx context.Context, t *testing.T, store tranship.Store, data []byte) (tranship.RangeReader, *atomic.Int32) {
	t.Helper()
	downloads := new(atomic.Int32)
	counting := grpc.ChainStreamInterceptor(func(service any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
		if info.FullMethod == transhipv1.FileService_Download_FullMethodName {
			downloads.Add(1)
		}
		return handler(service, stream)
	})
	address := storeserver.Mount(t, store, server.Config{}, append(server.GRPCOptions(server.Config{}), counting)...)
	connected, err := client.Dial(t.Context(), address, client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { connected.Close() })
	if _, err := store.Put(t.Context(), tranship.Spec{Path: "file"}, data); err != nil {
		t.Fatal(err)
	}
	content, err := connected.Open(ctx, "file", tranship.OpenOptions{Length: new(int64(0))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { content.Close() })
	return content.(tranship.RangeReader), downloads
}

// TestReadAtOneCall checks that many concurrent ranges share a call.
func TestReadAtOneCall(t *testing.T) {
	data := make([]byte, 1<<20)
	for i := range data {
		data[i] = byte(i * 7 / 3)
	}
	reader, downloads := openRanges(t.Context(), t, new(mem.Store), data)
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			buffer := make([]byte, 3000)
			for j := range 50 {
				offset := (i*131_071 + j*19_937) % (len(data) - len(buffer))
				if _, err := reader.ReadAt(buffer, int64(offset)); err != nil || !bytes.Equal(buffer, data[offset:offset+len(buffer)]) {
					t.Errorf("at %d: %v", offset, err)
					return
				}
			}
		})
	}
	group.Wait()
	if n := downloads.Load(); n != 2 { // one for Open, and one for all ranges
		t.Errorf("%d calls", n)
	}
}

// held is a store whose contents end only when the test allows it.
type held struct {
	*mem.Store
	reading, release chan struct{}
}

func (h held) Open(ctx context.Context, path string, options tranship.OpenOptions) (tranship.Content, error) {
	content, err := h.Store.Open(ctx, path, options)
	if err != nil || options.Length == nil || *options.Length == 0 {
		return content, err
	}
	return heldContent{content, h}, nil
}

type heldContent struct {
	tranship.Content
	held
}

func (c heldContent) Read(buffer []byte) (int, error) {
	c.reading <- struct{}{}
	<-c.release
	return c.Content.Read(buffer)
}

func (c heldContent) Unwrap() any     { return c.Content }
func (c heldContent) Passes(any) bool { return false }

// TestReadAtGivesUp checks that ReadAt does not write to the caller's memory after the
// context has ended. It relies on the race detector.
func TestReadAtGivesUp(t *testing.T) {
	store := held{new(mem.Store), make(chan struct{}, 100), make(chan struct{})}
	ctx, cancel := context.WithCancel(t.Context())
	reader, _ := openRanges(ctx, t, store, make([]byte, 1<<20))
	buffer := make([]byte, 1<<20)
	ended := make(chan error, 1)
	go func() {
		_, err := reader.ReadAt(buffer, 0)
		ended <- err
	}()
	<-store.reading
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("ReadAt: %v", err)
	}
	close(store.release)
	for i := range buffer {
		buffer[i] = 1
	}
}

// TestReadAtReplaced checks that ReadAt returns no bytes of another version after the file
// was replaced, and none after it was removed.
func TestReadAtReplaced(t *testing.T) {
	store := new(mem.Store)
	reader, _ := openRanges(t.Context(), t, store, []byte("some bytes"))
	buffer := make([]byte, 4)
	if _, err := store.Put(t.Context(), tranship.Spec{Path: "file"}, []byte("other text")); err != nil {
		t.Fatal(err)
	}
	if n, err := reader.ReadAt(buffer, 0); n != 0 || !errors.Is(err, tranship.ErrPrecondition) {
		t.Errorf("replaced: %d, %v", n, err)
	}
	if err := store.Remove(t.Context(), "file", tranship.Precondition{}); err != nil {
		t.Fatal(err)
	}
	if n, err := reader.ReadAt(buffer, 0); n != 0 || !errors.Is(err, tranship.ErrNotFound) {
		t.Errorf("removed: %d, %v", n, err)
	}
}
