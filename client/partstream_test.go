package client

import (
	"testing"
	"time"
)

// TestPartStreams checks that writers spread evenly, and that a stream beyond the server's
// limit ends after its last writer.
func TestPartStreams(t *testing.T) {
	u := &upload{client: &Client{fixed: 3}, stream: endedStream()}
	u.streams = []*partStream{{call: u.stream}}
	var entered []*partStream
	for range 6 {
		chosen, _ := u.chooseStream()
		entered = append(entered, chosen)
	}
	for n, s := range u.streams {
		if s.writers != 2 || s.number != n {
			t.Errorf("stream %d has %d writers of 6", s.number, s.writers)
		}
	}
	if len(u.streams) != 3 {
		t.Fatalf("%d streams, want 3", len(u.streams))
	}

	last := u.streams[2]
	stream, err := u.attach(last, endedStream())
	if err != nil {
		t.Fatal(err)
	}
	u.client.fixed, u.maxStreams = 2, 2
	u.releaseStream(last)
	if last.call != stream {
		t.Error("a stream has ended under its writer")
	}
	u.releaseStream(last)
	if last.call != nil || len(u.retired) != 1 || u.retired[0] != stream {
		t.Error("a stream beyond the limit stays open without writers")
	}
	for range 2 {
		if chosen, _ := u.chooseStream(); chosen == last {
			t.Error("a writer got a stream beyond the limit")
		}
	}
	for _, s := range entered {
		if s.number == 0 {
			u.releaseStream(s)
		}
	}
	if u.streams[0].call == nil {
		t.Error("the owner's stream has ended")
	}
	u.state = uploadEnded
	if _, err := u.attach(last, endedStream()); err == nil {
		t.Error("an upload that has ended got another stream")
	}
}

// TestPartStreamsStay checks that no two writers share a stream when a reply comes sooner than all
// before, while as many writers as there were streams begin parts.
func TestPartStreamsStay(t *testing.T) {
	u := &upload{client: &Client{}, stream: endedStream()}
	u.client.roundTrip.note(100 * time.Millisecond)
	width := u.Width()
	if width < 2 {
		t.Fatalf("%d streams at 100 ms", width)
	}
	for n := range width {
		chosen, _ := u.chooseStream()
		if chosen.writers > 1 {
			t.Fatalf("writer %d of %d shares a stream", n, width)
		}
		u.client.roundTrip.note(time.Millisecond)
	}
}

func endedStream() *uploadStream {
	stream := &uploadStream{done: make(chan struct{}), cancel: func() {}}
	close(stream.done)
	return stream
}
