package abilities

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/server/limit"
	"github.com/tranship/tranship/store/guard"
	"github.com/tranship/tranship/store/quota"
	"github.com/tranship/tranship/store/retry"
)

// RemoveAll implements tranship.TreeRemover.
func (s *ableStore) RemoveAll(ctx context.Context, directory string, options tranship.RemoveAllOptions) (int64, error) {
	if err := s.use("TreeRemover"); err != nil {
		return 0, err
	}
	return s.Store.RemoveAll(ctx, directory, options)
}

// ReadAt implements tranship.RangeReader.
func (c *ableContent) ReadAt(p []byte, offset int64) (int, error) {
	if err := c.store.use("RangeReader"); err != nil {
		return 0, err
	}
	return mustRanges(c.Content).ReadAt(p, offset)
}

func mustRanges(content tranship.Content) tranship.RangeReader {
	ranges, _ := tranship.As[tranship.RangeReader](content)
	return ranges
}

// removeAll removes all files below d with the ability of a store.
func removeAll(t *testing.T, ctx context.Context, store tranship.Store) (int64, error) {
	t.Helper()
	return mustFind[tranship.TreeRemover](t, store).RemoveAll(ctx, "d", tranship.RemoveAllOptions{})
}

func guardDeniesRemoval(t *testing.T) {
	inner := newAbleStore()
	store := guard.New(inner, parse(t, "allow ann read,list /\nallow ann delete d/a\nallow bob read,delete /\n"))
	for _, path := range []string{"d/a", "d/b"} {
		put(t, t.Context(), inner, path)
	}
	n, err := removeAll(t, as(t, "bob"), store) // bob may not list files
	must(t, err)
	inner.used(t, "TreeRemover", 0)
	if n != 0 {
		t.Errorf("removed %d files that the caller may not list", n)
	}
	n, err = removeAll(t, as(t, "ann"), store)
	failsWith(t, err, tranship.ErrDenied)
	inner.used(t, "TreeRemover", 1)
	if _, gone := inner.Stat(t.Context(), "d/b"); n != 1 || gone != nil {
		t.Errorf("removed %d files; d/b: %v", n, gone)
	}
}

func auditRecordsRemoval(t *testing.T) {
	refusesUnrecorded(t, "TreeRemover", func(store tranship.Store) error {
		_, err := removeAll(t, t.Context(), store)
		return err
	})
	log := recorded(func(inner *ableStore, store tranship.Store) {
		put(t, t.Context(), inner, "d/a")
		put(t, t.Context(), inner, "d/b")
		_, err := removeAll(t, t.Context(), store)
		must(t, err)
	})
	if strings.Count(log, `"action":"delete"`) != 2 || strings.Count(log, `"action":"delete_tree"`) != 1 {
		t.Errorf("the log is %q", log)
	}
}

func auditCountsRanges(t *testing.T) {
	wantLine(t, recorded(func(inner *ableStore, store tranship.Store) {
		put(t, t.Context(), inner, "readable")
		content, err := store.Open(t.Context(), "readable", tranship.OpenOptions{})
		must(t, err)
		ranges := mustFind[tranship.RangeReader](t, content)
		for range 2 {
			_, err := ranges.ReadAt(make([]byte, 3), 0)
			must(t, err)
		}
		must(t, content.Close())
	}), `"action":"read"`, `"bytes":6`, `"whole":false`)
}

func quotaCountsRemoval(t *testing.T) {
	inner := newAbleStore()
	store := limited(t, inner, quota.Options{Bytes: 20})
	put(t, as(t, "ann"), store, "d/a")
	put(t, as(t, "bob"), store, "d/b")
	n, err := removeAll(t, as(t, "bob"), store)
	must(t, err)
	if ann, bob := store.Usage("ann"), store.Usage("bob"); n != 2 || ann != (quota.Usage{}) || bob != (quota.Usage{}) {
		t.Errorf("after the removal of %d files ann's count as %+v and bob's as %+v", n, ann, bob)
	}
}

func retryRemovesAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inner := newAbleStore()
		put(t, t.Context(), inner, "d/a")
		inner.fail = tranship.ErrUnavailable
		n, err := removeAll(t, t.Context(), retry.New(inner, retry.Options{}))
		must(t, err)
		if n != 1 {
			t.Errorf("removed %d files", n)
		}
		inner.used(t, "TreeRemover", 2)
	})
}

func filesLimitRemoval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inner := newAbleStore()
		store := limit.NewFiles(80).Store(inner)
		put(t, as(t, "ann"), store, "file")
		var contents []tranship.Content
		for range 20 { // a quarter of the limit
			content, err := store.Open(as(t, "ann"), "file", tranship.OpenOptions{})
			must(t, err)
			contents = append(contents, content)
		}
		_, err := removeAll(t, as(t, "ann"), store)
		failsWith(t, err, tranship.ErrUnavailable)
		inner.used(t, "TreeRemover", 0)
		for _, content := range contents {
			must(t, content.Close())
		}
		for range 21 { // each releases its share
			_, err := removeAll(t, as(t, "ann"), store)
			must(t, err)
		}
		inner.used(t, "TreeRemover", 21)
	})
}
