package quota_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/store/mem"
	"github.com/tranship/tranship/store/quota"
)

// With many concurrent calls no caller ever exceeds the quota, and in the end nothing is
// reserved.
func TestRaces(t *testing.T) {
	const bytesLimit, filesLimit, workers, rounds = 1000, 12, 16, 60
	inner := &mem.Store{PartSize: 100}
	store := limited(t, inner, quota.Options{Bytes: bytesLimit, Files: filesLimit})
	names := []string{"ann", "ben"}
	// actual returns the usage according to the inner store, without the ledger.
	actual := func() map[string]quota.Usage {
		sums := map[string]quota.Usage{}
		for file, err := range inner.Accounts(t.Context()) {
			must(t, err)
			sum := sums[*file.Account]
			sum.Bytes += file.Size
			sum.Files++
			sums[*file.Account] = sum
		}
		return sums
	}
	var group sync.WaitGroup
	var made, denied atomic.Int64
	for worker := range workers {
		group.Go(func() {
			random := rand.New(rand.NewPCG(uint64(worker), 1))
			ctx := as(t, names[worker%len(names)])
			for range rounds {
				path := fmt.Sprintf("%d", random.IntN(20))
				size := random.IntN(300)
				var err error
				switch random.IntN(8) {
				case 0, 1:
					err = put(ctx, store, path, size)
				case 2:
					err = store.Remove(ctx, path, tranship.Precondition{})
				case 3:
					_, err = store.Move(ctx, path, fmt.Sprintf("%d", random.IntN(20)), tranship.Precondition{})
				case 4:
					_, err = store.Copy(ctx, path, fmt.Sprintf("%d", random.IntN(20)), tranship.Precondition{})
				default:
					err = raceUpload(ctx, store, random, path, size)
				}
				switch {
				case err == nil:
					made.Add(1)
				case errors.Is(err, tranship.ErrQuota):
					denied.Add(1)
				case errors.Is(err, tranship.ErrNotFound), errors.Is(err, tranship.ErrAborted):
				default:
					t.Error(err)
				}
				for name, sum := range actual() {
					if sum.Bytes > bytesLimit || sum.Files > filesLimit {
						t.Errorf("%s has %v", name, sum)
					}
				}
			}
		})
	}
	group.Wait()
	for info, err := range store.ListUploads(t.Context(), "") {
		must(t, err)
		must(t, store.AbortUpload(t.Context(), info.ID))
	}
	for _, name := range names {
		has(t, store, name, actual()[name])
	}
	if made.Load() == 0 || denied.Load() == 0 {
		t.Errorf("%d calls succeeded and %d were refused: the test proves nothing", made.Load(), denied.Load())
	}
}

// raceUpload uploads a file with a random kind of spec, or aborts or detaches the upload.
func raceUpload(ctx context.Context, store tranship.Store, random *rand.Rand, path string, size int) error {
	declared, key := int64(size), ""
	switch random.IntN(3) {
	case 0:
		declared = -1
	case 1:
		key = "key"
	}
	upload, err := begin(ctx, store, path, declared, key)
	if err != nil {
		return err
	}
	for offset := 0; offset < size && err == nil; offset += 100 {
		var part tranship.PartWriter
		if part, err = upload.Part(ctx, offset/100); err == nil {
			_, err = part.Write(bytes.Repeat([]byte{1}, min(100, size-offset)))
			err = errors.Join(err, part.Close())
		}
	}
	if err == nil && random.IntN(4) > 0 {
		if _, err = upload.Commit(ctx, tranship.Commit{Size: int64(size)}); err == nil {
			return nil
		}
	}
	if random.IntN(2) == 0 {
		return errors.Join(err, upload.Detach(ctx))
	}
	return errors.Join(err, upload.Abort(ctx))
}
