package s3

import (
	"context"

	"golang.org/x/sync/semaphore"
)

const (
	// windowBytes is how many bytes of one upload are in memory at most, if that is two parts or
	// more: enough for eight requests of the smallest parts at once. The rest of the store's
	// memory is for other uploads, and what a server that dies has not sent is sent again.
	windowBytes = 64 << 20
	// windowParts is how many parts of one upload may be in memory, whatever their length: one
	// is sent while the next one comes.
	windowParts = 2
)

// newWindow returns what the parts of an upload take their bytes from.
func newWindow(partSize, memory int64) *semaphore.Weighted {
	return semaphore.NewWeighted(min(max(windowBytes, windowParts*partSize), max(memory, partSize)))
}

// acquire waits until n bytes of the upload may be in memory, and for as much of the store's
// memory.
func (u *upload) acquire(ctx context.Context, n int64) error {
	if err := u.window.Acquire(ctx, n); err != nil {
		return err
	}
	if err := u.store.reserve(ctx, n); err != nil {
		u.window.Release(n)
		return err
	}
	return nil
}
