package drain_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/tranship/tranship/internal/drain"
)

// fakeStream returns some messages, and then blocks until it is closed.
type fakeStream struct {
	grpc.ServerStream
	encoded  []byte
	messages int
	received int
	closed   chan struct{}
}

func (s *fakeStream) RecvMsg(m any) error {
	if s.received == s.messages {
		<-s.closed
		return errors.New("closed")
	}
	s.received++
	return proto.Unmarshal(s.encoded, m.(proto.Message))
}

func newStream(t *testing.T, messages int) *fakeStream {
	encoded, err := proto.Marshal(wrapperspb.Bytes(make([]byte, 1<<20)))
	if err != nil {
		t.Fatal(err)
	}
	return &fakeStream{encoded: encoded, messages: messages, closed: make(chan struct{})}
}

func TestAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stream, start := newStream(t, 10), time.Now()
		close(stream.closed)
		drain.Stream(stream)
		if stream.received != 10 || time.Since(start) != 0 {
			t.Errorf("received %d messages in %v", stream.received, time.Since(start))
		}
	})
}

func TestMaxBytes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stream := newStream(t, 1000)
		drain.Stream(stream)
		if stream.received != drain.MaxBytes>>20 {
			t.Errorf("received %d messages", stream.received)
		}
	})
}

func TestMaxTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stream, start := newStream(t, 3), time.Now()
		drain.Stream(stream)
		if time.Since(start) != drain.MaxTime {
			t.Errorf("took %v", time.Since(start))
		}
		close(stream.closed)
	})
}
