package abilities

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/store/quota"
)

func guardWithholdsInZeros(t *testing.T) {
	inner, store := newGuard(t)
	part, err := begin(t, store, nil).Part(as(t, "ann"), 0)
	must(t, err)
	inner.fail = fmt.Errorf("%w: the file other/path", tranship.ErrExists)
	err = mustFind[tranship.ZeroWriter](t, part).WriteZeros(1)
	failsWith(t, err, tranship.ErrExists)
	if strings.Contains(fmt.Sprint(err), "other/path") {
		t.Errorf("a caller without rights to see files gets the error %q", err)
	}
	inner.used(t, "ZeroWriter", 1)
}

func auditCountsZeros(t *testing.T) {
	wantLine(t, recorded(func(inner *ableStore, store tranship.Store) {
		put(t, t.Context(), inner, "readable")
		content, err := store.Open(t.Context(), "readable", tranship.OpenOptions{})
		must(t, err)
		n, err := mustFind[tranship.ZeroReader](t, content).ReadZeros(4)
		must(t, err)
		if n != 2 {
			t.Errorf("skipped %d bytes, want 2", n)
		}
		must(t, content.Close())
	}), `"bytes":2`, `"whole":false`, `"action":"read"`)
}

// quotaCountsZeros checks that zeros written to an upload of unknown size are reserved.
func quotaCountsZeros(t *testing.T) {
	inner := newAbleStore()
	upload := begin(t, limited(t, inner, quota.Options{Bytes: 20}), nil)
	write := func(n int) error {
		writer, err := upload.Part(as(t, "ann"), n)
		must(t, err)
		defer writer.Close()
		return mustFind[tranship.ZeroWriter](t, writer).WriteZeros(4)
	}
	must(t, write(4))
	failsWith(t, write(5), tranship.ErrQuota)
	inner.used(t, "ZeroWriter", 1)
}
