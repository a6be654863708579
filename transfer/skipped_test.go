package transfer

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/tranship/tranship"
)

// holed is a store that lists made-up keys, of which those with a '!' before them are
// left out. It fails with unavailable after every few items.
type holed struct {
	tranship.Store
	keys    []string
	after   int
	statted []string
}

func (h *holed) List(_ context.Context, options tranship.ListOptions) iter.Seq2[tranship.Entry, error] {
	return func(yield func(tranship.Entry, error) bool) {
		n := 0
		for _, key := range h.keys {
			path, left := strings.CutPrefix(key, "!")
			if path <= options.StartAfter || left && !options.ReportSkipped {
				continue
			}
			if n++; n > h.after {
				yield(tranship.Entry{}, errGone)
				return
			}
			name, isDir := strings.CutSuffix(path, "/")
			var err error
			entry := tranship.Entry{File: tranship.File{Path: name, Size: 1, ModTime: modTime}}
			if left {
				// A server may give any reason: none of them breaks the list off.
				entry, err = tranship.Entry{}, &tranship.SkippedError{Path: name, IsDir: isDir, Err: fmt.Errorf("%w: later", tranship.ErrUnavailable)}
			}
			if !yield(entry, err) {
				return
			}
		}
	}
}

func (h *holed) Stat(_ context.Context, path string) (tranship.File, error) {
	h.statted = append(h.statted, path)
	if path == "d/no/there" {
		return tranship.File{Path: path, Size: 2}, nil
	}
	return tranship.File{}, fmt.Errorf("%w: %s", tranship.ErrDenied, path)
}

// A skipped entry is reported once, however often the list is continued.
func TestFilesReportsOnceWhatIsLeftOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &holed{keys: []string{"!d/a", "d/b", "!d/c", "!d/d/", "d/e", "d/f", "!d/g\xff", "d/h"}, after: 4}
		var got []string
		for item, err := range Files(t.Context(), store, "d", "to") {
			switch {
			case err == nil:
				got = append(got, item.Path)
			case errors.Is(err, ErrSkipped):
				got = append(got, "!"+item.Path)
			default:
				t.Errorf("%v", err)
			}
		}
		want := []string{"!to/a", "to/b", "!to/c", "!to/d", "to/e", "to/f", `!to/g\xff`, "to/h"}
		if !slices.Equal(got, want) {
			t.Errorf("items %q, want %q", got, want)
		}
	})
}

// Copy goes on past what was left out, and has failed in the end.
func TestCopyReportsWhatIsLeftOut(t *testing.T) {
	source := newFaulty()
	fill(t, source, map[string]int{"d/b": 3, "d/h": 3})
	items := func(yield func(Item, error) bool) {
		for item, err := range Files(t.Context(), leaving{source}, "d", "to") {
			if !yield(item, err) {
				return
			}
		}
	}
	got := results{}
	err := Copy(t.Context(), newFaulty(), items, Options{Report: got.report(t)})
	failed, ok := errors.AsType[*FailedError](err)
	if !ok || failed.Failed != 1 || failed.Total != 3 || !errors.Is(got["d/c"].Err, ErrSkipped) || !errors.Is(got["d/c"].Err, tranship.ErrDenied) {
		t.Errorf("error %v, %+v", err, got)
	}
}

// leaving is a store of which each list leaves something out in the end.
type leaving struct{ tranship.Store }

func (l leaving) List(ctx context.Context, options tranship.ListOptions) iter.Seq2[tranship.Entry, error] {
	return func(yield func(tranship.Entry, error) bool) {
		for entry, err := range l.Store.List(ctx, options) {
			if !yield(entry, err) {
				return
			}
		}
		yield(tranship.Entry{}, &tranship.SkippedError{Path: "d/c", IsDir: true, Err: tranship.ErrDenied})
	}
}
