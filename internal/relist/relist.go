// Package relist lists a directory of a store through interruptions: a list that was
// interrupted continues after the last entry that it yielded.
package relist

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/budget"
)

// Lister is the List method of tranship.Reader.
type Lister interface {
	List(ctx context.Context, options tranship.ListOptions) iter.Seq2[tranship.Entry, error]
}

// Told is a function that is called before each pause, with the failure, the length of the
// pause, and the number of the next attempt, counted from 1.
type Told func(err error, pause time.Duration, attempt int)

// List lists, and lists again after each failure as long as tries allow it. It yields every
// entry, and every *tranship.SkippedError, once, provided that the store lists in ascending
// order of keys. onRetry may be nil.
func List(ctx context.Context, store Lister, options tranship.ListOptions, tries *budget.Tries, onRetry Told) iter.Seq2[tranship.Entry, error] {
	return func(yield func(tranship.Entry, error) bool) {
		position := Begin(options)
		list := func() iter.Seq2[tranship.Entry, error] { return store.List(ctx, position.Options()) }
		for entry, err := range Continue(ctx, list, position.Advance, tries, onRetry) {
			if !yield(entry, err) || position.Full() {
				return
			}
		}
	}
}

// Continue yields the items of list(), and calls list again after each failure, as long as
// tries allow it. It passes each item to advance, which returns false for an item that came
// before and that Continue must not yield again. onRetry may be nil.
func Continue[T any](ctx context.Context, list func() iter.Seq2[T, error], advance func(T, error) bool, tries *budget.Tries, onRetry Told) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for attempt := 2; ; attempt++ {
			tries.Attempt()
			var failed error
			for entry, err := range list() {
				if _, skipped := errors.AsType[*tranship.SkippedError](err); err != nil && !skipped {
					failed = err
					break
				}
				if !advance(entry, err) {
					continue
				}
				tries.Progress()
				if !yield(entry, err) {
					return
				}
			}
			if failed == nil {
				tries.Progress()
				return
			}
			pause, final := tries.Failed(ctx, failed)
			if final == nil {
				if onRetry != nil {
					onRetry(failed, pause, attempt)
				}
				final = budget.Sleep(ctx, pause)
			}
			if final != nil {
				var none T
				yield(none, final)
				return
			}
		}
	}
}

// Position is the position of a list that can be continued. It is not safe for concurrent
// use.
type Position struct {
	options tranship.ListOptions
	// full means that the list has as many entries as its limit allows.
	full bool
	// reported is the key of the last skipped file. A list that continues after the last
	// entry reports it again.
	reported string
}

// Begin returns the position before the first entry of a list.
func Begin(options tranship.ListOptions) Position { return Position{options: options} }

// Options returns the options for a list that continues at the position.
func (p *Position) Options() tranship.ListOptions { return p.options }

// Full reports whether the list has as many entries as its limit allows, so that it must
// not be continued.
func (p *Position) Full() bool { return p.full }

// Skip makes the list continue after a key, which is not one of its entries.
func (p *Position) Skip(key string) { p.options.StartAfter = key }

// Advance moves the position after the next item of a list: an entry, or a
// *tranship.SkippedError. It returns false for an item that the list already had before it
// was continued.
func (p *Position) Advance(entry tranship.Entry, err error) bool {
	skipped, ok := errors.AsType[*tranship.SkippedError](err)
	switch {
	case !ok:
		p.options.StartAfter = entry.Key()
		if p.options.Limit > 0 {
			p.options.Limit--
			p.full = p.options.Limit == 0
		}
	case skipped.Key() <= p.reported:
		return false
	default:
		p.reported = skipped.Key()
	}
	return true
}
