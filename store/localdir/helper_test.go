package localdir_test

import (
	"fmt"
	"iter"
	"testing"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/store/localdir"
	"github.com/tranship/tranship/transfer"
)

// largeBytes is more than a Put takes.
const largeBytes = 3_112_345

var modTime = time.Date(2024, 2, 29, 12, 34, 56, 789012000, time.UTC)

var errGone = fmt.Errorf("%w: gone", tranship.ErrUnavailable)

func openDir(t *testing.T, name string) *localdir.Dir {
	t.Helper()
	dir, err := localdir.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = dir.Close() })
	return dir
}

// results collects them by source.
type results map[string]transfer.Result

func (r results) report(t *testing.T) func(transfer.Result) {
	return func(result transfer.Result) {
		if _, again := r[result.Source]; again {
			t.Errorf("%s was reported twice", result.Source)
		}
		r[result.Source] = result
	}
}

// itemOf is a sequence of one file of a source, whose size is not known better.
func itemOf(source transfer.Source, path string, size int64) iter.Seq2[transfer.Item, error] {
	return func(yield func(transfer.Item, error) bool) {
		yield(transfer.Item{Source: source, SourcePath: path, Path: "copy", File: tranship.File{Size: size}}, nil)
	}
}

// paths are all in a store.
func paths(t *testing.T, store transfer.Lister) []string {
	t.Helper()
	var all []string
	for entry, err := range store.List(t.Context(), tranship.ListOptions{Recursive: true}) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, entry.Path)
	}
	return all
}
