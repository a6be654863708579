package lanes_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tranship/tranship/client/internal/lanes"
	"github.com/tranship/tranship/internal/lane"
	"github.com/tranship/tranship/internal/testing/pipenet"
)

// errRefused is the error of a connection that a machine refuses.
var errRefused = &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}

// site is a server in virtual time, and what a client finds at its address.
type site struct {
	*testing.T

	mu sync.Mutex
	// address is where the server has answered over gRPC.
	address netip.AddrPort
	// told is the instance id that the server tells over gRPC, unless askErr is set.
	told   string
	askErr error
	// instance is what answers on lanes tells, unless dialErr is set or isSilent.
	instance string
	dialErr  error
	isSilent bool
	isDown   bool
	// dials and asks count.
	dials, asks int
	conns       []*pipenet.Freezable
	ends        []*lane.Conn
	serving     sync.WaitGroup
	// outdated means that the client has another certificate.
	outdated atomic.Bool
}

func newSite(t *testing.T) *site {
	return &site{T: t, address: netip.MustParseAddrPort("192.0.2.1:443"), told: "one", instance: "one"}
}

// set changes the site.
func (s *site) set(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
}

// client returns lanes to the site, which it closes at the end of the test.
func (s *site) client(change func(*lanes.Options)) *lanes.Lanes {
	options := lanes.Options{
		Instance: s.told,
		Address: func() netip.AddrPort {
			s.mu.Lock()
			defer s.mu.Unlock()
			return s.address
		},
		Dial: s.dial, Ask: s.ask, Now: time.Now,
		IsDown: func() bool {
			s.mu.Lock()
			defer s.mu.Unlock()
			return s.isDown
		},
	}
	if change != nil {
		change(&options)
	}
	return lanes.New(options)
}

// end closes the client, and waits for the server's ends.
func (s *site) end(all *lanes.Lanes) {
	all.Close()
	s.serving.Wait()
}

func (s *site) ask(context.Context) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asks++
	return s.told, s.askErr
}

func (s *site) dial(ctx context.Context, _ netip.AddrPort) (*lanes.Lane, error) {
	s.mu.Lock()
	s.dials++
	err, instance, silent := s.dialErr, s.instance, s.isSilent
	near, far := net.Pipe()
	frozen := &pipenet.Freezable{Conn: near}
	s.conns = append(s.conns, frozen)
	s.mu.Unlock()
	if err != nil {
		return nil, err
	}
	s.serving.Go(func() { s.serve(far, instance, silent) })
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	conn, err := lane.Dial(ctx, frozen, lane.Options{})
	if err != nil {
		_ = near.Close()
		return nil, err
	}
	return &lanes.Lane{Conn: conn, IsOutdated: s.outdated.Load}, nil
}

// serve is the server's end of a lane. Its calls succeed at once.
func (s *site) serve(conn net.Conn, instance string, silent bool) {
	defer conn.Close()
	if _, err := io.ReadFull(conn, make([]byte, len(lane.Preface))); err != nil {
		return
	}
	if silent {
		_, _ = io.Copy(io.Discard, conn)
		return
	}
	end, err := lane.Accept(conn, lane.Options{Instance: instance})
	if err != nil {
		return
	}
	s.set(func() { s.ends = append(s.ends, end) })
	defer end.Close()
	for {
		_, err := end.AwaitHeaders(time.Hour, time.Hour)
		if err != nil || !end.Serve(context.Background()).Finish(nil) {
			return
		}
	}
}

// endServer closes the server's end of a lane.
func (s *site) endServer(n int) {
	synctest.Wait()
	_ = s.ends[n].Close()
	synctest.Wait()
}

// call makes a call on a lane of a client, and returns the lane.
func (s *site) call(all *lanes.Lanes) *lanes.Lane {
	s.Helper()
	got, err := all.Get(s.Context())
	if err != nil {
		s.Fatal(err)
	}
	s.callOn(all, got)
	return got
}

func (s *site) callOn(all *lanes.Lanes, got *lanes.Lane) {
	s.Helper()
	released := make(chan struct{})
	stream, err := got.Open(s.Context(), lane.Headers{Method: "/a/b"}, func(reusable bool) {
		all.Release(got, reusable)
		close(released)
	})
	if err != nil {
		s.Fatal(err)
	}
	if err := stream.CloseSend(); err != nil {
		s.Error(err)
	}
	if err := stream.RecvMsg(nil); !errors.Is(err, io.EOF) {
		s.Error(err)
	}
	<-released
}

// expect checks how many lanes were dialled, and how often the client has asked, until now.
func (s *site) expect(dials, asks int) {
	s.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.dials != dials || s.asks != asks {
		s.Errorf("%d lanes were dialled and %d questions asked, want %d and %d", s.dials, s.asks, dials, asks)
	}
}

// expectNone checks that there is no lane, because of a reason.
func (s *site) expectNone(all *lanes.Lanes, reason error) {
	s.Helper()
	got, err := all.Get(s.Context())
	if err == nil || !errors.Is(err, reason) {
		s.Errorf("got %v and %v, want %v", got, err, reason)
	}
}
