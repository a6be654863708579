package quota_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/store/mem"
	"github.com/tranship/tranship/store/quota"
)

// Uploads reserve what they need, keep it while they can be resumed, and give it back in
// the end.
func TestReservations(t *testing.T) {
	inner := &mem.Store{PartSize: 8}
	options := quota.Options{Bytes: 20, Files: 3, Uploads: 2}
	store := limited(t, inner, options)
	ann := as(t, "ann")
	known, err := begin(ann, store, "known", 8, "key")
	must(t, err)
	unknown, err := begin(ann, store, "unknown", -1, "")
	must(t, err)
	has(t, store, "ann", quota.Usage{ReservedBytes: 8, ReservedFiles: 2, Uploads: 2})
	_, err = begin(ann, store, "third", 1, "")
	refused(t, err, tranship.ErrQuota, tranship.LimitUploads)
	must(t, put(as(t, "ben"), store, "ben", 20))

	if _, wrapped := any(mustPart(t, known)).(tranship.ChunkWriter); wrapped {
		t.Error("a part writer of an upload of known size is not the inner store's own")
	}
	must(t, write(ann, unknown, 8))
	must(t, write(ann, unknown, 8)) // the same part
	has(t, store, "ann", quota.Usage{ReservedBytes: 16, ReservedFiles: 2, Uploads: 2})
	part, err := unknown.Part(ann, 1)
	must(t, err)
	_, err = part.Write(make([]byte, 5))
	refused(t, err, tranship.ErrQuota, tranship.LimitQuotaBytes)
	refused(t, put(ann, store, "put", 5), tranship.ErrQuota, tranship.LimitQuotaBytes)
	refused(t, unknown.CopyPart(ann, 1, "ben", tranship.OpenOptions{}), tranship.ErrQuota, tranship.LimitQuotaBytes)
	must(t, part.Close())
	_, err = unknown.Commit(ann, tranship.Commit{Size: 8})
	must(t, err)
	has(t, store, "ann", quota.Usage{Bytes: 8, Files: 1, ReservedBytes: 8, ReservedFiles: 1, Uploads: 1})
	must(t, unknown.Abort(ann)) // has no effect after the commit
	must(t, store.Remove(ann, "unknown", tranship.Precondition{}))

	// A resumed upload does not count twice, also after a restart.
	must(t, write(ann, known, 8))
	for range 3 {
		must(t, known.Detach(ann))
		store = limited(t, inner, options)
		has(t, store, "ann", quota.Usage{ReservedBytes: 8, ReservedFiles: 1, Uploads: 1})
		known, err = begin(ann, store, "known", 8, "key")
		must(t, err)
		older := known
		known, err = begin(ann, store, "known", 8, "key")
		must(t, err)
		must(t, older.Abort(ann)) // has no effect
		has(t, store, "ann", quota.Usage{ReservedBytes: 8, ReservedFiles: 1, Uploads: 1})
	}
	for range 2 { // the second time as if the first reply had been lost
		_, err = known.Commit(ann, tranship.Commit{Size: 8})
		must(t, err)
		has(t, store, "ann", quota.Usage{Bytes: 8, Files: 1})
		known, err = begin(ann, store, "known", 8, "key")
		must(t, err)
	}
	must(t, known.Detach(ann))

	other, err := begin(ann, store, "other", 8, "key")
	must(t, err)
	must(t, store.AbortUpload(ann, other.ID()))
	must(t, other.Abort(ann))
	must(t, put(ann, store, "put", 12))
	must(t, store.Remove(ann, "put", tranship.Precondition{}))
	must(t, store.Remove(ann, "known", tranship.Precondition{}))
	if usage := store.Usage("ann"); usage.Bytes != 0 || usage.ReservedBytes != 0 || usage.Files != 0 || usage.ReservedFiles != 0 {
		t.Errorf("in the end ann has %v", usage)
	}
}

// The file that an upload replaces may be removed before the commit.
func TestReplacedFileIsRemoved(t *testing.T) {
	store := limited(t, &mem.Store{PartSize: 8}, quota.Options{Bytes: 8})
	ann := as(t, "ann")
	must(t, put(ann, store, "a", 8))
	upload, err := begin(ann, store, "a", 8, "")
	must(t, err)
	must(t, write(ann, upload, 8))
	has(t, store, "ann", quota.Usage{Bytes: 8, Files: 1, Uploads: 1})
	must(t, store.Remove(ann, "a", tranship.Precondition{}))
	must(t, put(ann, store, "b", 1))
	_, err = upload.Commit(ann, tranship.Commit{Size: 8})
	refused(t, err, tranship.ErrQuota, tranship.LimitQuotaBytes)
	must(t, store.Remove(ann, "b", tranship.Precondition{}))
	_, err = upload.Commit(ann, tranship.Commit{Size: 8})
	must(t, err)
	has(t, store, "ann", quota.Usage{Bytes: 8, Files: 1})
}

// Uploads that replace the caller's own file count in full, except for one of them.
func TestUploadsOverOwnFile(t *testing.T) {
	inner := &mem.Store{PartSize: 8}
	options := quota.Options{Bytes: 20, Files: 10}
	store := limited(t, inner, options)
	ann := as(t, "ann")
	must(t, put(ann, store, "a", 10))
	first, err := begin(ann, store, "a", 10, "key1")
	must(t, err)
	has(t, store, "ann", quota.Usage{Bytes: 10, Files: 1, ReservedBytes: 10, ReservedFiles: 1, Uploads: 1})
	_, err = begin(ann, store, "a", 12, "key2") // only what is more than the file
	refused(t, err, tranship.ErrQuota, tranship.LimitQuotaBytes)
	second, err := begin(ann, store, "a", 9, "key2")
	must(t, err)
	has(t, store, "ann", quota.Usage{Bytes: 10, Files: 1, ReservedBytes: 10, ReservedFiles: 1, Uploads: 2})
	_, err = begin(ann, store, "a", 9, "key3")
	refused(t, err, tranship.ErrQuota, tranship.LimitQuotaBytes)
	must(t, put(ann, store, "a", 10)) // both files exist only during the call
	must(t, second.Detach(ann))
	_, err = begin(ann, store, "a", 9, "key3")
	refused(t, err, tranship.ErrQuota, tranship.LimitQuotaBytes)
	must(t, store.AbortUpload(ann, second.ID()))
	second, err = begin(ann, store, "a", 9, "key3")
	must(t, err)

	// After a restart both count in full, and no further upload may exceed the limit.
	must(t, errors.Join(first.Detach(ann), second.Detach(ann)))
	store = limited(t, inner, options)
	has(t, store, "ann", quota.Usage{Bytes: 10, Files: 1, ReservedBytes: 19, ReservedFiles: 2, Uploads: 2})
	_, err = begin(ann, store, "a", 9, "key4")
	refused(t, err, tranship.ErrQuota, tranship.LimitQuotaBytes)
	second, err = begin(ann, store, "a", 9, "key3") // an upload that was begun can be finished
	must(t, err)
	must(t, write(ann, second, 8))
	part, err := second.Part(ann, 1)
	must(t, err)
	_, err = part.Write([]byte{1})
	must(t, errors.Join(err, part.Close()))
	_, err = second.Commit(ann, tranship.Commit{Size: 9})
	must(t, err)
	has(t, store, "ann", quota.Usage{Bytes: 9, Files: 1, ReservedBytes: 10, ReservedFiles: 1, Uploads: 1})
}

// An upload of unknown size keeps its reservation up to its furthest byte, as the disk
// keeps the space.
func TestUnknownSizeKeepsReservation(t *testing.T) {
	store := limited(t, &mem.Store{PartSize: 8}, quota.Options{Bytes: 20})
	ann := as(t, "ann")
	upload, err := begin(ann, store, "a", -1, "")
	must(t, err)
	for _, size := range []int{8, 1} { // begun again with less
		must(t, write(ann, upload, size))
		has(t, store, "ann", quota.Usage{ReservedBytes: 8, ReservedFiles: 1, Uploads: 1})
	}
	part, err := upload.Part(ann, 2)
	must(t, err)
	_, err = part.Write([]byte{1})
	must(t, err)
	has(t, store, "ann", quota.Usage{ReservedBytes: 17, ReservedFiles: 1, Uploads: 1}) // the hole, too
	_, err = part.Write(make([]byte, 4))
	refused(t, err, tranship.ErrQuota, tranship.LimitQuotaBytes)
	must(t, upload.Abort(ann))
	has(t, store, "ann", quota.Usage{})
}

// An upload that existed before, and may not be resumed, still counts.
func TestRefusedResumption(t *testing.T) {
	inner := &mem.Store{PartSize: 8}
	store := limited(t, inner, quota.Options{Bytes: 8})
	begun, err := begin(t.Context(), inner, "a", 9, "key") // without the ledger
	must(t, err)
	must(t, begun.Detach(t.Context()))
	_, err = begin(t.Context(), store, "a", 9, "key")
	refused(t, err, tranship.ErrQuota, tranship.LimitQuotaBytes)
	has(t, store, "", quota.Usage{ReservedBytes: 9, ReservedFiles: 1, Uploads: 1})
	must(t, store.AbortUpload(t.Context(), begun.ID()))
	has(t, store, "", quota.Usage{})
}

// The reservations of expired uploads become available.
func TestExpiry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := limited(t, &mem.Store{PartSize: 8, UploadExpiry: time.Hour}, quota.Options{Bytes: 10, Uploads: 1})
		ann := as(t, "ann")
		upload, err := begin(ann, store, "a", 8, "key")
		must(t, err)
		must(t, upload.Detach(ann))
		refused(t, put(ann, store, "b", 3), tranship.ErrQuota, tranship.LimitQuotaBytes)
		time.Sleep(2 * time.Hour)
		must(t, put(ann, store, "b", 3))
		_, err = begin(ann, store, "a", 7, "key")
		must(t, err)
		has(t, store, "ann", quota.Usage{Bytes: 3, Files: 1, ReservedBytes: 7, ReservedFiles: 1, Uploads: 1})
	})
}
