// Package relist lists a directory of a store through interruptions: a list that broke
// off goes on after the last entry that it delivered.
package relist

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/budget"
)

// Lister is the part of tranship.Reader that lists.
type Lister interface {
	List(ctx context.Context, options tranship.ListOptions) iter.Seq2[tranship.Entry, error]
}

// Told is called before each pause with the failure, the pause, and the number of the next
// attempt, counted from 1.
type Told func(err error, pause time.Duration, attempt int)

// List lists once, and again after each failure, as long as tries allow it. Every entry,
// and every *tranship.SkippedError, is yielded once, as long as they come in ascending
// order of their keys. told may be nil.
func List(ctx context.Context, store Lister, options tranship.ListOptions, tries *budget.Tries, told Told) iter.Seq2[tranship.Entry, error] {
	return func(yield func(tranship.Entry, error) bool) {
		position := Begin(options)
		list := func() iter.Seq2[tranship.Entry, error] { return store.List(ctx, position.Options()) }
		for entry, err := range Continue(ctx, list, position.Advance, tries, told) {
			if !yield(entry, err) || position.Full() {
				return
			}
		}
	}
}

// Continue yields what list does, and after each failure what it does when it is called
// again, as long as tries allow it. advance takes in each of them that does not end the
// list, and is false for what came before. told may be nil.
func Continue[T any](ctx context.Context, list func() iter.Seq2[T, error], advance func(T, error) bool, tries *budget.Tries, told Told) iter.Seq2[T, error] {
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
				if told != nil {
					told(failed, pause, attempt)
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

// Position is how far a list has come. It is not safe for concurrent use.
type Position struct {
	options tranship.ListOptions
	// full tells that the list has all that its limit allows.
	full bool
	// reported is the key of what was left out last: a list that continues after the
	// last entry has it again.
	reported string
}

// Begin returns the position before a list.
func Begin(options tranship.ListOptions) Position { return Position{options: options} }

// Options are those of a list that continues here.
func (p *Position) Options() tranship.ListOptions { return p.options }

// Full reports whether the list has as many entries as its limit allows, so that it has
// ended and is not to be continued.
func (p *Position) Full() bool { return p.full }

// Skip has the list continue after a key, which is not one of its entries.
func (p *Position) Skip(key string) { p.options.StartAfter = key }

// Advance takes in the next of what a list yields that does not end it: an entry, or a
// *tranship.SkippedError. It is false for what the list had before it was continued.
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
