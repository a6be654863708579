package server_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/tranship/tranship"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/mem"
)

// TestRefused checks that each slot that fails before the store is asked is told of, once.
func TestRefused(t *testing.T) {
	overBoth(t, func(t *testing.T, serve way) {
		var mu sync.Mutex
		var refused []string
		client, service := serve.client(t, &mem.Store{PartSize: partSize})
		service.SetRefused(func(_ context.Context, r server.Refusal) {
			mu.Lock()
			defer mu.Unlock()
			if !errors.Is(r.Err, tranship.ErrInvalid) && !errors.Is(r.Err, tranship.ErrAborted) {
				t.Errorf("%+v", r)
			}
			refused = append(refused, r.Action+" "+r.Path+r.Upload)
		})
		_, failed := upload(t, client,
			put(1, "../put", nil), begin(2, "../begin", nil), join(3, &transhipv1.Begun{UploadId: "none", Epoch: 1}),
			put(4, "fine", nil), begin(5, "begun", nil), put(5, "again", nil), chunk(9, nil, nil), cancelSlot(4),
		)
		if len(failed) != 5 {
			t.Errorf("%d slots failed: %v", len(failed), failed)
		}
		mu.Lock()
		defer mu.Unlock()
		slices.Sort(refused)
		want := []string{"begin ../begin", "join none", "put ../put", "put again", "upload "}
		if !slices.Equal(refused, want) {
			t.Errorf("refused are %q, want %q", refused, want)
		}
	})
}

// TestRefusedLater checks that what fails of an upload that has begun is told of, once, and
// not what its client gave up.
func TestRefusedLater(t *testing.T) {
	overBoth(t, func(t *testing.T, serve way) {
		wrong := uint32(1)
		chunkWith := func(change func(*transhipv1.Chunk)) *transhipv1.UploadRequest {
			request := chunk(1, nil, []byte("data"))
			change(request.GetChunk())
			return request
		}
		checked := finish(1)
		checked.GetFinish().Check = &wrong
		for name, test := range map[string]struct {
			requests []*transhipv1.UploadRequest
			want     []string
		}{
			"a wrong checksum":      {[]*transhipv1.UploadRequest{chunkWith(func(c *transhipv1.Chunk) { c.Crc32C = &wrong })}, []string{"upload path"}},
			"a gap":                 {[]*transhipv1.UploadRequest{chunkWith(func(c *transhipv1.Chunk) { c.Offset = new(int64(3)) })}, []string{"upload path"}},
			"too large a chunk":     {[]*transhipv1.UploadRequest{chunk(1, nil, make([]byte, 1<<20+1))}, []string{"upload path"}},
			"a check of nothing":    {[]*transhipv1.UploadRequest{checked}, []string{"upload path"}},
			"the end of the stream": {nil, []string{"upload path"}},
			"cancel":                {[]*transhipv1.UploadRequest{cancelSlot(1)}, nil},
			"a good end":            {[]*transhipv1.UploadRequest{finish(1)}, nil},
			"the slot again":        {[]*transhipv1.UploadRequest{begin(1, "again", nil)}, []string{"begin again"}},
			"no message":            {[]*transhipv1.UploadRequest{{}}, nil}, // the call has failed
		} {
			t.Run(name, func(t *testing.T) {
				var mu sync.Mutex
				var refused []string
				client, service := serve.client(t, &mem.Store{PartSize: partSize})
				service.SetRefused(func(_ context.Context, r server.Refusal) {
					mu.Lock()
					defer mu.Unlock()
					if r.Action == "upload" && r.Upload == "" || r.Err == nil {
						t.Errorf("%+v", r)
					}
					refused = append(refused, r.Action+" "+r.Path)
				})
				stream, err := client.Upload(testContext(t))
				if err != nil {
					t.Fatal(err)
				}
				for _, request := range append([]*transhipv1.UploadRequest{begin(1, "path", nil)}, test.requests...) {
					if err := stream.Send(request); err != nil {
						t.Fatal(err)
					}
				}
				if err := stream.CloseSend(); err != nil {
					t.Fatal(err)
				}
				_, _, _ = terminals(t, stream) // how it ends, other tests look at
				mu.Lock()
				defer mu.Unlock()
				if !slices.Equal(refused, test.want) {
					t.Errorf("refused are %q, want %q", refused, test.want)
				}
			})
		}
	})
}
