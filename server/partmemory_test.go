package server_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/sync/semaphore"

	"github.com/tranship/tranship"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/mem"
)

const (
	// memoryUploads is how many uploads wait for parts at once, and memoryChunk the length of
	// their chunks: one chunk of each is as much payload as the server may hold.
	memoryUploads, memoryChunk = 64, 16 << 10
	// memoryPart is the length of a part: one that is open needs more chunks than the first.
	memoryPart = 8 * memoryChunk
)

// narrowStore has memory for one part, which a writer holds until Close. It opens the first parts
// when memoryUploads of them wait.
type narrowStore struct {
	*mem.Store
	waiting atomic.Int64
	all     chan struct{}
	memory  *semaphore.Weighted
}

func (s *narrowStore) Begin(ctx context.Context, spec tranship.Spec) (tranship.Upload, error) {
	upload, err := s.Store.Begin(ctx, spec)
	return narrowUpload{upload, s}, err
}

type narrowUpload struct {
	tranship.Upload
	store *narrowStore
}

func (u narrowUpload) Part(ctx context.Context, n int) (tranship.PartWriter, error) {
	if u.store.waiting.Add(1) == memoryUploads {
		close(u.store.all)
	}
	select {
	case <-u.store.all:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if err := u.store.memory.Acquire(ctx, 1); err != nil {
		return nil, err
	}
	writer, err := u.Upload.Part(ctx, n)
	if err != nil {
		u.store.memory.Release(1)
		return nil, err
	}
	return &narrowWriter{PartWriter: writer, store: u.store}, nil
}

type narrowWriter struct {
	tranship.PartWriter
	store *narrowStore
	once  sync.Once
}

func (w *narrowWriter) Close() error {
	defer w.once.Do(func() { w.store.memory.Release(1) })
	return w.PartWriter.Close()
}

// TestPartsWaitForMemory checks that uploads which wait for the memory of the store hold no payload
// that the upload with that memory needs.
func TestPartsWaitForMemory(t *testing.T) {
	overBoth(t, func(t *testing.T, serve way) {
		store := &narrowStore{Store: &mem.Store{PartSize: memoryPart}, all: make(chan struct{}), memory: semaphore.NewWeighted(1)}
		conn, service := serve(t, store, server.Config{})
		const rest = server.DefaultMemoryLimit/32 - memoryUploads*memoryChunk
		if !service.Memory().TryHold(rest) {
			t.Fatal("memory is in use")
		}
		client := transhipv1.NewFileServiceClient(conn)
		var uploads sync.WaitGroup
		for n := range memoryUploads {
			uploads.Go(func() {
				if err := sendInChunks(t, client, fmt.Sprint(n), 2*memoryPart); err != nil {
					t.Errorf("upload %d: %v", n, err)
				}
			})
		}
		uploads.Wait()
		service.Memory().Drop(rest)
		awaitIdle(t, service)
	})
}

// sendInChunks uploads a file of size bytes in chunks of memoryChunk bytes, on a stream of its own.
// Each chunk crosses no part.
func sendInChunks(t *testing.T, client transhipv1.FileServiceClient, path string, size int64) error {
	stream, err := client.Upload(testContext(t))
	if err != nil {
		return err
	}
	requests := []*transhipv1.UploadRequest{{Request: &transhipv1.UploadRequest_Begin{Begin: &transhipv1.Begin{Slot: 1, Path: path, Size: &size}}}}
	data := bytes.Repeat([]byte(path[:1]), memoryChunk)
	for range size / memoryChunk {
		requests = append(requests, &transhipv1.UploadRequest{Request: &transhipv1.UploadRequest_Chunk{Chunk: &transhipv1.Chunk{
			Slot: 1, Data: data, Crc32C: new(tranship.CRC32C(data)),
		}}})
	}
	requests = append(requests, &transhipv1.UploadRequest{Request: &transhipv1.UploadRequest_Finish{Finish: &transhipv1.Finish{Slot: 1}}})
	for _, request := range requests {
		if err := stream.Send(request); err != nil {
			break // receiving returns the cause
		}
	}
	if err := stream.CloseSend(); err != nil {
		return err
	}
	for {
		response, err := stream.Recv()
		switch {
		case errors.Is(err, io.EOF):
			return errors.New("the stream ended without an outcome")
		case err != nil:
			return err
		case response.GetFailed() != nil:
			return fmt.Errorf("failed: %v", response.GetFailed().GetStatus())
		case response.GetFinished() != nil:
			if got := response.GetFinished().GetFile().GetSize(); got != size {
				return fmt.Errorf("the file has %d bytes, want %d", got, size)
			}
			return nil
		}
	}
}
