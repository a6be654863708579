// Package retry is a decorator, usually of a client, that retries calls after temporary
// failures: a lost connection, a restart of the server, a limit that asks the caller to try
// again, a gateway without its server.
//
// Stat, List, and all methods of tranship.Editor and tranship.Uploads are retried where that
// is safe, as their comments describe. Open, Put, Begin and batches of files, which transfer
// content, are those of the inner store, because package transfer retries whole files and
// resumes them.
//
// All operations share one budget, Options.Attempts and Options.Patience. A temporary
// failure that outlasts it is returned, and matches tranship.ErrUnavailable. The end of the
// context ends every wait immediately.
//
// If the inner store refuses concurrent calls, fewer run at once: a temporary failure halves
// their number, and each round of successful calls adds one. Other calls wait.
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
	// Attempts is the maximum number of attempts of one operation without progress; 0 means
	// 16. Each entry of a list is progress. The wait before the next attempt is 100 ms at
	// first and doubles each time up to 5 s; each wait is shortened by a random part of up
	// to half.
	Attempts int
	// Patience is how long operations are retried while none on this store succeeds; 0 means
	// 30 s.
	Patience time.Duration
	// Events, if not nil, is called before each wait. It must be safe for concurrent use.
	Events func(Event)
}

// Event is a failed attempt that will be followed by another.
type Event struct {
	// Path is the path of the file or directory of the operation. For FindUpload and
	// AbortUpload it is the id of the upload.
	Path string
	// Err is the error of the attempt.
	Err error
	// Wait is the time until the next attempt, and Attempt the number of that attempt,
	// counted from 1.
	Wait    time.Duration
	Attempt int
}

// IsOutage reports whether err is the error of an operation that gave up because no
// operation on its store had succeeded for Options.Patience. Other operations on the store
// will fail as well.
func IsOutage(err error) bool {
	ended, ok := errors.AsType[*budget.Error](err)
	return ok && ended.Patience > 0
}

// Store is a decorator that retries calls. It is safe for concurrent use.
type Store struct {
	tranship.Store
	budget budget.Budget
	outage *budget.Outage
	events func(Event)
	gate   gate
}

// New returns a decorator of store. The caller remains responsible for closing store.
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
	err = s.run(ctx, path, operation{attempt: func(bool) (err error) {
		file, err = s.Store.Stat(ctx, path)
		return err
	}})
	return file, err
}

// FindUpload implements tranship.UploadFinder.
func (s *Store) FindUpload(ctx context.Context, id string) (info tranship.UploadInfo, err error) {
	err = s.run(ctx, id, operation{attempt: func(bool) (err error) {
		info, err = tranship.FindUpload(ctx, s.Store, id)
		return err
	}})
	return info, err
}

// operation is a call that is retried.
type operation struct {
	// attempt makes one attempt. lost is true if an earlier one may have taken effect.
	attempt func(lost bool) error
	// resolve, if not nil, gets the final error of an attempt that followed one which may
	// have taken effect. It returns nil if that one has, and otherwise the error of the
	// operation.
	resolve func(err error) error
	// changes is set if the operation changes the store.
	changes bool
}

// run makes attempts until one succeeds, one fails with a final error, or the budget ends.
func (s *Store) run(ctx context.Context, path string, o operation) error {
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
			return fmt.Errorf("%w; the change may have taken effect nevertheless", final)
		}
		if final != nil {
			return final
		}
	}
}
