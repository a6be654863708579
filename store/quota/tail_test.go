package quota_test

import (
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/store/quota"
)

// The bytes of a tail count as those of a part do: an upload counts in full from Begin on, also when
// the store is opened again and nothing else of it is there.
func TestTailCounts(t *testing.T) {
	directory := t.TempDir()
	inner := openDisk(t, directory)
	store := limited(t, inner, quota.Options{Bytes: 1000})
	upload, err := begin(as(t, "ann"), store, "tailed", 800, "key")
	must(t, err)
	part := mustPart(t, upload)
	_, err = part.Write(make([]byte, 300))
	must(t, err)
	must(t, mustTail[tranship.TailWriter](t, part).CloseTail())
	full := func(store *quota.Store) {
		t.Helper()
		has(t, store, "ann", quota.Usage{ReservedBytes: 800, ReservedFiles: 1, Uploads: 1})
		refused(t, put(as(t, "ann"), store, "other", 201), tranship.ErrQuota, tranship.LimitQuotaBytes)
	}
	full(store)
	must(t, upload.Detach(as(t, "ann")))
	full(store)
	must(t, inner.Close())

	store = limited(t, openDisk(t, directory), quota.Options{Bytes: 1000})
	full(store)
	upload, err = begin(as(t, "ann"), store, "tailed", 800, "key")
	must(t, err)
	keeper := mustTail[tranship.TailKeeper](t, upload)
	if tail := keeper.Tail(); tail.Length != 300 {
		t.Fatalf("the tail is %+v, want 300 bytes", tail)
	}
	part, err = keeper.ContinuePart(as(t, "ann"))
	must(t, err)
	_, err = part.Write(make([]byte, 400))
	must(t, err)
	must(t, mustTail[tranship.TailWriter](t, part).CloseTail())
	full(store)
	must(t, upload.Abort(as(t, "ann")))
	has(t, store, "ann", quota.Usage{})
	must(t, put(as(t, "ann"), store, "other", 1000))
}

// mustTail returns an ability of v.
func mustTail[T any](t *testing.T, v any) T {
	t.Helper()
	found, ok := tranship.As[T](v)
	if !ok {
		t.Fatalf("%T has lost an ability", v)
	}
	return found
}
