// Package scrub verifies the files of a server's store in the background, again and again. Of
// several servers over one store one does it at a time, and each continues where the one before
// has stopped.
package scrub

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/budget"
	"github.com/tranship/tranship/internal/verification"
)

// DefaultBandwidth is the default of Options.BytesPerSecond, 16 MiB. A pass over 40 TiB takes a
// month at this rate.
const DefaultBandwidth = 16 << 20

const (
	// leaseTime is for how long a server has the lease that it does not renew, and saveInterval
	// how often it renews the lease and saves how far it is.
	leaseTime    = 2 * time.Minute
	saveInterval = 20 * time.Second
	// retryPause is the pause after a pass that failed, or while another server is at work.
	retryPause = time.Minute
)

// Options are what a Scrub does. Store, State and Every are required.
type Options struct {
	// Store has the files, and State what the servers know of the passes.
	Store tranship.Reader
	State tranship.StateStore
	// Every is the time from the end of a pass over all files to the begin of the next.
	Every time.Duration
	// BytesPerSecond is how much is read in a second at most; 0 means DefaultBandwidth.
	BytesPerSecond int64
	// Logger gets each file that does not match its checksum or cannot be read, and each pass.
	Logger *slog.Logger
}

// Stats are what a Scrub knows. The zero value is that of one that has not begun.
type Stats struct {
	// Running is set while this server verifies files.
	Running bool
	// Current has the totals of the pass under way or, if there is none, of the latest one, and
	// Latest those of the latest one that has ended.
	Current, Latest verification.Totals
	// Finished is when the latest pass has ended; the zero time if none has.
	Finished time.Time
}

// Mismatched returns how many files do not match their checksums, as far as is known.
func (s Stats) Mismatched() int64 { return max(s.Current.Mismatched, s.Latest.Mismatched) }

// Unreadable returns how many files cannot be read, as far as is known.
func (s Stats) Unreadable() int64 { return max(s.Current.Unreadable, s.Latest.Unreadable) }

// Scrub verifies files until Close is called. It is safe for concurrent use.
type Scrub struct {
	options Options
	check   verification.Check
	stop    context.CancelFunc
	ended   sync.WaitGroup

	mu    sync.Mutex
	stats Stats
}

// Start begins to verify files.
func Start(options Options) *Scrub {
	if options.BytesPerSecond == 0 {
		options.BytesPerSecond = DefaultBandwidth
	}
	s := &Scrub{options: options, check: verification.Reading(options.Store, options.BytesPerSecond)}
	ctx, stop := context.WithCancel(context.Background())
	s.stop = stop
	s.ended.Go(func() { s.run(ctx) })
	return s
}

// Close ends the verification, and saves how far it is.
func (s *Scrub) Close() {
	s.stop()
	s.ended.Wait()
}

// Stats returns what is known at the moment.
func (s *Scrub) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stats
}

// change changes the stats.
func (s *Scrub) change(change func(*Stats)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.stats)
}

// run waits for each pass that is due, and does it.
func (s *Scrub) run(ctx context.Context) {
	for ctx.Err() == nil {
		pause, err := s.next(ctx)
		if err != nil && ctx.Err() == nil {
			s.options.Logger.WarnContext(ctx, "the stored files cannot be verified at the moment", "error", err)
			pause = retryPause
		}
		_ = budget.Sleep(ctx, pause) // the loop ends with the context
	}
}

// next does a pass if one is due and no other server does it, and returns the pause until then
// otherwise.
func (s *Scrub) next(ctx context.Context) (pause time.Duration, err error) {
	p, err := s.load(ctx)
	if err != nil {
		return 0, err
	}
	s.show(p, false)
	if pause := s.pauseBefore(p); pause > 0 {
		return pause, nil
	}
	held, err := s.lease(ctx)
	if errors.Is(err, tranship.ErrPrecondition) {
		return retryPause, nil
	}
	if err != nil {
		return 0, err
	}
	defer held.release()
	// Another server may have saved more, or have ended the pass, before its lease ended.
	if p, err = s.load(ctx); err != nil {
		return 0, err
	}
	if pause := s.pauseBefore(p); pause > 0 {
		return pause, nil
	}
	return 0, s.pass(ctx, held, p)
}

// pauseBefore returns the time until progress is looked at again, or 0 if a pass is due.
func (s *Scrub) pauseBefore(p progress) time.Duration {
	if p.isUnderWay() {
		return 0
	}
	return max(0, min(time.Until(p.Finished.Add(s.options.Every)), time.Hour)) // another server may have other settings
}

// show makes the stats what the progress says.
func (s *Scrub) show(p progress, running bool) {
	s.change(func(stats *Stats) {
		*stats = Stats{Running: running, Current: p.Totals, Latest: p.Latest, Finished: p.Finished}
	})
}

// pass continues the pass under way, or begins another, and verifies files until the end.
func (s *Scrub) pass(ctx context.Context, held *lease, p progress) error {
	if !p.isUnderWay() {
		p = progress{Begun: time.Now().UTC(), Latest: p.Latest, Finished: p.Finished, version: p.version}
	}
	s.show(p, true)
	defer s.change(func(stats *Stats) { stats.Running = false })
	s.options.Logger.InfoContext(ctx, "verifying the stored files", "after", p.Totals.After, "bytes_per_second", s.options.BytesPerSecond)
	working, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	before := p.Totals
	kept := make(chan error, 1)
	quit := make(chan struct{})
	go func() { kept <- s.keep(working, held, &p, quit, stop) }()
	totals, err := verification.Pass(working, verification.Options{
		Store: s.options.Store, Check: s.check, StartAfter: before.After, Report: s.report,
		Progress: func(totals verification.Totals) {
			s.change(func(stats *Stats) { stats.Current = before.Plus(totals) })
		},
	})
	close(quit)
	if lost := <-kept; lost != nil {
		return lost
	}
	p.Totals = before.Plus(totals)
	if err == nil {
		p.Finished, p.Latest = time.Now().UTC(), p.Totals
		p.Begun = time.Time{}
		s.options.Logger.InfoContext(ctx, "verified the stored files", "files", p.Totals.Files, "bytes", p.Totals.Bytes,
			"mismatched", p.Totals.Mismatched, "no_checksum", p.Totals.NoChecksum, "unreadable", p.Totals.Unreadable)
	}
	s.show(p, false)
	return errors.Join(err, s.save(context.WithoutCancel(ctx), &p))
}

// keep renews the lease and saves how far the pass is until quit is closed. If another server has
// the lease, it stops the pass and returns why.
func (s *Scrub) keep(ctx context.Context, held *lease, p *progress, quit <-chan struct{}, stop context.CancelCauseFunc) error {
	ticker := time.NewTicker(saveInterval)
	defer ticker.Stop()
	for {
		select {
		case <-quit:
			return nil
		case <-ticker.C:
		}
		err := held.renew(ctx)
		if err == nil {
			p.Totals = s.Stats().Current
			err = s.save(ctx, p)
		}
		if err != nil && ctx.Err() == nil {
			stop(err)
			return err
		}
	}
}

// report logs a file.
func (s *Scrub) report(f verification.Finding) {
	switch f.Kind {
	case verification.Mismatch:
		s.options.Logger.Error("a stored file does not match its checksum: restore it from a backup", "path", f.Path, "error", f.Err)
	case verification.Unreadable:
		s.options.Logger.Warn("a stored file cannot be read", "path", f.Path, "error", f.Err)
	case verification.NoChecksum: // only counted: other programs may have put many into the directory
	}
}
