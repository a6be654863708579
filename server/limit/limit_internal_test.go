package limit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/http2"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/internal/failure"
	"github.com/tranship/tranship/internal/minrate"
	"github.com/tranship/tranship/internal/payload"
	"github.com/tranship/tranship/internal/rpcstatus"
)

func address(text string) net.Addr {
	return net.TCPAddrFromAddrPort(netip.MustParseAddrPort(text))
}

// What is remembered of clients is bounded, and those that come again stay.
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

// as is a context of somebody at an address.
func as(ctx context.Context, name, from string) context.Context {
	ctx = peer.NewContext(ctx, &peer.Peer{Addr: address(from)})
	return access.NewContext(ctx, access.Principal{Name: name})
}

// Calls wait for their turn, each caller for its own, and fail when that takes too long.
func TestCallsPerSecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := New(Options{CallsPerSecond: 10, CallsBurst: 5})
		call := func(ctx context.Context) error {
			_, err := l.unary(ctx, nil, nil, func(context.Context, any) (any, error) { return nil, nil })
			return err
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
			if status.Code(err) != codes.Unavailable || !names(err, tranship.LimitCallsPerSecond) {
				t.Fatal(err)
			}
			if class := failure.Of(t.Context(), rpcstatus.FromError(err)); class != failure.Refused {
				t.Fatalf("a call that was not begun is %v", class)
			}
		}
		if refused < 8 || refused > 12 {
			t.Errorf("%d of 60 were refused", refused)
		}
		ended, cancel := context.WithCancel(ann)
		cancel()
		if err := call(ended); status.Code(err) != codes.Canceled {
			t.Error(err)
		}
	})
}

// fakeStream is the transport's end of a stream: what comes in is in in; what goes out
// waits for out.
type fakeStream struct {
	grpc.ServerStream
	ctx context.Context
	in  chan int
	out chan struct{}
}

func newStream(ctx context.Context) *fakeStream {
	return &fakeStream{ctx: ctx, in: make(chan int), out: make(chan struct{})}
}

func (s *fakeStream) Context() context.Context { return s.ctx }

func (s *fakeStream) RecvMsg(m any) error {
	select {
	case n, ok := <-s.in:
		if !ok {
			return io.EOF
		}
		m.(*payload.Message).Data = mem.BufferSlice{mem.SliceBuffer(make([]byte, n))}
		return nil
	case <-s.ctx.Done():
		return s.ctx.Err()
	}
}

func (s *fakeStream) SendMsg(any) error {
	select {
	case <-s.out:
		return nil
	case <-s.ctx.Done():
		return s.ctx.Err()
	}
}

// run runs a handler on a stream until it is over, and returns the call's outcome.
func run(l *Limiter, s *fakeStream, info grpc.StreamServerInfo, handler func(stream grpc.ServerStream) error) <-chan error {
	ctx, cancel := context.WithCancel(s.ctx)
	s.ctx = ctx
	done := make(chan error, 1)
	go func() {
		done <- l.stream(nil, s, &info, func(_ any, stream grpc.ServerStream) error { return handler(stream) })
		cancel() // as gRPC ends the stream
	}()
	return done
}

func receiveAll(stream grpc.ServerStream) error {
	for {
		message := &payload.Message{}
		if err := stream.RecvMsg(message); err != nil {
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return err
		}
	}
}

var (
	uploading = grpc.StreamServerInfo{IsClientStream: true}
	both      = grpc.StreamServerInfo{IsClientStream: true, IsServerStream: true}
	download  = grpc.StreamServerInfo{IsServerStream: true}
)

// A limit of bandwidth is shared fairly, holds back only whom it is for, and ends with
// its call.
func TestBandwidth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const rate, message = 1 << 20, 256 << 10
		l := New(Options{Bandwidth: rate})
		var moved [4]int
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		var outcomes []<-chan error
		for i := range moved {
			s := newStream(as(ctx, fmt.Sprint("caller", i), "192.0.2.1:1"))
			outcomes = append(outcomes, run(l, s, uploading, receiveAll))
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
		l := New(Options{BandwidthPerPrincipal: 1 << 20})
		send := func(stream grpc.ServerStream) error {
			for range 10 {
				message := &payload.Message{Data: mem.BufferSlice{mem.SliceBuffer(make([]byte, 1<<20))}}
				if err := stream.SendMsg(message); err != nil {
					return err
				}
			}
			return nil
		}
		for _, name := range []string{"ann", "ben"} {
			s := newStream(as(t.Context(), name, "192.0.2.1:1"))
			close(s.out)
			start := time.Now()
			if err := <-run(l, s, download, send); err != nil {
				t.Error(err)
			}
			if took := time.Since(start); took < 9*time.Second || took > 11*time.Second {
				t.Errorf("10 MiB at 1 MiB/s took %s %v", name, took)
			}
		}
	})
}

// pause waits, and is false when the context has ended.
func pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}

// slowOptions drop whoever moves less than 100 bytes a second for 10 s.
var slowOptions = Options{MinRate: 100, MinRateWindow: 10 * time.Second, Idle: time.Minute}

// names reports whether the status of a call names a limit.
func names(err error, limit tranship.Limit) bool {
	over, ok := errors.AsType[*tranship.LimitError](rpcstatus.FromError(err))
	return ok && over.Limit == limit
}

// dropped waits for the end of a call, which must have been too slow.
func dropped(t *testing.T, outcome <-chan error, limit tranship.Limit, least, most time.Duration) {
	t.Helper()
	start := time.Now()
	err := <-outcome
	if took := time.Since(start); took < least || took > most {
		t.Errorf("it took %v, want %v to %v", took, least, most)
	}
	if status.Code(err) != codes.Unavailable || !names(err, limit) {
		t.Errorf("outcome is %v, want UNAVAILABLE of the limit %s", err, limit)
	}
	if class := failure.Of(t.Context(), rpcstatus.FromError(err)); class != failure.Unknown {
		t.Errorf("a call that was cut off is %v", class)
	}
}

func TestSlowSender(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // sends nothing
		dropped(t, run(New(slowOptions), newStream(t.Context()), uploading, receiveAll), tranship.LimitMinRate, 10*time.Second, 12*time.Second)
	})
	synctest.Test(t, func(t *testing.T) { // a call whose request does not come
		dropped(t, run(New(slowOptions), newStream(t.Context()), download, receiveAll), tranship.LimitMinRate, 10*time.Second, 12*time.Second)
	})
	synctest.Test(t, func(t *testing.T) { // sends a byte now and then, after much
		s := newStream(t.Context())
		outcome := run(New(slowOptions), s, uploading, receiveAll)
		s.in <- 1 << 20
		go func() {
			for pause(s.ctx, 3*time.Second) {
				select {
				case s.in <- 1:
				case <-s.ctx.Done():
				}
			}
		}()
		dropped(t, outcome, tranship.LimitMinRate, 10*time.Second, 14*time.Second)
	})
	synctest.Test(t, func(t *testing.T) { // as slow as is allowed, then ends
		s := newStream(t.Context())
		outcome := run(New(slowOptions), s, uploading, receiveAll)
		for range 100 {
			time.Sleep(4 * time.Second)
			s.in <- 500
		}
		close(s.in)
		if err := <-outcome; err != nil {
			t.Error(err)
		}
	})
}

// It is not the client's fault if the server lets it wait.
func TestServerIsSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // its disk
		s := newStream(t.Context())
		outcome := run(New(slowOptions), s, uploading, func(stream grpc.ServerStream) error {
			for range 10 {
				if err := stream.RecvMsg(&payload.Message{}); err != nil {
					return err
				}
				time.Sleep(time.Hour)
			}
			return nil
		})
		for range 10 {
			s.in <- 1
		}
		if err := <-outcome; err != nil {
			t.Error(err)
		}
	})
	synctest.Test(t, func(t *testing.T) { // its bandwidth
		options := slowOptions
		options.Bandwidth = 10
		options.MinRate = 1 << 30
		l := New(options)
		s := newStream(t.Context())
		outcome := run(l, s, both, func(stream grpc.ServerStream) error {
			message := &payload.Message{Data: mem.BufferSlice{mem.SliceBuffer(make([]byte, 1<<20))}}
			if err := stream.SendMsg(message); err != nil {
				return err
			}
			if held := minrate.FromContext(stream.Context()).Held(); held < time.Hour {
				t.Errorf("the service was told of %v", held)
			}
			return nil
		})
		close(s.out)
		if err := <-outcome; err != nil {
			t.Error(err)
		}
	})
}

func TestSlowReader(t *testing.T) {
	send := func(stream grpc.ServerStream) error {
		for {
			message := &payload.Message{Data: mem.BufferSlice{mem.SliceBuffer(make([]byte, 1000))}}
			if err := stream.SendMsg(message); err != nil {
				return err
			}
		}
	}
	synctest.Test(t, func(t *testing.T) { // reads nothing
		dropped(t, run(New(slowOptions), newStream(t.Context()), download, send), tranship.LimitMinRate, 10*time.Second, 12*time.Second)
	})
	synctest.Test(t, func(t *testing.T) { // reads slowly
		s := newStream(t.Context())
		outcome := run(New(slowOptions), s, both, send)
		go func() {
			for pause(s.ctx, 20*time.Second) {
				select {
				case s.out <- struct{}{}:
				case <-s.ctx.Done():
				}
			}
		}()
		dropped(t, outcome, tranship.LimitMinRate, 10*time.Second, 35*time.Second)
	})
	synctest.Test(t, func(t *testing.T) { // sends and does not read: it is not to
		s := newStream(t.Context())
		outcome := run(New(slowOptions), s, both, func(stream grpc.ServerStream) error {
			go stream.SendMsg(&payload.Message{})
			return receiveAll(stream)
		})
		for range 100 {
			time.Sleep(time.Second)
			s.in <- 1000
		}
		close(s.in)
		if err := <-outcome; err != nil {
			t.Error(err)
		}
	})
}

func TestIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dropped(t, run(New(slowOptions), newStream(t.Context()), both, receiveAll), tranship.LimitIdle, time.Minute, 63*time.Second)
	})
	synctest.Test(t, func(t *testing.T) { // no limit
		s := newStream(t.Context())
		outcome := run(New(Options{MinRate: -1, Idle: -1}), s, uploading, receiveAll)
		time.Sleep(1000 * time.Hour)
		close(s.in)
		if err := <-outcome; err != nil {
			t.Error(err)
		}
	})
}

// frames are one after the other, however they are cut.
func TestFrames(t *testing.T) {
	var wire strings.Builder
	wire.WriteString(http2.ClientPreface)
	framer := http2.NewFramer(&wire, nil)
	for _, err := range []error{
		framer.WriteSettings(), // cheap
		framer.WriteData(1, false, make([]byte, 16000)),
		framer.WritePing(false, [8]byte{}), // cheap
		framer.WriteData(1, false, nil),    // cheap
		framer.WriteRSTStream(1, 0),        // cheap
		framer.WriteHeaders(http2.HeadersFrameParam{StreamID: 3, BlockFragment: make([]byte, 100)}), // cheap
		framer.WriteData(3, true, []byte("x")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, step := range []int{1, 2, 8, 9, 10, 1000, 1 << 20} {
		c := New(Options{}).framed(&net.TCPConn{})
		cheap := 0
		for rest := []byte(wire.String()); len(rest) > 0; {
			n := min(step, len(rest))
			cheap += c.count(rest[:n])
			rest = rest[n:]
		}
		if cheap != 5 {
			t.Errorf("by %d bytes: %d frames", step, cheap)
		}
	}
}

// FuzzFrames cuts bytes in two ways, which must come to the same.
func FuzzFrames(f *testing.F) {
	f.Add([]byte("\x00\x00\x00\x04\x00\x00\x00\x00\x00"), byte(3))
	f.Fuzz(func(t *testing.T, data []byte, step byte) {
		whole, cut := &framedConn{}, &framedConn{}
		want, got := whole.count(data), 0
		for rest := data; len(rest) > 0; {
			n := min(int(step)+1, len(rest))
			got += cut.count(rest[:n])
			rest = rest[n:]
		}
		if got != want || whole.skip != cut.skip || whole.have != cut.have || got > len(data)/frameHeaderBytes {
			t.Errorf("%d frames by %d bytes, %d at once", got, int(step)+1, want)
		}
	})
}
