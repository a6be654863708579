package relist_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/budget"
	"github.com/tranship/tranship/internal/relist"
)

// brittle has files, and skips those whose keys end in '?'. Each of its lists fails after a
// number of them.
type brittle struct {
	keys  []string
	after int
}

func (b brittle) List(_ context.Context, options tranship.ListOptions) iter.Seq2[tranship.Entry, error] {
	return func(yield func(tranship.Entry, error) bool) {
		left := b.after
		for _, key := range b.keys {
			if key <= options.StartAfter {
				continue
			}
			if left--; left < 0 {
				yield(tranship.Entry{}, fmt.Errorf("%w: cut", tranship.ErrUnavailable))
				return
			}
			entry, err := tranship.Entry{File: tranship.File{Path: key}}, error(nil)
			if key[len(key)-1] == '?' {
				entry, err = tranship.Entry{}, &tranship.SkippedError{Path: key, Err: tranship.ErrDenied}
			}
			if !yield(entry, err) {
				return
			}
		}
	}
}

// all returns the keys of everything that a list yields.
func all(ctx context.Context, store relist.Lister, limit int) (keys []string, failure error) {
	tries := budget.Budget{}.Begin(budget.NewOutage(budget.DefaultPatience))
	for entry, err := range relist.List(ctx, store, tranship.ListOptions{Recursive: true, Limit: limit}, tries, nil) {
		skipped, ok := errors.AsType[*tranship.SkippedError](err)
		switch {
		case ok:
			keys = append(keys, skipped.Key())
		case err != nil:
			return keys, err
		default:
			keys = append(keys, entry.Key())
		}
	}
	return keys, nil
}

// TestList checks that a list that fails again and again yields every entry and every
// skipped file once.
func TestList(t *testing.T) {
	want := []string{"a", "b?", "c", "d?", "e", "f"}
	for after := 2; after <= len(want); after++ {
		synctest.Test(t, func(t *testing.T) {
			got, err := all(t.Context(), brittle{want, after}, 0)
			if err != nil || !slices.Equal(got, want) {
				t.Errorf("failing after %d: %q, %v; want %q", after, got, err, want)
			}
		})
	}
}

// TestListGivesUp checks that a list that makes no progress ends with its error.
func TestListGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		got, err := all(t.Context(), brittle{[]string{"a?", "b"}, 0}, 0)
		if len(got) != 0 || !errors.Is(err, tranship.ErrUnavailable) {
			t.Errorf("%q, %v", got, err)
		}
	})
}

// TestListLimit checks that an interrupted list continues with the rest of its limit, and
// ends when the limit is reached.
func TestListLimit(t *testing.T) {
	keys := []string{"a", "b?", "c", "d", "e", "f"}
	for after := 2; after <= len(keys); after++ {
		synctest.Test(t, func(t *testing.T) {
			got, err := all(t.Context(), brittle{keys, after}, 3)
			if err != nil || !slices.Equal(got, keys[:4]) {
				t.Errorf("failing after %d: %q, %v", after, got, err)
			}
		})
	}
}
