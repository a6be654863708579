package client

import (
	"context"
	"errors"
	"testing"

	"github.com/tranship/tranship"
)

// TestBarredStream checks that a stream to a server that cannot write to the upload keeps the
// writers that it has, gets no other, and ends after the last.
func TestBarredStream(t *testing.T) {
	u := &upload{client: &Client{fixed: 2}, stream: endedStream()}
	u.streams = []*partStream{{call: u.stream}}
	u.chooseStream()
	other, _ := u.chooseStream()
	if other.number != 1 {
		t.Fatalf("the second writer got stream %d", other.number)
	}
	stream, err := u.attach(other, endedStream())
	if err != nil {
		t.Fatal(err)
	}
	if u.isProved(other, stream) || !u.isProved(u.streams[0], u.stream) {
		t.Error("the server of the second stream is known before it has answered, or that of the first is not")
	}
	u.bar(other)
	for range 3 {
		if chosen, _ := u.chooseStream(); chosen.number != 0 {
			t.Errorf("a writer got stream %d, which leads to another server", chosen.number)
		}
	}
	if other.call != stream {
		t.Error("a stream has ended under its writer")
	}
	u.releaseStream(other)
	if other.call != nil || len(u.retired) != 1 || u.retired[0] != stream {
		t.Error("a stream to another server stays open without writers")
	}
}

// TestElsewhere checks which failures of a slot mean that the upload goes on without its stream.
func TestElsewhere(t *testing.T) {
	open := &uploadStream{done: make(chan struct{}), cancel: func() {}}
	u := &upload{stream: open, owner: &slot{done: make(chan struct{})}}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for _, test := range []struct {
		ctx  context.Context
		err  error
		want bool
	}{
		{t.Context(), tranship.ErrAborted, true},
		{t.Context(), tranship.ErrUnavailable, true},
		{t.Context(), tranship.ErrDenied, false},
		{t.Context(), tranship.ErrNoSpace, false},
		{ended, tranship.ErrUnavailable, false},
	} {
		if got := u.isElsewhere(test.ctx, errors.Join(test.err)); got != test.want {
			t.Errorf("%v, with a context that has ended: %v: %v", test.err, test.ctx.Err() != nil, got)
		}
	}
	close(u.owner.done)
	if u.isElsewhere(t.Context(), tranship.ErrAborted) {
		t.Error("a slot fails elsewhere although the upload has ended")
	}
	u.owner, u.stream = &slot{done: make(chan struct{})}, endedStream()
	if u.isElsewhere(t.Context(), tranship.ErrUnavailable) {
		t.Error("a slot fails elsewhere although the upload's own stream has ended")
	}
}
