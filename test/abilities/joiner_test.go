package abilities

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/server/limit"
)

func join(t *testing.T, ctx context.Context, store tranship.Store, id string) (tranship.Upload, error) {
	t.Helper()
	joined, spec, err := mustFind[tranship.UploadJoiner](t, store).JoinUpload(ctx, id, 1)
	if err == nil && (joined.ID() != id || spec.Path != "secret") {
		t.Errorf("joined the upload %s of %s, want %s", joined.ID(), spec.Path, id)
	}
	return joined, err
}

func guardHidesJoins(t *testing.T) {
	inner, store := newGuard(t)
	upload := begin(t, store, new(int64(4)))
	for _, name := range []string{"bob", ""} {
		_, err := join(t, as(t, name), store, upload.ID())
		failsWith(t, err, tranship.ErrNotFound)
	}
	joined, err := join(t, as(t, "ann"), store, upload.ID())
	must(t, err)
	failsWith(t, joined.CopyPart(as(t, "ann"), 0, "unseen", tranship.OpenOptions{}), tranship.ErrNotFound)
	inner.used(t, "UploadJoiner", 3)

	// The error of a join that fails tells another caller nothing about the upload.
	must(t, upload.Detach(as(t, "ann")))
	_, err = join(t, as(t, "ann"), store, upload.ID())
	failsWith(t, err, tranship.ErrUnavailable)
	_, err = join(t, as(t, "bob"), store, upload.ID())
	failsWith(t, err, tranship.ErrNotFound)
}

func auditRecordsJoins(t *testing.T) {
	refusesUnrecorded(t, "UploadJoiner", func(store tranship.Store) error {
		_, err := join(t, t.Context(), store, "unknown")
		return err
	})
	wantLine(t, recorded(func(_ *ableStore, store tranship.Store) {
		_, err := join(t, t.Context(), store, "unknown")
		failsWith(t, err, tranship.ErrNotFound)
	}), `"action":"join"`, `"upload":"unknown"`)
	wantLine(t, recorded(func(inner *ableStore, store tranship.Store) {
		put(t, t.Context(), inner, "readable")
		joined, err := join(t, t.Context(), store, begin(t, inner, new(int64(4))).ID())
		must(t, err)
		must(t, joined.CopyPart(t.Context(), 0, "readable", tranship.OpenOptions{}))
		must(t, joined.Detach(t.Context()))
	}), `"action":"copy_part"`, `"path":"readable"`, `"destination":"secret"`)
}

func filesLimitJoins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inner := newAbleStore()
		store := limit.NewFiles(80).Store(inner)
		id := begin(t, inner, new(int64(4))).ID()
		for range 3 {
			var all []tranship.Upload
			for range 10 { // a quarter of the limit
				joined, err := join(t, as(t, "ann"), store, id)
				must(t, err)
				all = append(all, joined)
			}
			_, err := join(t, as(t, "ann"), store, id)
			failsWith(t, err, tranship.ErrUnavailable)
			for _, joined := range all {
				must(t, joined.Detach(as(t, "ann")))
			}
		}
		_, err := join(t, as(t, "ann"), store, "unknown")
		failsWith(t, err, tranship.ErrNotFound)
		inner.used(t, "UploadJoiner", 31)
	})
}
