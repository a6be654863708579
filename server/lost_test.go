package server_test

import (
	"context"
	"testing"

	"google.golang.org/grpc/codes"

	"github.com/tranship/tranship"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
	"github.com/tranship/tranship/store/mem"
)

// gated is a store whose writers wait for the gate, and tell before.
type gated struct {
	watched
	writing, gate chan struct{}
}

func (g *gated) Begin(ctx context.Context, spec tranship.Spec) (tranship.Upload, error) {
	upload, err := g.watched.Begin(ctx, spec)
	return &gatedUpload{upload, g}, err
}

type gatedUpload struct {
	tranship.Upload
	store *gated
}

func (u *gatedUpload) Part(ctx context.Context, n int) (tranship.PartWriter, error) {
	writer, err := u.Upload.Part(ctx, n)
	return &gatedWriter{writer, u.store}, err
}

type gatedWriter struct {
	tranship.PartWriter
	store *gated
}

func (w *gatedWriter) Write(data []byte) (int, error) {
	w.store.writing <- struct{}{}
	<-w.store.gate
	return w.PartWriter.Write(data)
}

// TestLostWhileWriting cuts the owner's stream while a slot on another one writes. What
// the store says to that writer, that its upload has ended, must not be the outcome:
// the upload can be resumed, and the client is to try.
func TestLostWhileWriting(t *testing.T) {
	overBoth(t, func(t *testing.T, serve way) {
		store := &gated{
			watched: watched{Store: mem.Store{PartSize: partSize}, aborted: make(chan struct{}, 1), detached: make(chan struct{}, 1)},
			writing: make(chan struct{}), gate: make(chan struct{}),
		}
		client, _ := serve.client(t, store)
		ctx, cut := context.WithCancel(testContext(t))
		owner := start(t, ctx, client, resumable(1, "file", transhipv1.Begin_MODE_RESUME, 2*partSize, "key"))
		begun := receive(t, owner).GetBegun()

		other := start(t, testContext(t), client, join(1, begun), chunk(1, new(int64(0)), part('a')))
		<-store.writing
		cut()
		<-store.detached
		close(store.gate)
		receive(t, other) // begun
		if failed := receive(t, other).GetFailed(); codes.Code(failed.GetStatus().GetCode()) != codes.Unavailable {
			t.Errorf("the slot ended with %v, want UNAVAILABLE", failed)
		}
	})
}
