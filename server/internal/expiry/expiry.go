// Package expiry removes files and unfinished uploads that are older than rules allow, at a bounded
// rate. Of several servers over one store one does so at a time: it holds a lease in the state of
// the store.
package expiry

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"golang.org/x/time/rate"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/budget"
)

const (
	// DefaultInterval is the time between two passes by default, of all servers together.
	DefaultInterval = time.Hour
	// firstPause is the time before a server looks for the first time whether a pass is due, and
	// lookInterval the time before it looks again.
	firstPause, lookInterval = time.Minute, 5 * time.Minute
	// looksPerSecond is how many files and uploads a pass looks at in a second, and
	// removalsPerSecond how many it removes.
	looksPerSecond, removalsPerSecond = 1000, 100
	// page is how many files are listed at once.
	page = 1000
)

// Rule is the rule that applies to a file or an upload.
type Rule struct {
	// Text is the rule as its author wrote it.
	Text string
	// After is the least age of what it removes, more than 0.
	After time.Duration
}

// Rules are the rules that are in force at one moment.
type Rules interface {
	// For returns the rule for the file at a path, or for its unfinished uploads; false if
	// nothing of it is to be removed.
	For(path string, uploads bool) (Rule, bool)
	// Directories returns the paths at and below which rules apply; "" for the whole store.
	Directories(uploads bool) []string
}

// Options are those of an Expiry. Store and Rules are required.
type Options struct {
	// Store has the files and the uploads of all owners.
	Store tranship.Store
	// Dater knows when files were changed; nil if the store does not. Then rules about files
	// fail.
	Dater tranship.ChangeDater
	// State is the state of all servers over the store; nil if there is only one.
	State tranship.StateStore
	// Rules returns the rules in force. It is called for each page of files.
	Rules func() Rules
	// Ready fails while nothing may be removed, because it could not be recorded. Nil means that
	// it always can.
	Ready func(ctx context.Context) error
	// Removed is told of each file and upload that was removed, or could not be; nil means that
	// nothing is told.
	Removed func(removal Removal)
	// Interval is the time between two passes; 0 means DefaultInterval.
	Interval time.Duration
	// Now and Wait are time.Now and budget.Sleep if they are nil.
	Now  func() time.Time
	Wait func(ctx context.Context, d time.Duration) error
	// Logger gets a line for each pass that has removed something, and failures. Nil means that
	// nothing is logged.
	Logger *slog.Logger
}

// Removal is a file or an upload that a rule removes.
type Removal struct {
	Path string
	// Upload is the id of the upload, and Owner its owner; both are "" for a file.
	Upload, Owner string
	// Size is the size of the file in bytes.
	Size int64
	// Changed is when the file was changed last, or the upload written to.
	Changed time.Time
	// Rule is the text of the rule.
	Rule string
	// Start is when the removal began, and Duration is how long it took. Both are zero if nothing
	// was to be removed.
	Start    time.Time
	Duration time.Duration
	// Err is why it could not be removed; nil if it was.
	Err error
}

// Expiry removes what is old. It is safe for concurrent use.
type Expiry struct {
	Options
	log *slog.Logger
	// server is the id of this server in the lease.
	server string
}

// New returns an Expiry.
func New(options Options) *Expiry {
	if options.Interval == 0 {
		options.Interval = DefaultInterval
	}
	if options.Now == nil {
		options.Now = time.Now
	}
	if options.Wait == nil {
		options.Wait = budget.Sleep
	}
	log := options.Logger
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Expiry{options, log, rand.Text()}
}

// Run makes a pass whenever one is due, until ctx ends.
func (e *Expiry) Run(ctx context.Context) {
	for pause := firstPause; e.Wait(ctx, pause) == nil; pause = lookInterval {
		if len(e.Rules().Directories(false))+len(e.Rules().Directories(true)) == 0 {
			continue
		}
		due, err := e.due(ctx)
		if err == nil && due {
			err = e.pass(ctx, false, nil, e.due) // another server may have made it since
		}
		if err != nil && ctx.Err() == nil && !errors.Is(err, errBusy) {
			e.log.ErrorContext(ctx, "what is old could not all be removed", "error", err)
		}
	}
}

// Pass applies the rules once. report, unless it is nil, is told of each file and upload that is
// removed or could not be; if it fails, Pass ends with its error. With dryRun, nothing is removed,
// and report is told of what would be. Pass fails with tranship.ErrUnavailable if another pass that
// removes something is under way, also of another server.
func (e *Expiry) Pass(ctx context.Context, dryRun bool, report func(Removal) error) error {
	return e.pass(ctx, dryRun, report, func(context.Context) (bool, error) { return true, nil })
}

// pass is Pass, if the pass is due once the lease is acquired.
func (e *Expiry) pass(ctx context.Context, dryRun bool, report func(Removal) error, due func(context.Context) (bool, error)) error {
	p := &pass{
		Expiry: e, dryRun: dryRun, report: report,
		looks: rate.NewLimiter(looksPerSecond, looksPerSecond), removals: rate.NewLimiter(removalsPerSecond, 1),
	}
	if !dryRun {
		ctx, p.lease = e.lease(ctx)
		if err := p.lease.acquire(ctx); err != nil {
			return err
		}
		defer p.lease.release(ctx)
		if is, err := due(ctx); err != nil || !is {
			return err
		}
	}
	err := p.files(ctx)
	if ctx.Err() == nil && (err == nil || errors.Is(err, errNoDates)) {
		err = errors.Join(err, p.uploads(ctx))
	}
	if p.removed > 0 {
		e.log.InfoContext(ctx, "removed what was old", "files", p.removedFiles, "uploads", p.removed-p.removedFiles)
	}
	if err == nil && !dryRun {
		err = e.passed(ctx)
	}
	return err
}

// errNoDates is the error of rules about files whose store does not know when files were changed.
var errNoDates = fmt.Errorf("%w: the store does not know when its files were changed, so that no file can expire", tranship.ErrUnsupported)

// pass is one application of the rules.
type pass struct {
	*Expiry
	dryRun          bool
	report          func(Removal) error
	lease           *lease
	looks, removals *rate.Limiter

	removed, removedFiles int
}

// pace waits for the turn of one event of a limiter.
func (p *pass) pace(ctx context.Context, limiter *rate.Limiter) error {
	now := p.Now()
	if delay := limiter.ReserveN(now, 1).DelayFrom(now); delay > 0 {
		if err := p.Wait(ctx, delay); err != nil {
			return err
		}
	}
	return p.keep(ctx)
}

// keep renews the lease when it is time. Everything that a pass looks at calls it, also what it
// leaves alone. It fails when the pass must end.
func (p *pass) keep(ctx context.Context) error {
	if p.lease != nil {
		return p.lease.renew(ctx)
	}
	return ctx.Err()
}

// remove removes what is old with do, unless it was changed meanwhile, and tells of it.
func (p *pass) remove(ctx context.Context, removal Removal, do func() error) error {
	if !p.dryRun {
		if err := p.pace(ctx, p.removals); err != nil {
			return err
		}
		if p.Ready != nil {
			if err := p.Ready(ctx); err != nil {
				return err
			}
		}
		removal.Start = p.Now()
		err := do()
		removal.Duration = p.Now().Sub(removal.Start)
		switch {
		case errors.Is(err, tranship.ErrPrecondition), errors.Is(err, tranship.ErrNotFound):
			return nil // it is another file by now, or none
		case ctx.Err() != nil:
			return ctx.Err()
		case err == nil:
			p.removed++
			if removal.Upload == "" {
				p.removedFiles++
			}
		default:
			removal.Err = err
			p.log.WarnContext(ctx, "what is old could not be removed", "path", removal.Path, "upload", removal.Upload, "error", err)
		}
		if p.Removed != nil {
			p.Removed(removal)
		}
	}
	if p.report == nil {
		return nil
	}
	return p.report(removal)
}
