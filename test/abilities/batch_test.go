package abilities

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/server/limit"
	"github.com/tranship/tranship/store/audit"
	"github.com/tranship/tranship/store/quota"
)

// PutBatch implements tranship.BatchPutter. It fails for all items if fail is set.
func (s *ableStore) PutBatch(ctx context.Context, items []tranship.PutItem) []tranship.PutResult {
	if err := s.use("BatchPutter"); err != nil {
		return slices.Repeat([]tranship.PutResult{{Err: err}}, len(items))
	}
	s.batches = append(s.batches, len(items))
	return s.Store.PutBatch(ctx, items)
}

// FetchBatch implements tranship.BatchFetcher. It fails for all items if fail is set.
func (s *ableStore) FetchBatch(ctx context.Context, items []tranship.FetchItem) []tranship.FetchResult {
	if err := s.use("BatchFetcher"); err != nil {
		return slices.Repeat([]tranship.FetchResult{{Err: err}}, len(items))
	}
	s.batches = append(s.batches, len(items))
	return s.Store.FetchBatch(ctx, items)
}

// putBatch puts files of 4 bytes in one batch, and returns their errors.
func putBatch(t *testing.T, ctx context.Context, store tranship.Store, paths ...string) []error {
	t.Helper()
	var items []tranship.PutItem
	for _, path := range paths {
		items = append(items, tranship.PutItem{Spec: tranship.Spec{Path: path}, Data: []byte("1234")})
	}
	results := mustFind[tranship.BatchPutter](t, store).PutBatch(ctx, items)
	if len(results) != len(paths) {
		t.Fatalf("%d results for %d items", len(results), len(paths))
	}
	var errs []error
	for i, result := range results {
		if result.Err == nil && result.File.Path != paths[i] {
			t.Errorf("the put of %s has the result of %s", paths[i], result.File.Path)
		}
		errs = append(errs, result.Err)
	}
	return errs
}

// fetchBatch fetches files of 4 bytes in one batch, and returns their errors.
func fetchBatch(t *testing.T, ctx context.Context, store tranship.Store, paths ...string) []error {
	t.Helper()
	var items []tranship.FetchItem
	for _, path := range paths {
		items = append(items, tranship.FetchItem{Path: path, Size: 4})
	}
	results := mustFind[tranship.BatchFetcher](t, store).FetchBatch(ctx, items)
	if len(results) != len(paths) {
		t.Fatalf("%d results for %d items", len(results), len(paths))
	}
	var errs []error
	for i, result := range results {
		switch {
		case result.Err != nil && (result.Data != nil || result.File.Path != ""):
			t.Errorf("the fetch of %s fails, and returns %q and %+v", paths[i], result.Data, result.File)
		case result.Err == nil && (result.File.Path != paths[i] || string(result.Data) != "1234"):
			t.Errorf("the fetch of %s returns %q of %s", paths[i], result.Data, result.File.Path)
		}
		errs = append(errs, result.Err)
	}
	return errs
}

// outcomes checks the errors of a batch.
func outcomes(t *testing.T, errs []error, wants ...error) {
	t.Helper()
	for i, want := range wants {
		if want == nil && errs[i] != nil {
			t.Errorf("item %d: %v", i, errs[i])
		} else if want != nil {
			failsWith(t, errs[i], want)
		}
	}
}

// passedOn checks the sizes of the batches that the wrapped store got.
func (s *ableStore) passedOn(t *testing.T, want ...int) {
	t.Helper()
	if !slices.Equal(s.batches, want) {
		t.Errorf("the wrapped store got batches of %v items, want %v", s.batches, want)
	}
}

func guardDeniesPuts(t *testing.T) {
	inner, store := newGuard(t)
	outcomes(t, putBatch(t, as(t, "eve"), store, "a", "b"), tranship.ErrDenied, tranship.ErrDenied)
	inner.used(t, "BatchPutter", 0)
	outcomes(t, putBatch(t, as(t, "bob"), store, "readable", "../a", "b"), nil, tranship.ErrInvalid, nil)
	inner.passedOn(t, 2)
	inner.fail = fmt.Errorf("%w: the file other/path", tranship.ErrExists)
	errs := putBatch(t, as(t, "ann"), store, "readable", "secret")
	outcomes(t, errs, tranship.ErrExists, tranship.ErrExists)
	if !strings.Contains(fmt.Sprint(errs[0]), "other/path") || strings.Contains(fmt.Sprint(errs[1]), "other/path") {
		t.Errorf("the errors for a path that the caller may see, and for one that it may not, are %q", errs)
	}
}

func guardDeniesFetches(t *testing.T) {
	inner, store := newGuard(t)
	put(t, t.Context(), inner, "readable")
	put(t, t.Context(), inner, "secret")
	outcomes(t, fetchBatch(t, as(t, "bob"), store, "readable", "secret"), tranship.ErrNotFound, tranship.ErrNotFound)
	inner.used(t, "BatchFetcher", 0)
	outcomes(t, fetchBatch(t, as(t, "ann"), store, "secret", "readable", "none"), tranship.ErrNotFound, nil, tranship.ErrNotFound)
	inner.passedOn(t, 1)
}

func auditRecordsPuts(t *testing.T) {
	refusesUnrecorded(t, "BatchPutter", func(store tranship.Store) error {
		return putBatch(t, t.Context(), store, "a", "b")[1]
	})
	log := recorded(func(_ *ableStore, store tranship.Store) {
		outcomes(t, putBatch(t, t.Context(), store, "a", "../b", "c"), nil, tranship.ErrInvalid, nil)
	})
	wantLines(t, log,
		`"action":"put","result":"ok","source":"anonymous","path":"a","bytes":4`,
		`"action":"put","result":"invalid","source":"anonymous","path":"../b","bytes":4`,
		`"action":"put","result":"ok","source":"anonymous","path":"c","bytes":4`)
}

func auditRecordsFetches(t *testing.T) {
	refusesUnrecorded(t, "BatchFetcher", func(store tranship.Store) error {
		return fetchBatch(t, t.Context(), store, "readable", "readable")[1]
	})
	log := recorded(func(inner *ableStore, store tranship.Store) {
		put(t, t.Context(), inner, "readable")
		outcomes(t, fetchBatch(t, t.Context(), store, "none", "readable"), tranship.ErrNotFound, nil)
	})
	wantLines(t, log,
		`"action":"read","result":"not_found","source":"anonymous","path":"none","offset":0,"bytes":0,"whole":false`,
		`"action":"read","result":"ok","source":"anonymous","path":"readable","offset":0,"bytes":4,"whole":true`)
}

// wantLines checks that each line of a log has what is wanted.
func wantLines(t *testing.T, log string, wants ...string) {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(log), "\n")
	if len(lines) != len(wants) {
		t.Fatalf("the log has %d lines, want %d: %s", len(lines), len(wants), log)
	}
	for i, want := range wants {
		if !strings.Contains(lines[i], want) {
			t.Errorf("line %d is %s, want %s", i, lines[i], want)
		}
	}
}

// TestAuditStopsUnrecorded checks that a large batch stops when its lines cannot be written, so
// that the lines that wait cannot get too many.
func TestAuditStopsUnrecorded(t *testing.T) {
	inner := newAbleStore()
	store := audit.New(inner, audit.NewLog(broken{}, nil))
	paths := make([]string, 20_000)
	for i := range paths {
		paths[i] = fmt.Sprint("d/", i)
	}
	errs := putBatch(t, t.Context(), store, paths...)
	stored := slices.IndexFunc(errs, func(err error) bool { return err != nil })
	inner.passedOn(t, stored)
	if stored <= 0 || stored > 1000 {
		t.Errorf("%d items were stored without a line", stored)
	}
	for _, err := range errs[stored:] {
		failsWith(t, err, tranship.ErrUnavailable)
	}
}

func quotaCountsPuts(t *testing.T) {
	inner := newAbleStore()
	store := limited(t, inner, quota.Options{Bytes: 10, FileBytes: 5})
	ann := as(t, "ann")
	outcomes(t, putBatch(t, ann, store, "a", "b", "c"), nil, nil, tranship.ErrQuota)
	outcomes(t, putBatch(t, ann, store, "a", "c", "b"), nil, tranship.ErrQuota, nil) // replaced
	inner.passedOn(t, 2, 2)
	outcomes(t, putBatch(t, as(t, "bob"), store, "c"), nil)
	if usage, bob := store.Usage("ann"), store.Usage("bob"); usage.Bytes != 8 || usage.ReservedBytes != 0 || bob.Bytes != 4 {
		t.Errorf("two files of 4 bytes count as %+v, and one as %+v", usage, bob)
	}
	inner.fail = tranship.ErrIntegrity
	must(t, store.Remove(ann, "a", tranship.Precondition{}))
	outcomes(t, putBatch(t, ann, store, "a"), tranship.ErrIntegrity)
	if usage := store.Usage("ann"); usage.Bytes != 4 || usage.ReservedBytes != 0 {
		t.Errorf("after a put that failed, a file of 4 bytes counts as %+v", usage)
	}
}

func quotaCountsFetches(t *testing.T) {
	inner := newAbleStore()
	store := limited(t, inner, quota.Options{Bytes: 20})
	put(t, as(t, "ann"), store, "file")
	inner.during = func() {
		inner.during = nil
		must(t, store.Remove(as(t, "bob"), "file", tranship.Precondition{}))
		if usage := store.Usage("ann"); usage.Bytes != 0 || usage.ReservedBytes != 4 {
			t.Errorf("a file that was removed while it was fetched counts as %+v", usage)
		}
	}
	outcomes(t, fetchBatch(t, as(t, "bob"), store, "file", "../file"), tranship.ErrNotFound, tranship.ErrInvalid)
	if usage := store.Usage("ann"); usage != (quota.Usage{}) {
		t.Errorf("afterwards it counts as %+v", usage)
	}
	inner.used(t, "BatchFetcher", 1)
}

// filesLimit checks that do has descriptors, and that it waits for them.
func filesLimit(t *testing.T, ability string, do func(t *testing.T, store tranship.Store) []error) {
	t.Helper()
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
		outcomes(t, do(t, store), tranship.ErrUnavailable, tranship.ErrUnavailable)
		inner.used(t, ability, 0)
		for _, content := range contents {
			must(t, content.Close())
		}
		for range 21 { // each releases its share
			outcomes(t, do(t, store), nil, nil)
		}
		inner.used(t, ability, 21)
	})
}

func filesLimitPuts(t *testing.T) {
	filesLimit(t, "BatchPutter", func(t *testing.T, store tranship.Store) []error {
		return putBatch(t, as(t, "ann"), store, "a", "b")
	})
}

func filesLimitFetches(t *testing.T) {
	filesLimit(t, "BatchFetcher", func(t *testing.T, store tranship.Store) []error {
		return fetchBatch(t, as(t, "ann"), store, "file", "file")
	})
}
