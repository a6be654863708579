package client_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"google.golang.org/grpc"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
	"github.com/tranship/tranship/store/mem"
)

// TestFetch fetches many files at once, some of which do not exist or have another size
// than expected. It checks that the failure of a file does not affect others.
func TestFetch(t *testing.T) { overTransports(t, testFetch) }

func testFetch(t *testing.T, options client.Options) {
	store := &mem.Store{}
	files := connect(t, store, options)
	const count = 600 // more than slots
	content := func(n int) []byte { return fmt.Append(nil, "content of ", n) }
	for n := range count {
		if n%3 != 0 {
			if _, err := store.Put(t.Context(), tranship.Spec{Path: fmt.Sprint(n)}, content(n)); err != nil {
				t.Fatal(err)
			}
		}
	}
	var all sync.WaitGroup
	for n := range count {
		all.Go(func() {
			want := content(n)
			size := int64(len(want) - n%3 + 1) // the right size for every third
			file, data, err := files.Fetch(t.Context(), fmt.Sprint(n), size)
			switch {
			case n%3 == 0:
				if !errors.Is(err, tranship.ErrNotFound) || data != nil {
					t.Errorf("fetch of a missing file: %q, %v", data, err)
				}
			case err != nil || file.Size != int64(len(want)) || file.Version == "":
				t.Errorf("fetch %d: %+v, %v", n, file, err)
			case n%3 == 1 && string(data) != string(want), n%3 == 2 && data != nil:
				t.Errorf("fetch %d of %d bytes: %q", n, size, data)
			}
		})
	}
	all.Wait()
	if _, data, err := files.Fetch(t.Context(), "1", int64(len(content(1))+1)); err != nil || data != nil {
		t.Errorf("fetch of more bytes than the file has: %q, %v", data, err)
	}
}

func TestFetchLimits(t *testing.T) { overTransports(t, testFetchLimits) }

func testFetchLimits(t *testing.T, options client.Options) {
	files := connect(t, &mem.Store{}, options)
	if _, _, err := files.Fetch(t.Context(), "file", tranship.MaxPutBytes+1); !errors.Is(err, tranship.ErrLimit) {
		t.Errorf("fetch of a large file: %v, want ErrLimit", err)
	}
	if _, _, err := files.Fetch(t.Context(), "../file", 1); !errors.Is(err, tranship.ErrInvalid) {
		t.Errorf("fetch of no path: %v, want ErrInvalid", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := files.Fetch(ctx, "file", 1); !errors.Is(err, context.Canceled) {
		t.Errorf("fetch whose context has ended: %v", err)
	}
	if err := files.Close(); err != nil {
		t.Error(err)
	}
	if _, _, err := files.Fetch(t.Context(), "file", 1); !errors.Is(err, tranship.ErrUnavailable) {
		t.Errorf("fetch of a client that was closed: %v, want ErrUnavailable", err)
	}
}

// cutting is a server whose answer depends on the path: "good" gets a file, "cut" the end
// of the stream, and any other path no answer until it is cancelled.
type cutting struct {
	transhipv1.UnimplementedFileServiceServer
	streams, cancels atomic.Int32
	asked            chan struct{}
}

func (c *cutting) Download(stream grpc.BidiStreamingServer[transhipv1.DownloadRequest, transhipv1.DownloadResponse]) error {
	c.streams.Add(1)
	for {
		request, err := stream.Recv()
		if err != nil {
			return err
		}
		if cancelled := request.GetCancel(); cancelled != nil {
			c.cancels.Add(1)
			// This Opened has crossed the cancel: the client must ignore it.
			late := opened("slow", 1, nil)
			late.GetOpened().Slot = cancelled.GetSlot()
			failed := &transhipv1.Failed{Slot: cancelled.GetSlot(), Status: &transhipv1.Status{Code: 1}}
			_ = stream.Send(late)
			_ = stream.Send(&transhipv1.DownloadResponse{Response: &transhipv1.DownloadResponse_Failed{Failed: failed}})
			continue
		}
		switch slot := request.GetOpen().GetSlot(); request.GetOpen().GetPath() {
		case "good":
			for _, response := range []*transhipv1.DownloadResponse{opened("good", 4, nil), sent(0, "data", nil), done(tranship.CRC32C([]byte("data")))} {
				switch reply := response.GetResponse().(type) {
				case *transhipv1.DownloadResponse_Opened:
					reply.Opened.Slot = slot
				case *transhipv1.DownloadResponse_Chunk:
					reply.Chunk.Slot = slot
				case *transhipv1.DownloadResponse_Done:
					reply.Done.Slot = slot
				}
				_ = stream.Send(response)
			}
		case "cut":
			return nil
		default:
			c.asked <- struct{}{}
		}
	}
}

// TestFetchOfCutStream checks that the end of a shared stream fails the fetches in
// progress, that later ones use a new stream, and that a cancelled fetch affects no other.
func TestFetchOfCutStream(t *testing.T) { overTransports(t, testFetchOfCutStream) }

func testFetchOfCutStream(t *testing.T, options client.Options) {
	server := &cutting{asked: make(chan struct{})}
	files := connectService(t, server, options)
	good := func() {
		t.Helper()
		if _, data, err := files.Fetch(t.Context(), "good", 4); err != nil || string(data) != "data" {
			t.Errorf("fetch: %q, %v", data, err)
		}
	}
	good()
	ctx, cancel := context.WithCancel(t.Context())
	slow := make(chan error, 1)
	begin := func(ctx context.Context) {
		go func() {
			_, _, err := files.Fetch(ctx, "slow", 4)
			slow <- err
		}()
		<-server.asked
	}
	begin(ctx)
	cancel()
	if err := <-slow; !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled fetch: %v", err)
	}
	good() // behind the cancel
	if got := server.cancels.Load(); got != 1 {
		t.Errorf("the server received %d cancels, want 1", got)
	}
	begin(t.Context())
	if _, _, err := files.Fetch(t.Context(), "cut", 4); !errors.Is(err, tranship.ErrUnavailable) {
		t.Errorf("fetch whose stream was cut: %v, want ErrUnavailable", err)
	}
	if err := <-slow; !errors.Is(err, tranship.ErrUnavailable) {
		t.Errorf("fetch beside it: %v, want ErrUnavailable", err)
	}
	good()
	if got := server.streams.Load(); got != 2 {
		t.Errorf("%d streams, want 2", got)
	}
}
