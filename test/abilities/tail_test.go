package abilities

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tranship/tranship"
)

// tailed begins an upload of 4 bytes in one part, and writes the first 3 as its tail.
func tailed(t *testing.T, store tranship.Store) tranship.Upload {
	t.Helper()
	upload := begin(t, store, new(int64(4)))
	part, err := upload.Part(as(t, "ann"), 0)
	must(t, err)
	_, err = part.Write([]byte("123"))
	must(t, err)
	must(t, mustFind[tranship.TailWriter](t, part).CloseTail())
	return upload
}

func guardWithholdsInContinued(t *testing.T) {
	inner, store := newGuard(t)
	upload := tailed(t, store)
	keeper := mustFind[tranship.TailKeeper](t, upload)
	if tail := keeper.Tail(); tail.Length != 3 {
		t.Errorf("the tail is %+v, want 3 bytes", tail)
	}
	part, err := keeper.ContinuePart(as(t, "ann"))
	must(t, err)
	inner.used(t, "TailKeeper", 1)
	withholds(t, inner, part)
}

func guardWithholdsInTail(t *testing.T) {
	inner, store := newGuard(t)
	part, err := mustFind[tranship.TailKeeper](t, tailed(t, store)).ContinuePart(as(t, "ann"))
	must(t, err)
	inner.fail = fmt.Errorf("%w: the file other/path", tranship.ErrExists)
	err = mustFind[tranship.TailWriter](t, part).CloseTail()
	failsWith(t, err, tranship.ErrExists)
	if strings.Contains(fmt.Sprint(err), "other/path") {
		t.Errorf("a caller without rights to see files gets the error %q", err)
	}
	inner.used(t, "TailWriter", 2)
}

// tracingEndsTail checks that the part of a tail belongs to the span of its upload.
func tracingEndsTail(t *testing.T) {
	tracingEnds(func(t *testing.T, store tranship.Store) {
		upload := tailed(t, store)
		part, err := mustFind[tranship.TailKeeper](t, upload).ContinuePart(t.Context())
		must(t, err)
		_, err = part.Write([]byte("4"))
		must(t, err)
		must(t, mustFind[tranship.TailWriter](t, part).CloseTail())
		_, err = upload.Commit(t.Context(), tranship.Commit{Size: 4})
		must(t, err)
	}, 4)(t)
}
