//go:build linux

package attack

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/http2"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client"
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
