//go:build linux

package attack

import (
	"context"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client"
	"github.com/tranship/tranship/internal/lane"
	"github.com/tranship/tranship/internal/testing/raced"
)

// silentCalls is how many calls without messages each attacker has. It is one caller's
// share of the room for calls whose first message has not arrived.
const silentCalls = 28

// silent begins calls from several addresses and sends nothing on them. It replaces each
// call that the server ends, until the context ends.
func silent(ctx context.Context, s *site, addresses int, method string, more ...hpack.HeaderField) error {
	for n := range addresses {
		f, err := s.newFramesFrom(ctx, fmt.Sprintf("127.0.%d.%d", 1+n/200, 1+n%200))
		if err != nil {
			return err
		}
		context.AfterFunc(ctx, func() { f.conn.Close() })
		open := func(stream uint32) error {
			return f.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: f.fields(method, more...), EndHeaders: true})
		}
		next := uint32(1)
		for ; next < 2*silentCalls; next += 2 {
			if err := open(next); err != nil {
				return err
			}
		}
		go f.again(ctx, next, open)
	}
	return nil
}

// again begins a new call for each that ends, a moment later.
func (f *frames) again(ctx context.Context, next uint32, open func(stream uint32) error) {
	var write sync.Mutex
	ended := map[uint32]bool{}
	for {
		frame, err := f.ReadFrame()
		if err != nil {
			return
		}
		h, isHeaders := frame.(*http2.HeadersFrame)
		_, isReset := frame.(*http2.RSTStreamFrame)
		id := frame.Header().StreamID
		if !isReset && (!isHeaders || !h.StreamEnded()) || ended[id] {
			continue
		}
		ended[id] = true
		time.AfterFunc(100*time.Millisecond, func() {
			write.Lock()
			defer write.Unlock()
			if ctx.Err() == nil {
				_ = open(next) // in ascending order, which HTTP/2 requires
				next += 2
			}
		})
	}
}

// silentLanes opens lanes from several addresses, begins a call on each, and sends nothing more.
// It replaces each lane that the server closes, until the context ends.
func silentLanes(ctx context.Context, s *site, addresses int, method string, more ...hpack.HeaderField) error {
	var metadata []string
	for _, field := range more {
		metadata = append(metadata, field.Name, field.Value)
	}
	headers, err := laneHeaders(method, metadata...)
	if err != nil {
		return err
	}
	begin := append([]byte(lane.Preface), headers...)
	for n := range addresses {
		for range silentCalls {
			open := func() (net.Conn, error) {
				conn, err := s.connectFrom(ctx, fmt.Sprintf("127.0.%d.%d", 1+n/200, 1+n%200))
				if err == nil {
					context.AfterFunc(ctx, func() { conn.Close() })
				}
				return conn, err
			}
			conn, err := open()
			if err != nil {
				return err
			}
			go func() {
				for ctx.Err() == nil {
					if err == nil {
						_, err = conn.Write(begin)
					}
					if err == nil {
						_, _ = io.Copy(io.Discard, conn)
						conn.Close()
					}
					select {
					case <-ctx.Done():
					case <-time.After(100 * time.Millisecond):
						conn, err = open()
					}
				}
			}()
		}
	}
	return nil
}

// TestSilentCalls attacks from two, eight and a hundred addresses, each of which begins
// as many calls as it may and sends nothing on them. Meanwhile the server must serve
// callers with credentials and health checks, and, if no caller has credentials, other
// addresses.
func TestSilentCalls(t *testing.T) {
	tokens := filepath.Join(t.TempDir(), "tokens")
	alice, eve := newToken(t, tokens, "alice"), newToken(t, tokens, "eve")
	good := bearerField(eve)
	for _, test := range []struct {
		name      string
		addresses int
		method    string
		headers   []hpack.HeaderField
		onLanes   bool
		known     bool
		flags     []string
	}{
		{name: "two strangers", addresses: 2, method: statMethod, known: true},
		{name: "eight strangers", addresses: 8, method: statMethod, known: true},
		{name: "a hundred strangers", addresses: raced.Times(100), method: statMethod, known: true},
		{name: "strangers that check health", addresses: 8, method: healthv1.Health_Check_FullMethodName, known: true},
		{name: "a hundred strangers that upload", addresses: raced.Times(100), method: uploadMethod, known: true},
		{name: "strangers that may read", addresses: raced.Times(100), method: statMethod, known: true, flags: []string{"--anonymous", "read"}},
		{name: "strangers that may write", addresses: 8, method: uploadMethod, known: true, flags: []string{"--anonymous", "write"}},
		{name: "another principal", addresses: 8, method: statMethod, known: true, headers: []hpack.HeaderField{good}},
		{name: "another principal that uploads", addresses: 8, method: uploadMethod, known: true, headers: []hpack.HeaderField{good}},
		{name: "two addresses where all are anonymous", addresses: 2, method: statMethod},
		{name: "eight addresses where all are anonymous", addresses: 8, method: statMethod},
		{name: "a hundred addresses where all are anonymous", addresses: raced.Times(100), method: statMethod},
		{name: "uploads of a hundred where all are anonymous", addresses: raced.Times(100), method: uploadMethod},
		{name: "uploads where all are anonymous", addresses: 2, method: uploadMethod},
		{name: "uploads of eight where all are anonymous", addresses: 8, method: uploadMethod},
		{name: "lanes of a hundred strangers", addresses: raced.Times(100), method: uploadMethod, onLanes: true, known: true},
		{name: "lanes of strangers that may write", addresses: 8, method: uploadMethod, onLanes: true, known: true, flags: []string{"--anonymous", "write"}},
		{name: "lanes of another principal", addresses: 8, method: downloadMethod, onLanes: true, headers: []hpack.HeaderField{good}, known: true},
		{name: "lanes of two where all are anonymous", addresses: 2, method: uploadMethod, onLanes: true},
		{name: "lanes of a hundred where all are anonymous", addresses: raced.Times(100), method: downloadMethod, onLanes: true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := prepareSite(t)
			flags := append([]string{"--memory-limit", "64MiB"}, test.flags...)
			if test.known {
				flags = append(flags, "--tokens", tokens)
				s.healthy = as(alice)
			}
			s.maybeRefused = !test.known
			s.start(t, flags...)
			begun, _ := s.resident(t)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			attack := silent
			if test.onLanes {
				attack = silentLanes
			}
			if err := attack(ctx, s, test.addresses, test.method, test.headers...); err != nil {
				t.Fatal(err)
			}
			// The first calls of each address are replaced only after their time has
			// expired.
			s.eventually(t)
			s.serves(t)
			s.bounded(t, begun, 128<<20)
		})
	}
}

// eventually waits until a harmless client gets an answer to each call.
func (s *site) eventually(t *testing.T) {
	t.Helper()
	const inARow = 20
	const atLast = 2 * time.Minute // The server shares two processors with its attackers.
	begun := time.Now()
	for n := 0; n < inARow; n++ {
		if err := s.answers(t); err != nil {
			n = 0
			if time.Since(begun) > atLast {
				t.Fatal(err)
			}
		}
	}
	t.Logf("served after %v", time.Since(begun))
}

// answers fails if a harmless client does not get answers soon.
func (s *site) answers(t *testing.T) error {
	t.Helper()
	const soon = 10 * time.Second // Machines that run tests are busy.
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	defer cancel()
	c, err := client.Dial(ctx, s.address, s.healthy)
	if err != nil {
		return err
	}
	defer c.Close()
	if _, err := c.Stat(ctx, "file"); err != nil {
		return fmt.Errorf("stat: %w", err)
	}
	for _, err := range c.List(ctx, tranship.ListOptions{}) {
		if err != nil {
			return fmt.Errorf("list: %w", err)
		}
	}
	conn, err := grpc.NewClient("passthrough:///"+s.address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err := healthv1.NewHealthClient(conn).Check(ctx, &healthv1.HealthCheckRequest{}, grpc.WaitForReady(true)); err != nil {
		return fmt.Errorf("health: %w", err)
	}
	return nil
}
