package native

import (
	"context"
	"fmt"
	"io"
	"sync"
	"testing"
	"testing/synctest"

	"google.golang.org/grpc"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/payload"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
	"github.com/tranship/tranship/store/mem"
)

// scriptedUpload is the stream of a client that sends what is in requests.
type scriptedUpload struct {
	grpc.BidiStreamingServer[transhipv1.UploadRequest, transhipv1.UploadResponse]
	ctx      context.Context //nolint:containedctx // it is that of the call
	requests chan *transhipv1.UploadRequest

	mu      sync.Mutex
	replies map[uint64][]*transhipv1.UploadResponse
}

func newScriptedUpload(ctx context.Context) *scriptedUpload {
	return &scriptedUpload{
		ctx:      ctx,
		requests: make(chan *transhipv1.UploadRequest, 1000),
		replies:  map[uint64][]*transhipv1.UploadResponse{},
	}
}

func (s *scriptedUpload) Context() context.Context { return s.ctx }

func (s *scriptedUpload) RecvMsg(message any) error {
	select {
	case request, ok := <-s.requests:
		if !ok {
			return io.EOF
		}
		encoded, err := payload.Codec{}.Marshal(request)
		if err != nil {
			return err
		}
		return payload.Codec{}.Unmarshal(encoded, message)
	case <-s.ctx.Done():
		return s.ctx.Err()
	}
}

func (s *scriptedUpload) Send(reply *transhipv1.UploadResponse) error { return s.SendMsg(reply) }

func (s *scriptedUpload) SendMsg(message any) error {
	encoded, err := payload.Codec{}.Marshal(message)
	if err != nil {
		return err
	}
	reply := &transhipv1.UploadResponse{}
	if err = (payload.Codec{}).Unmarshal(encoded, reply); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	slot := max(reply.GetFinished().GetSlot(), reply.GetFailed().GetSlot())
	s.replies[slot] = append(s.replies[slot], reply)
	return nil
}

// put sends a put.
func (s *scriptedUpload) put(slot uint64, path, content string, crc uint32) {
	s.requests <- &transhipv1.UploadRequest{Request: &transhipv1.UploadRequest_Put{Put: &transhipv1.Put{
		Slot: slot, Path: path, Data: []byte(content), Crc32C: &crc,
	}}}
}

// batchStore stores batches one after the other, each when it is released, and records how
// many items they have. The item with the path "fails" fails, "panics" panics.
type batchStore struct {
	tranship.Store
	release chan struct{}

	mu    sync.Mutex
	sizes []int
}

func (s *batchStore) PutBatch(ctx context.Context, items []tranship.PutItem) []tranship.PutResult {
	s.mu.Lock()
	s.sizes = append(s.sizes, len(items))
	s.mu.Unlock()
	select {
	case <-s.release:
	case <-ctx.Done():
	}
	results := make([]tranship.PutResult, len(items))
	for i, item := range items {
		switch item.Spec.Path {
		case "fails":
			results[i].Err = tranship.ErrNoSpace
		case "panics":
			panic("put")
		default:
			results[i].File, results[i].Err = s.Put(ctx, item.Spec, item.Data)
		}
	}
	return results
}

// countedMemory counts what is held.
type countedMemory struct {
	unlimitedMemory
	mu   sync.Mutex
	held int64
}

func (m *countedMemory) Hold(_ context.Context, n int64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.held += n
	return nil
}

func (m *countedMemory) TryHold(n int64) bool { return m.Hold(context.Background(), n) == nil }

func (m *countedMemory) Drop(n int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.held -= n
}

// TestPutBatches checks that puts that arrive while all goroutines are busy are stored as
// batches, that each has one terminal reply of its own, whatever happens to others of its
// batch, that each failure is told once, and that all memory is given back.
func TestPutBatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &batchStore{Store: &mem.Store{}, release: make(chan struct{})}
		memory := &countedMemory{}
		var mu sync.Mutex
		refusals := map[string]int{}
		service := New(store, Options{Memory: memory, Refused: func(_ context.Context, refusal Refusal) {
			mu.Lock()
			defer mu.Unlock()
			refusals[refusal.Path]++
		}})
		stream := newScriptedUpload(t.Context())
		done := make(chan error, 1)
		go func() { done <- service.Upload(stream) }()
		const content = "content"
		crc := tranship.CRC32C([]byte(content))
		slot := uint64(0)
		for ; slot < putWorkers; slot++ { // each starts at once
			stream.put(slot+1, fmt.Sprint("first", slot), content, crc)
			synctest.Wait()
		}
		store.mu.Lock()
		if len(store.sizes) != putWorkers {
			t.Errorf("%d lone puts have started, want %d", len(store.sizes), putWorkers)
		}
		store.mu.Unlock()
		const more = 2*putsABatch + 3
		for i := range more {
			slot++
			switch i {
			case 1:
				stream.put(slot, "fails", content, crc)
			case 2:
				stream.put(slot, "wrong", content, crc+1)
			case 3:
				stream.put(slot, "../path", content, crc)
			case more - 1:
				stream.put(slot, "panics", content, crc)
			default:
				stream.put(slot, fmt.Sprint("file", slot), content, crc)
			}
		}
		synctest.Wait()
		if held := int64(len(content)) * int64(slot); memory.held != held {
			t.Errorf("%d bytes are held, want %d", memory.held, held)
		}
		close(store.release)
		close(stream.requests)
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		if memory.held != 0 {
			t.Errorf("%d bytes are held at the end", memory.held)
		}
		if batches := len(store.sizes); batches != putWorkers+3 {
			t.Errorf("%d batches, want %d: %v", batches, putWorkers+3, store.sizes)
		}
		failed := 0
		for id := range slot {
			replies := stream.replies[id+1]
			if len(replies) != 1 {
				t.Fatalf("slot %d has %d replies", id+1, len(replies))
			}
			if replies[0].GetFailed() != nil {
				failed++
			}
		}
		if failed != 4+2 { // the last batch has three items
			t.Errorf("%d slots failed", failed)
		}
		for _, path := range []string{"fails", "wrong", "../path", "panics"} {
			if refusals[path] != 1 {
				t.Errorf("%d refusals of %s, want 1", refusals[path], path)
			}
		}
	})
}

// TestPutBatchOfCancelledCall checks that a call that is cancelled while puts wait ends, and
// gives all memory back.
func TestPutBatchOfCancelledCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &batchStore{Store: &mem.Store{}, release: make(chan struct{})}
		memory := &countedMemory{}
		ctx, cancel := context.WithCancel(t.Context())
		stream := newScriptedUpload(ctx)
		done := make(chan error, 1)
		go func() { done <- New(store, Options{Memory: memory}).Upload(stream) }()
		for slot := range uint64(2 * streamWorkers) { // more than are admitted at once
			stream.put(slot+1, fmt.Sprint(slot), "content", tranship.CRC32C([]byte("content")))
		}
		synctest.Wait()
		cancel()
		if err := <-done; err == nil {
			t.Error("a cancelled call succeeded")
		}
		synctest.Wait()
		if memory.held != 0 {
			t.Errorf("%d bytes are held at the end", memory.held)
		}
	})
}

// TestPutsWithoutBatches checks that a store without BatchPutter gets all puts at once, and
// each alone.
func TestPutsWithoutBatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var running sync.WaitGroup
		const count = 100
		running.Add(count)
		stream := newScriptedUpload(t.Context())
		done := make(chan error, 1)
		go func() {
			done <- New(waitingStore{Store: &mem.Store{}, running: &running}, Options{}).Upload(stream)
		}()
		for slot := range uint64(count) {
			stream.put(slot+1, fmt.Sprint(slot), "content", tranship.CRC32C([]byte("content")))
		}
		close(stream.requests)
		if err := <-done; err != nil {
			t.Error(err)
		}
		for slot, replies := range stream.replies {
			if len(replies) != 1 || replies[0].GetFinished() == nil {
				t.Errorf("slot %d: %v", slot, replies)
			}
		}
	})
}

// waitingStore stores no file until so many puts run.
type waitingStore struct {
	tranship.Store
	running *sync.WaitGroup
}

func (s waitingStore) Put(ctx context.Context, spec tranship.Spec, data []byte) (tranship.File, error) {
	s.running.Done()
	s.running.Wait()
	return s.Store.Put(ctx, spec, data)
}
