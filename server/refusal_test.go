package server_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/loopback"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/mem"
)

// TestRefused checks that each slot that fails before the store is asked is told of, once.
func TestRefused(t *testing.T) {
	var mu sync.Mutex
	var refused []string
	service := server.New(&mem.Store{PartSize: partSize}, server.Options{Refused: func(_ context.Context, r server.Refusal) {
		mu.Lock()
		defer mu.Unlock()
		if !errors.Is(r.Err, tranship.ErrInvalid) && !errors.Is(r.Err, tranship.ErrAborted) {
			t.Errorf("%+v", r)
		}
		refused = append(refused, r.Action+" "+r.Path+r.Upload)
	}})
	client := transhipv1.NewFileServiceClient(loopback.Dial(t, loopback.Serve(t, service.Register, server.GRPCOptions(server.Options{})...)))
	_, failed := upload(t, client,
		put(1, "../put", nil), begin(2, "../begin", nil), join(3, &transhipv1.Begun{UploadId: "none", Epoch: 1}),
		put(4, "fine", nil), begin(5, "begun", nil), put(5, "again", nil), chunk(9, nil, nil), cancelSlot(4),
	)
	if len(failed) != 5 {
		t.Errorf("%d slots failed: %v", len(failed), failed)
	}
	slices.Sort(refused)
	want := []string{"begin ../begin", "join none", "put ../put", "put again", "upload "}
	if !slices.Equal(refused, want) {
		t.Errorf("refused are %q, want %q", refused, want)
	}
}
