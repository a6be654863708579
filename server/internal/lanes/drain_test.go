package lanes_test

import (
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/tranship/tranship/internal/lane"
	"github.com/tranship/tranship/server/internal/admission"
)

// drain drains a site like a server does. The channel is closed when all lanes have ended.
func (s *site) drain() <-chan struct{} {
	s.adapter.Drain()
	drained := make(chan struct{})
	go func() {
		s.lanes.GracefulStop()
		close(drained)
	}()
	return drained
}

// A server that drains ends connections without a call at once, tells the clients of others, and
// lets their calls finish.
func TestDrain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := inMemory(t, admission.Options{})
		silent, half := s.connect(t), s.connect(t)
		if _, err := io.WriteString(half, lane.Preface[:10]); err != nil {
			t.Fatal(err)
		}
		fresh, idle, busy := s.dial(t), s.dial(t), s.dial(t)
		first := open(t.Context(), t, idle, lane.Headers{Method: "/Test/echo"})
		if err := first.end(); err != nil || !<-first.free {
			t.Fatal(err)
		}
		running := open(t.Context(), t, busy, lane.Headers{Method: "/Test/echo"})
		if _, err := running.exchange(); err != nil {
			t.Fatal(err)
		}
		begun := time.Now()
		drained := s.drain()
		for _, conn := range []io.Reader{silent, half} {
			if n, err := conn.Read(make([]byte, 1)); n != 0 || !errors.Is(err, io.EOF) {
				t.Errorf("a connection without a lane: %d bytes, %v", n, err)
			}
		}
		for _, l := range []*lane.Conn{fresh, idle} {
			<-l.Lost()
			if _, err := l.Open(t.Context(), lane.Headers{Method: "/Test/echo"}, func(bool) {}); !errors.Is(err, lane.ErrLost) {
				t.Errorf("a call after the end: %v", err)
			}
		}
		synctest.Wait()
		select {
		case <-drained:
			t.Error("the server did not wait for a call")
		default:
		}
		late, err := s.network.Dial(t.Context(), "")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := late.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
			t.Errorf("a new connection: %v", err)
		}
		if _, err := running.exchange(); err != nil {
			t.Errorf("the call under way: %v", err)
		}
		<-busy.Lost() // the client was told
		if err := running.end(); err != nil {
			t.Errorf("the call under way: %v", err)
		}
		<-drained
		if waited := time.Since(begun); waited != 0 {
			t.Errorf("drained after %v", waited)
		}
	})
}

// Stop ends calls at once, also when the server drains, and waits for no handler.
func TestStop(t *testing.T) {
	for _, draining := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			s := newSite(admission.Options{Anonymous: true}, insecure.NewCredentials())
			s.serve(s.network)
			begun := time.Now()
			var running []call
			for _, method := range []string{"/Test/wait", "/Test/hang"} {
				running = append(running, open(t.Context(), t, s.dial(t), lane.Headers{Method: method}))
				<-s.waiting
			}
			idle := s.dial(t)
			var drained <-chan struct{}
			if draining {
				drained = s.drain()
				synctest.Wait()
			}
			s.lanes.Stop()
			if draining {
				<-drained
			}
			for _, c := range running {
				if err := c.outcome(); status.Code(err) != codes.Unavailable {
					t.Errorf("a call ended with %v", err)
				}
			}
			if err := <-s.ended; err == nil {
				t.Error("the handler has not noticed")
			}
			<-idle.Lost()
			if waited := time.Since(begun); waited != 0 {
				t.Errorf("stopped after %v", waited)
			}
			close(s.hang)
			s.stop(t)
			if err := s.network.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// A client that reads nothing does not hold a drain up for longer than the end of a lane takes.
func TestDrainNotRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := inMemory(t, admission.Options{})
		conn := s.connect(t)
		if _, err := io.WriteString(conn, lane.Preface); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(conn, make([]byte, len(greeted()))); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		begun := time.Now()
		<-s.drain()
		if waited := time.Since(begun); waited > 3*time.Second {
			t.Errorf("drained after %v", waited)
		}
	})
}

// A call that begins while the server drains either runs or fails as if its connection was lost.
func TestDrainRace(t *testing.T) {
	for range 50 {
		s := newSite(admission.Options{Anonymous: true}, insecure.NewCredentials())
		s.serve(s.network)
		l := s.dial(t)
		first := open(t.Context(), t, l, lane.Headers{Method: "/Test/echo"})
		if err := first.end(); err != nil || !<-first.free {
			t.Fatal(err)
		}
		drained := s.drain()
		stream, err := l.Open(t.Context(), lane.Headers{Method: "/Test/echo"}, func(bool) {})
		if err == nil {
			_ = stream.CloseSend()
			err = stream.RecvMsg(&wrapperspb.BytesValue{})
		}
		if !errors.Is(err, lane.ErrLost) && !errors.Is(err, io.EOF) && status.Code(err) != codes.Unavailable {
			t.Errorf("the call ended with %v", err)
		}
		<-drained
		s.stop(t)
	}
}
