package admission

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/internal/failure"
	"github.com/tranship/tranship/server/limit"
)

func address(text string) net.Addr {
	return net.TCPAddrFromAddrPort(netip.MustParseAddrPort(text))
}

// The number of remembered clients is bounded, and clients that return stay remembered.
func TestClients(t *testing.T) {
	c := newClients(3, func(name string) *client { return &client{name: name} })
	first := c.get("first")
	for i := range 1000 {
		c.get(fmt.Sprint(i))
		if c.get("first") != first {
			t.Fatal("one that comes all the time was forgotten")
		}
	}
	if len(c.byName) != 3 || c.recent.Len() != 3 {
		t.Errorf("remembers %d and %d", len(c.byName), c.recent.Len())
	}
}

// like a context of a caller at an address.
func as(ctx context.Context, name, from string) context.Context {
	return access.NewContext(access.NewPeerContext(ctx, address(from)), access.Principal{Name: name})
}

// Calls wait for their turn, each caller for its own, and fail when that takes too long.
func TestCallsPerSecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := slow(limit.Options{CallsPerSecond: 10, CallsBurst: 5})
		call := func(ctx context.Context) error {
			c, err := begin(d, ctx)
			if err != nil {
				return err
			}
			defer c.End()
			return c.Turn()
		}
		ann, ben := as(t.Context(), "ann", "192.0.2.1:1"), as(t.Context(), "ben", "192.0.2.1:2")
		start := time.Now()
		for range 15 {
			if err := call(ann); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(start); took < 990*time.Millisecond || took > 1010*time.Millisecond {
			t.Errorf("15 calls took %v", took)
		}
		errs := make(chan error, 60)
		for range 60 {
			go func() { errs <- call(ann) }()
		}
		synctest.Wait()
		if err := call(ben); err != nil {
			t.Error(err)
		}
		if err := call(as(t.Context(), "", "192.0.2.1:3")); err != nil {
			t.Error(err)
		}
		if time.Since(start) > 1010*time.Millisecond {
			t.Error("others waited, too")
		}
		refused := 0
		for range 60 {
			err := <-errs
			if err == nil {
				continue
			}
			refused++
			if limit, ok := errors.AsType[*tranship.LimitError](err); !ok || limit.Limit != tranship.LimitCallsPerSecond || !errors.Is(err, tranship.ErrUnavailable) {
				t.Fatal(err)
			}
			if class := failure.Of(t.Context(), err); class != failure.Refused {
				t.Fatalf("a call that was not begun is %v", class)
			}
		}
		if refused < 8 || refused > 12 {
			t.Errorf("%d of 60 were refused", refused)
		}
		ended, cancel := context.WithCancel(ann)
		cancel()
		if err := call(ended); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
}

// begin begins a call of the principal and peer of ctx.
func begin(d *Door, ctx context.Context) (*Call, error) { //nolint:revive // as a method would
	c, err := d.Begin(ctx, "/Test/Call", access.PeerFromContext(ctx), nil)
	if err != nil {
		return nil, err
	}
	if err := c.Authenticate(Presented{}, false); err != nil {
		c.End()
		return nil, err
	}
	return c, nil
}

// fakeStream is a stream of a call without any transport: what comes in is in in; what
// goes out waits for out.
type fakeStream struct {
	ctx  context.Context
	call *Call
	in   chan int
	out  chan struct{}
}

func newStream(ctx context.Context) *fakeStream {
	return &fakeStream{ctx: ctx, in: make(chan int), out: make(chan struct{})}
}

func (s *fakeStream) receive() error {
	s.call.Receiving()
	select {
	case n, ok := <-s.in:
		if !ok {
			return s.call.Received(0, io.EOF)
		}
		return s.call.Received(int64(n), nil)
	case <-s.ctx.Done():
		return s.call.Received(0, s.ctx.Err())
	}
}

func (s *fakeStream) send(payload int64) error {
	if err := s.call.Sending(payload); err != nil {
		return err
	}
	defer s.call.Sent(payload)
	select {
	case <-s.out:
		return nil
	case <-s.ctx.Done():
		return s.ctx.Err()
	}
}

// run runs a handler on a stream until it is over, and returns the outcome of the call.
func run(d *Door, s *fakeStream, stream Stream, handler func(s *fakeStream) error) <-chan error {
	done := make(chan error, 1)
	call, err := begin(d, s.ctx)
	if err != nil {
		done <- err
		return done
	}
	s.call = call
	ctx, cancel := context.WithCancel(s.ctx)
	s.ctx = ctx
	stream.Handlers = new(sync.WaitGroup)
	go func() {
		outcome := call.Run(stream, func() error { return handler(s) })
		cancel() // as a transport ends the stream
		call.End()
		stream.Handlers.Wait()
		done <- outcome
	}()
	return done
}

// slow is a Door that believes the context of a call.
func slow(limits limit.Options) *Door {
	caller := func(ctx context.Context) (access.Principal, error) { return access.FromContext(ctx), nil }
	return New(Options{Limits: limits, Caller: caller, Anonymous: true})
}

func receiveAll(s *fakeStream) error {
	for {
		if err := s.receive(); err != nil {
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return err
		}
	}
}

var (
	oneWay = Stream{Owes: true} // an upload, or a download
	both   = Stream{}
)

// A limit of bandwidth is shared fairly, slows only the callers that it applies to, and
// ends with its call.
func TestBandwidth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const rate, message = 1 << 20, 256 << 10
		l := slow(limit.Options{Bandwidth: rate})
		var moved [4]int
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		var outcomes []<-chan error
		for i := range moved {
			s := newStream(as(ctx, fmt.Sprint("caller", i), "192.0.2.1:1"))
			outcomes = append(outcomes, run(l, s, oneWay, receiveAll))
			go func() {
				for {
					select {
					case s.in <- message:
						moved[i] += message
					case <-ctx.Done():
						return
					}
				}
			}()
		}
		for _, outcome := range outcomes {
			if err := <-outcome; !errors.Is(err, context.DeadlineExceeded) {
				t.Error(err)
			}
		}
		synctest.Wait()
		sum := 0
		for i, n := range moved {
			sum += n
			if want := 20 * rate / len(moved); n < want*9/10 || n > want*12/10 {
				t.Errorf("caller %d had %d bytes of a share of %d", i, n, want)
			}
		}
		if sum > 20*rate*11/10 {
			t.Errorf("%d bytes in 20 s", sum)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		l := slow(limit.Options{BandwidthPerPrincipal: 1 << 20})
		send := func(s *fakeStream) error {
			for range 10 {
				if err := s.send(1 << 20); err != nil {
					return err
				}
			}
			return nil
		}
		for _, name := range []string{"ann", "ben"} {
			s := newStream(as(t.Context(), name, "192.0.2.1:1"))
			close(s.out)
			start := time.Now()
			if err := <-run(l, s, oneWay, send); err != nil {
				t.Error(err)
			}
			if took := time.Since(start); took < 9*time.Second || took > 11*time.Second {
				t.Errorf("10 MiB at 1 MiB/s took %s %v", name, took)
			}
		}
	})
}
