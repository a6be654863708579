package client

import (
	"testing"
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

func endedStream() *uploadStream {
	stream := &uploadStream{done: make(chan struct{}), cancel: func() {}}
	close(stream.done)
	return stream
}
