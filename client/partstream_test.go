package client

import (
	"testing"
)

// TestPartStreams checks that writers spread evenly, and that a stream which the server does not
// want any more ends after its last writer.
func TestPartStreams(t *testing.T) {
	u := &upload{client: &Client{fixed: 3}, stream: endedStream()}
	u.streams = []*partStream{{call: u.stream}}
	var entered []*partStream
	for range 6 {
		chosen, _ := u.choose()
		entered = append(entered, chosen)
	}
	for n, l := range u.streams {
		if l.writers != 2 || l.number != n {
			t.Errorf("stream %d has %d writers of 6", l.number, l.writers)
		}
	}
	if len(u.streams) != 3 {
		t.Fatalf("there are %d streams", len(u.streams))
	}

	last := u.streams[2]
	stream, err := u.attach(last, endedStream())
	if err != nil {
		t.Fatal(err)
	}
	u.client.fixed, u.maxStreams = 2, 2
	u.leaveStream(last)
	if last.call != stream {
		t.Error("a stream has ended under its writer")
	}
	u.leaveStream(last)
	if last.call != nil || len(u.retired) != 1 || u.retired[0] != stream {
		t.Error("a stream that is one too many stays when it has no writers")
	}
	for range 2 {
		if chosen, _ := u.choose(); chosen == last {
			t.Error("a writer entered a stream that is one too many")
		}
	}
	for _, l := range entered {
		if l.number == 0 {
			u.leaveStream(l)
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
