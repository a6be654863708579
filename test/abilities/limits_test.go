package abilities

import (
	"testing"
	"testing/synctest"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/server/limit"
	"github.com/tranship/tranship/store/quota"
	"github.com/tranship/tranship/store/retry"
)

func quotaFindsItsUploads(t *testing.T) {
	inner := newAbleStore()
	store := limited(t, inner, quota.Options{Bytes: 20})
	id := begin(t, store, new(int64(4))).ID()
	_, err := mustFind[tranship.UploadFinder](t, store).FindUpload(t.Context(), id)
	must(t, err)
	inner.used(t, "UploadFinder", 1)
}

func quotaCountsFetch(t *testing.T) {
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
	_, _, err := mustFind[tranship.Fetcher](t, store).Fetch(as(t, "bob"), "file", 4)
	failsWith(t, err, tranship.ErrNotFound) // Fetch opens it only now
	if usage := store.Usage("ann"); usage != (quota.Usage{}) {
		t.Errorf("afterwards it counts as %+v", usage)
	}
	inner.used(t, "Fetcher", 1)
}

func quotaCountsChunk(t *testing.T) {
	quotaCounts(t, func(upload tranship.Upload, n int) (tranship.PartWriter, error) { return upload.Part(as(t, "ann"), n) })
}

func quotaCountsRun(t *testing.T) {
	quotaCounts(t, func(upload tranship.Upload, n int) (tranship.PartWriter, error) {
		return mustFind[tranship.PartRunner](t, upload).PartRun(as(t, "ann"), n, n+3)
	})
}

// quotaCounts checks that bytes written to an upload of unknown size are reserved.
func quotaCounts(t *testing.T, open func(upload tranship.Upload, n int) (tranship.PartWriter, error)) {
	t.Helper()
	inner := newAbleStore()
	store := limited(t, inner, quota.Options{Bytes: 20})
	upload := begin(t, store, nil)
	write := func(n int) (released bool, err error) {
		writer, err := open(upload, n)
		must(t, err)
		defer writer.Close()
		chunk := tranship.NewChunk([][]byte{[]byte("1234")}, tranship.CRC32C([]byte("1234")), func() { released = true })
		err = mustFind[tranship.ChunkWriter](t, writer).WriteChunk(chunk)
		return released, err
	}
	_, err := write(2)
	must(t, err)
	if usage := store.Usage("ann"); usage.ReservedBytes != 12 {
		t.Errorf("12 bytes count as %+v", usage)
	}
	released, err := write(5)
	failsWith(t, err, tranship.ErrQuota)
	if !released {
		t.Error("a chunk that was refused was not released")
	}
	inner.used(t, "ChunkWriter", 1)
}

func retryFindsAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inner := newAbleStore()
		store := retry.New(inner, retry.Options{})
		id := begin(t, store, new(int64(4))).ID()
		inner.fail = tranship.ErrUnavailable
		_, err := mustFind[tranship.UploadFinder](t, store).FindUpload(t.Context(), id)
		must(t, err)
		inner.used(t, "UploadFinder", 2)
	})
}

func filesFindUpload(t *testing.T) {
	inner := newAbleStore()
	store := limit.NewFiles(80).Store(inner)
	_, err := mustFind[tranship.UploadFinder](t, store).FindUpload(t.Context(), begin(t, store, new(int64(4))).ID())
	must(t, err)
	inner.used(t, "UploadFinder", 1)
}

func filesLimitFetch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inner := newAbleStore()
		store := limit.NewFiles(80).Store(inner)
		put(t, as(t, "ann"), store, "file")
		fetch := func() error {
			_, _, err := mustFind[tranship.Fetcher](t, store).Fetch(as(t, "ann"), "file", 4)
			return err
		}
		var contents []tranship.Content
		for range 20 { // a quarter of the limit
			content, err := store.Open(as(t, "ann"), "file", tranship.OpenOptions{})
			must(t, err)
			contents = append(contents, content)
		}
		failsWith(t, fetch(), tranship.ErrUnavailable)
		inner.used(t, "Fetcher", 0)
		for _, content := range contents {
			must(t, content.Close())
		}
		for range 21 { // each releases its share
			must(t, fetch())
		}
		inner.used(t, "Fetcher", 21)
	})
}
