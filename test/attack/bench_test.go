//go:build linux

package attack

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// healthyRate is the rate of a healthy client in bytes a second. It is far below the
// server's capacity, because the benchmark measures whether the client is served in time,
// not how the attacker's own work on the same processors slows it down.
const healthyRate = 20 << 20

// rounds is the number of rounds of each attack. A round is one second without and one
// with the attack.
const rounds = 5

// leastShare is the share of its usual throughput that a healthy client must keep.
const leastShare = 0.8

// An assault is one attack at a bounded rate.
type assault struct {
	name, what string
	// prepare creates what the attack needs; it may be nil. descriptors is the server's
	// limit of open files; 0 means the default.
	prepare     func(b *testing.B, s *site)
	descriptors int
	// begin starts the part of the attack that lasts until ctx ends; it may be nil.
	begin func(ctx context.Context, s *site) error
	// strike is run once in every interval.
	every  time.Duration
	strike func(ctx context.Context, s *site) error
}

// BenchmarkUnderAttack measures the share of its throughput that a healthy client keeps
// during each attack, or during the one named by the environment variable ATTACK. make
// attack-bench runs it and prints its table.
func BenchmarkUnderAttack(b *testing.B) {
	for b.Loop() {
		fmt.Println("| attack | what | MB/s without | MB/s with | share |")
		fmt.Println("| --- | --- | ---: | ---: | ---: |")
		for _, assault := range assaults() {
			if only := os.Getenv("ATTACK"); only != "" && assault.name != only {
				continue
			}
			without, with := assault.measure(b)
			share := with / without
			fmt.Printf("| %s | %s | %.1f | %.1f | %.0f %% |\n", assault.name, assault.what, without/1e6, with/1e6, 100*share)
			if share < leastShare {
				b.Errorf("%s: a healthy client keeps %.0f %% of its throughput, want at least %.0f %%", assault.name, 100*share, 100*leastShare)
			}
		}
	}
}

// measure returns the medians of a healthy client's throughput, in bytes a second.
func (a assault) measure(b *testing.B) (without, with float64) {
	s := prepareSite(b)
	if a.prepare != nil {
		a.prepare(b, s)
	}
	flags := []string{"--log-level", "error", "--durability", "written", "--audit-log", filepath.Join(b.TempDir(), "audit")}
	if a.descriptors > 0 {
		s.startWith(b, a.descriptors, flags...)
	} else {
		s.start(b, flags...)
	}
	c := s.dialClient(b)
	var off, on []float64
	for range rounds {
		off = append(off, s.throughput(b, c))
		ctx, cancel := context.WithCancel(b.Context())
		var attackers sync.WaitGroup
		attackers.Go(func() { a.run(ctx, s) })
		on = append(on, s.throughput(b, c))
		cancel()
		attackers.Wait()
	}
	return median(off), median(on)
}

// run attacks until the context ends. It ignores errors, because a refused attack is no
// failure.
func (a assault) run(ctx context.Context, s *site) {
	if a.begin != nil {
		_ = a.begin(ctx, s)
	}
	if a.strike == nil {
		<-ctx.Done()
		return
	}
	ticker := time.NewTicker(a.every)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			_ = a.strike(ctx, s)
		case <-ctx.Done():
			return
		}
	}
}

func median(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}

// throughput uploads a file of one second's data, at the healthy rate, and returns how
// much the server took a second.
func (s *site) throughput(t testing.TB, c *client.Client) float64 {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	begun := time.Now()
	sent, err := s.uploadAtRate(ctx, c, begun)
	if err != nil {
		t.Fatalf("a healthy client: %v", err)
	}
	return float64(sent) / time.Since(begun).Seconds()
}

func (s *site) uploadAtRate(ctx context.Context, c *client.Client, begun time.Time) (sent int64, err error) {
	size := int64(healthyRate)
	upload, err := c.Begin(ctx, tranship.Spec{Path: "a steady file", Size: &size})
	if err != nil {
		return 0, err
	}
	defer func() { _ = upload.Abort(ctx) }() // Does nothing after a commit.
	chunk := bytes.Repeat([]byte("healthy!"), 32<<10)
	for n := 0; sent < size; n++ {
		part, err := upload.Part(ctx, n)
		if err != nil {
			return sent, err
		}
		for left := min(upload.PartSize(), size-sent); left > 0 && err == nil; {
			due := begun.Add(time.Duration(float64(sent) / healthyRate * float64(time.Second)))
			select {
			case <-time.After(time.Until(due)):
			case <-ctx.Done():
				return sent, ctx.Err()
			}
			piece := chunk[:min(int64(len(chunk)), left)]
			_, err = part.Write(piece)
			sent, left = sent+int64(len(piece)), left-int64(len(piece))
		}
		if closeErr := part.Close(); err == nil {
			err = closeErr
		}
		if err != nil {
			return sent, err
		}
	}
	if _, err := upload.Commit(ctx, tranship.Commit{Size: size}); err != nil {
		return sent, err
	}
	return sent, c.Remove(ctx, "a steady file", tranship.Precondition{})
}

// stand opens n connections that are closed when ctx ends.
func stand(ctx context.Context, s *site, n int, use func(f *frames) error, settings ...http2.Setting) error {
	for range n {
		f, err := s.newFrames(ctx, settings...)
		if err != nil {
			return err
		}
		context.AfterFunc(ctx, func() { f.conn.Close() })
		f.drain()
		if err := use(f); err != nil {
			return err
		}
	}
	return nil
}

// once returns a strike that uses a separate connection each time.
func once(use func(f *frames) error) func(ctx context.Context, s *site) error {
	return func(ctx context.Context, s *site) error {
		f, err := s.newFrames(ctx)
		if err != nil {
			return err
		}
		defer f.conn.Close()
		f.drain()
		return use(f)
	}
}

func assaults() []assault {
	bomb := zeros(64 << 20)
	begin := &transhipv1.UploadRequest{Request: &transhipv1.UploadRequest_Begin{Begin: &transhipv1.Begin{
		Slot: 1, Mode: transhipv1.Begin_MODE_RESUME, Path: "lost", Size: new(int64(1)), Keep: true, ResumeKey: "key",
	}}}
	invalid := &transhipv1.UploadRequest{Request: &transhipv1.UploadRequest_Put{Put: &transhipv1.Put{Slot: 1, Path: "../" + strings.Repeat("x", 1000)}}}
	return []assault{
		{
			name: "silent calls", what: "28 calls without a message from each of 8 addresses, begun anew when they end",
			begin: func(ctx context.Context, s *site) error { return silent(ctx, s, 8, statMethod) },
		},
		{
			name: "silent uploads", what: "the same of uploads",
			begin: func(ctx context.Context, s *site) error { return silent(ctx, s, 8, uploadMethod) },
		},
		{
			name: "stalled lists", what: "8 of 40,000 names of 200 letters, of which nothing is read",
			prepare: func(b *testing.B, s *site) { s.fillLong(b, 40_000) },
			begin: func(ctx context.Context, s *site) error {
				return stand(ctx, s, 1, func(f *frames) error {
					return f.stall(8, listMethod, &transhipv1.ListRequest{Directory: many, Recursive: true}, true)
				}, noWindow)
			},
		},
		{
			name: "descriptors", what: "8 stalled lists of a tree 500 deep and 600 connections, with 4,096 descriptors", descriptors: 4096,
			prepare: func(b *testing.B, s *site) { s.fillDeep(b, 500) },
			begin: func(ctx context.Context, s *site) error {
				for range 600 {
					conn, err := s.attackFrom(ctx)
					if err != nil {
						return err
					}
					context.AfterFunc(ctx, func() { conn.Close() })
				}
				return stand(ctx, s, 1, func(f *frames) error {
					return f.stall(8, listMethod, &transhipv1.ListRequest{Directory: many, Recursive: true}, true)
				}, noWindow)
			},
		},
		{
			name: "lost uploads", what: "200 uploads a second begun and broken off", every: 50 * time.Millisecond,
			strike: once(func(f *frames) error { return f.stall(10, uploadMethod, begin, false) }),
		},
		{
			name: "invalid paths", what: "2,000 uploads a second to paths of 1,000 letters that are refused, with an audit log", every: 50 * time.Millisecond,
			strike: once(func(f *frames) error { return f.stall(100, uploadMethod, invalid, true) }),
		},
		{
			name: "rapid reset", what: "2,000 calls begun and reset a second", every: 50 * time.Millisecond,
			strike: once(func(f *frames) error {
				for stream := uint32(1); stream < 200; stream += 2 {
					if err := f.open(stream, uploadMethod, false); err != nil {
						return err
					}
					if err := f.WriteRSTStream(stream, http2.ErrCodeCancel); err != nil {
						return err
					}
				}
				return nil
			}),
		},
		{
			name: "empty streams", what: "4,000 calls without a message, on 4 connections",
			begin: func(ctx context.Context, s *site) error { return stand(ctx, s, 4, openCalls(1000, statMethod, nil)) },
		},
		{
			name: "idle connections", what: "500 that say nothing",
			begin: func(ctx context.Context, s *site) error {
				for range 500 {
					conn, err := s.attackFrom(ctx)
					if err != nil {
						return err
					}
					context.AfterFunc(ctx, func() { conn.Close() })
				}
				return nil
			},
		},
		{
			name: "slow senders", what: "300 uploads that stop in the middle of a chunk, on 3 connections",
			begin: func(ctx context.Context, s *site) error {
				return stand(ctx, s, 3, openCalls(100, uploadMethod, []byte{0, 0, 1, 0, 0, 'x'}))
			},
		},
		{
			name: "slow readers", what: "300 downloads of which nothing is read, on 3 connections",
			begin: func(ctx context.Context, s *site) error {
				open := message([]byte{0x0a, 8, 0x08, 1, 0x12, 4, 'f', 'i', 'l', 'e'})
				return stand(ctx, s, 3, openCalls(100, downloadMethod, open), http2.Setting{ID: http2.SettingInitialWindowSize, Val: 0})
			},
		},
		{
			name: "header bombs", what: "20 headers of 1 MiB a second", every: 50 * time.Millisecond,
			strike: once(func(f *frames) error {
				return f.writeBlock(1, f.fields(statMethod, hpack.HeaderField{Name: "x", Value: strings.Repeat("x", 1<<20), Sensitive: true}))
			}),
		},
		{
			name: "ping flood", what: "4,000 pings a second", every: 50 * time.Millisecond,
			strike: once(func(f *frames) error {
				for range 200 {
					if err := f.WritePing(false, [8]byte{}); err != nil {
						return err
					}
				}
				return nil
			}),
		},
		{
			name: "malformed messages", what: "400 calls a second", every: 50 * time.Millisecond,
			strike: once(func(f *frames) error { return openCalls(20, statMethod, message([]byte("\xff\xff\xff")))(f) }),
		},
		{
			name: "decompression bombs", what: "10 messages of 64 MiB of zeros a second", every: 100 * time.Millisecond,
			strike: once(func(f *frames) error {
				err := f.WriteHeaders(http2.HeadersFrameParam{
					StreamID: 1, BlockFragment: f.fields(statMethod, hpack.HeaderField{Name: "grpc-encoding", Value: "gzip"}), EndHeaders: true,
				})
				if err != nil {
					return err
				}
				data := message(bomb)
				data[0] = 1 // compressed
				for len(data) > 0 && err == nil {
					piece := data[:min(len(data), 16<<10)]
					data = data[len(piece):]
					err = f.WriteData(1, false, piece)
				}
				return err
			}),
		},
		{
			name: "listing", what: "a directory of 100,000 entries, again and again", every: time.Millisecond,
			prepare: func(b *testing.B, s *site) { s.fill(b, 100_000) },
			strike: func(ctx context.Context, s *site) error {
				conn, err := s.newConn()
				if err != nil {
					return err
				}
				defer conn.Close()
				_, err = callContext(ctx, conn, "/tranship.v1.FileService/List", nil, []byte{0x0a, 4, 'm', 'a', 'n', 'y', 0x10, 1})
				return err
			},
		},
	}
}
