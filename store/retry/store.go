// Package retry is a tranship.Store around another one, mostly a client, that tries
// again what fails in a way that may pass: a lost connection, a server that restarts, a
// limit that says try again, a gateway that has lost its server.
//
// Every operation of tranship.Editor and tranship.Uploads, Stat and List are tried again
// where that is safe; see the methods. What moves content is not: Open, Put and Begin are
// those of the store inside, for package transfer tries whole files again, and goes on
// where they were.
//
// All operations share one budget, Options.Attempts and Options.Patience. An error that
// matches tranship.ErrUnavailable is one that outlasted it. The end of the context ends
// every wait at once.
//
// A store that refuses what comes at the same time is asked less at a time: after a
// failure that may pass, half as many calls run at once, and one more after each round
// that succeeded. Others wait.
package retry

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/budget"
	"github.com/tranship/tranship/internal/failure"
)

// Options are settings of a Store. The zero value is useful.
type Options struct {
	// Attempts is how often one operation is tried at most without any progress; 0: 16.
	// Progress of a list is an entry. Between attempts it waits 100 ms, doubled each
	// time up to 5 s, each time shortened by a random part of up to half.
	Attempts int
	// Patience is for how long operations are tried while none on this store succeeds;
	// 0: 30 s.
	Patience time.Duration
	// Events, when not nil, is told before each wait. It is called from any goroutine,
	// also from several at once.
	Events func(Event)
}

// Event is an attempt that failed and is made again.
type Event struct {
	// Path is what the operation is about: the path of a file or directory or, of
	// FindUpload and AbortUpload, the id of the upload.
	Path string
	// Err is why the attempt failed.
	Err error
	// Wait is how long it is until the next attempt, Attempt its number, counted from 1.
	Wait    time.Duration
	Attempt int
}

// IsOutage reports whether err is that of an operation that gave up because nothing on its
// store had succeeded for Options.Patience. Others will fail as well.
func IsOutage(err error) bool {
	ended, ok := errors.AsType[*budget.Error](err)
	return ok && ended.Patience > 0
}

// Store tries again what a store fails to do. It is safe for concurrent use.
type Store struct {
	tranship.Store
	budget budget.Budget
	outage *budget.Outage
	events func(Event)
	gate   gate
}

// New returns a store around store, which stays the caller's to close.
func New(store tranship.Store, options Options) *Store {
	limits := budget.Budget{Attempts: options.Attempts, Patience: options.Patience}.WithDefaults()
	events := options.Events
	if events == nil {
		events = func(Event) {}
	}
	return &Store{Store: store, budget: limits, outage: budget.NewOutage(limits.Patience), events: events}
}

// Stat implements tranship.Reader.
func (s *Store) Stat(ctx context.Context, path string) (file tranship.File, err error) {
	err = s.try(ctx, path, operation{attempt: func(bool) (err error) {
		file, err = s.Store.Stat(ctx, path)
		return err
	}})
	return file, err
}

// FindUpload implements tranship.UploadFinder.
func (s *Store) FindUpload(ctx context.Context, id string) (info tranship.UploadInfo, err error) {
	err = s.try(ctx, id, operation{attempt: func(bool) (err error) {
		info, err = tranship.FindUpload(ctx, s.Store, id)
		return err
	}})
	return info, err
}

// operation is what is tried.
type operation struct {
	// attempt makes one attempt; lost says that an earlier one may have taken effect.
	attempt func(lost bool) error
	// resolve, when not nil, looks at the final failure of an attempt after one that may
	// have taken effect, and returns nil if it has.
	resolve func(err error) error
	// changes: an attempt changes something.
	changes bool
}

// try makes attempts until one succeeds, fails for good, or the budget has ended.
func (s *Store) try(ctx context.Context, path string, o operation) error {
	tries := s.budget.Begin(s.outage)
	lost := false
	for attempt := 2; ; attempt++ {
		ticket, err := s.gate.enter(ctx)
		if err != nil {
			return err
		}
		tries.Attempt()
		err = o.attempt(lost)
		class := failure.Of(ctx, err)
		s.gate.leave(ticket, class == failure.Final)
		if class == failure.Final && err != nil && ctx.Err() == nil {
			s.outage.Over() // the store has answered
			if lost && o.resolve != nil {
				err = o.resolve(err)
			}
			return err
		}
		if err == nil {
			tries.Progress()
			return nil
		}
		lost = lost || class == failure.Unknown
		pause, final := tries.Failed(ctx, err)
		if final == nil {
			s.events(Event{Path: path, Err: err, Wait: pause, Attempt: attempt})
			final = budget.Sleep(ctx, pause)
		}
		if final != nil && lost && o.changes {
			return fmt.Errorf("%w; it may have been done all the same", final)
		}
		if final != nil {
			return final
		}
	}
}
