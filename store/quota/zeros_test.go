package quota_test

import (
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/store/mem"
	"github.com/tranship/tranship/store/quota"
)

// Zeros that come as a number count like other bytes, although the store may leave a hole.
func TestZerosCount(t *testing.T) {
	store := limited(t, openDisk(t, t.TempDir()), quota.Options{Bytes: 1 << 19})
	ann := as(t, "ann")
	upload, err := begin(ann, store, "file", -1, "")
	must(t, err)
	part, err := upload.Part(ann, 0)
	must(t, err)
	must(t, tranship.WriteZeros(part, 1<<18))
	refused(t, tranship.WriteZeros(part, 1<<18+1), tranship.ErrQuota, tranship.LimitQuotaBytes)
	must(t, part.Close())
	_, err = upload.Commit(ann, tranship.Commit{Size: 1 << 18})
	must(t, err)
	if got := store.Usage("ann").Bytes; got != 1<<18 {
		t.Errorf("ann has %d bytes", got)
	}
}

// The largest file may not be exceeded with zeros.
func TestZerosOfLargestFile(t *testing.T) {
	store := limited(t, &mem.Store{PartSize: 8}, quota.Options{FileBytes: 10})
	upload, err := begin(t.Context(), store, "file", -1, "")
	must(t, err)
	must(t, write(t.Context(), upload, 8))
	part, err := upload.Part(t.Context(), 1)
	must(t, err)
	must(t, tranship.WriteZeros(part, 2))
	refused(t, tranship.WriteZeros(part, 1), tranship.ErrLimit, tranship.LimitFileBytes)
}
