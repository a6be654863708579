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

// What a healthy client sends, in bytes a second: far less than the server could take,
// so that what is measured is whether it is served in time, and not how an attacker's
// own work, on the same processors, slows it down.
const healthyRate = 20 << 20

// rounds of each attack, with a second without it and a second with it in each.
const rounds = 5

// leastShare is how much of its usual throughput a healthy client must keep.
const leastShare = 0.8

// An assault is one attack at a bounded rate.
type assault struct {
	name, what string
	// prepare makes what is attacked, and descriptors is how many the server may have;
	// nil and 0: nothing, and as many as usual.
	prepare     func(b *testing.B, s *site)
	descriptors int
	// begin starts what stands all the time; it may be nil.
	begin func(ctx context.Context, s *site) error
	// every and strike: what is done, and how often.
	every  time.Duration
	strike func(ctx context.Context, s *site) error
}

// BenchmarkUnderAttack measures what a healthy client keeps of its throughput while each
// attack runs, or the one that the environment's ATTACK names. It is for make
// attack-bench, which prints its table.
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
		off = append(off, s.pace(b, c))
		ctx, cancel := context.WithCancel(b.Context())
		var attackers sync.WaitGroup
		attackers.Go(func() { a.run(ctx, s) })
		on = append(on, s.pace(b, c))
		cancel()
		attackers.Wait()
	}
	return median(off), median(on)
}

// run attacks until the context ends. That an attack is fended off is no failure.
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

// pace uploads a file of a second, a chunk at a time, none before it is due.
func (s *site) pace(t testing.TB, c *client.Client) float64 {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	begun := time.Now()
	sent, err := s.paced(ctx, c, begun)
	if err != nil {
		t.Fatalf("a healthy client: %v", err)
	}
	return float64(sent) / time.Since(begun).Seconds()
}

func (s *site) paced(ctx context.Context, c *client.Client, begun time.Time) (sent int64, err error) {
	size := int64(healthyRate)
	upload, err := c.Begin(ctx, tranship.Spec{Path: "a paced file", Size: &size})
	if err != nil {
		return 0, err
	}
	defer func() { _ = upload.Abort(ctx) }() // Committed, it does nothing.
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
	return sent, c.Remove(ctx, "a paced file", tranship.Precondition{})
}

// stand opens connections that are closed with the context.
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

// once is a strike on a connection of its own.
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
