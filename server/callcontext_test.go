package server_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/access/authn"
	"github.com/tranship/tranship/client"
	"github.com/tranship/tranship/internal/testing/storeserver"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/mem"
)

// noteKey is the key of what a client has sent in the context of a call.
type noteKey struct{}

// notedStore keeps the notes of the calls that it gets.
type notedStore struct {
	tranship.Store
	mu    sync.Mutex
	notes map[string]string
}

func (s *notedStore) note(ctx context.Context, operation string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.notes[operation], _ = ctx.Value(noteKey{}).(string)
}

func (s *notedStore) Put(ctx context.Context, spec tranship.Spec, data []byte) (tranship.File, error) {
	s.note(ctx, "put")
	return s.Store.Put(ctx, spec, data)
}

func (s *notedStore) Begin(ctx context.Context, spec tranship.Spec) (tranship.Upload, error) {
	s.note(ctx, "begin")
	return s.Store.Begin(ctx, spec)
}

func (s *notedStore) Stat(ctx context.Context, path string) (tranship.File, error) {
	s.note(ctx, "stat")
	return s.Store.Stat(ctx, path)
}

// endedNotes keeps the notes of the calls that have ended, by method.
type endedNotes struct {
	mu    sync.Mutex
	notes map[string]string
}

func (o *endedNotes) Observe(events []tranship.Event) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, event := range events {
		if event.Kind == tranship.EventCallEnded {
			o.notes[event.Method], _ = event.Context.Value(noteKey{}).(string)
		}
	}
}

// TestCallContext checks that what a client sends with Options.CallMetadata reaches the store and
// the observer by Config.CallContext, with every kind of call, and not for a caller without
// credentials.
func TestCallContext(t *testing.T) {
	for _, transport := range []client.Transport{client.TransportGRPC, client.TransportLanes} {
		t.Run(transport.String(), func(t *testing.T) {
			ended := &endedNotes{notes: map[string]string{}}
			store := &notedStore{Store: &mem.Store{}, notes: map[string]string{}}
			service := storeserver.New(t, store, server.Config{
				Authenticators: []authn.Authenticator{names{"ann"}},
				Observer:       ended,
				CallContext: func(ctx context.Context, method string, metadata func(string) []string) context.Context {
					return context.WithValue(ctx, noteKey{}, fmt.Sprintf("%v %s %v", metadata("x-note"), access.FromContext(ctx).Name, method != ""))
				},
			})
			listener := listen(t)
			served := make(chan error, 1)
			serving, stop := context.WithCancel(context.Background())
			defer stop()
			go func() { served <- service.Serve(serving, listener) }()
			options := client.Options{Transport: transport, CallMetadata: func(ctx context.Context) map[string]string {
				note, _ := ctx.Value(noteKey{}).(string)
				return map[string]string{"x-note": note}
			}}
			if _, err := client.Dial(t.Context(), listener.Addr().String(), options); !errors.Is(err, tranship.ErrUnauthenticated) {
				t.Errorf("without credentials: %v", err)
			}
			options.Token = tokenOf("ann").Token
			files, err := client.Dial(context.WithValue(t.Context(), noteKey{}, "dial"), listener.Addr().String(), options)
			if err != nil {
				t.Fatal(err)
			}
			in := func(note string) context.Context { return context.WithValue(t.Context(), noteKey{}, note) }
			if _, err := files.Put(in("first"), tranship.Spec{Path: "a"}, nil); err != nil {
				t.Error(err)
			}
			if _, err := files.Stat(in("second"), "a"); err != nil {
				t.Error(err)
			}
			upload, err := files.Begin(in("third"), tranship.Spec{Path: "b"})
			if err != nil {
				t.Fatal(err)
			}
			if err := upload.Abort(t.Context()); err != nil {
				t.Error(err)
			}
			files.Close()
			stop()
			if err := <-served; err != nil {
				t.Error(err)
			}
			for operation, note := range map[string]string{"put": "first", "stat": "second", "begin": "third"} {
				if want := "[" + note + "] ann true"; store.notes[operation] != want {
					t.Errorf("%s had the context %q, want %q", operation, store.notes[operation], want)
				}
			}
			if got := ended.notes["/tranship.v1.FileService/Stat"]; got != "[second] ann true" {
				t.Errorf("the observer was told of a call with the context %q", got)
			}
		})
	}
}
