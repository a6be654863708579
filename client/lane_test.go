package client

import (
	"testing"
)

// TestLanes checks that writers spread evenly, and that a lane which the server does not
// want any more ends after its last writer.
func TestLanes(t *testing.T) {
	u := &upload{client: &Client{fixed: 3}, stream: endedStream()}
	u.lanes = []*lane{{stream: u.stream}}
	var entered []*lane
	for range 6 {
		chosen, _ := u.choose()
		entered = append(entered, chosen)
	}
	for n, l := range u.lanes {
		if l.writers != 2 || l.number != n {
			t.Errorf("lane %d has %d writers of 6", l.number, l.writers)
		}
	}
	if len(u.lanes) != 3 {
		t.Fatalf("there are %d lanes", len(u.lanes))
	}

	last := u.lanes[2]
	stream, err := u.settle(last, endedStream())
	if err != nil {
		t.Fatal(err)
	}
	u.client.fixed, u.maxStreams = 2, 2
	u.leaveLane(last)
	if last.stream != stream {
		t.Error("a lane has ended under its writer")
	}
	u.leaveLane(last)
	if last.stream != nil || len(u.retired) != 1 || u.retired[0] != stream {
		t.Error("a lane that is one too many stays when it has no writers")
	}
	for range 2 {
		if chosen, _ := u.choose(); chosen == last {
			t.Error("a writer entered a lane that is one too many")
		}
	}
	for _, l := range entered {
		if l.number == 0 {
			u.leaveLane(l)
		}
	}
	if u.lanes[0].stream == nil {
		t.Error("the owner's lane has ended")
	}
	u.state = uploadEnded
	if _, err := u.settle(last, endedStream()); err == nil {
		t.Error("an upload that has ended got another stream")
	}
}

func endedStream() *uploadStream {
	stream := &uploadStream{done: make(chan struct{}), cancel: func() {}}
	close(stream.done)
	return stream
}
