package transfer

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/tranship/tranship"
)

// readBack is implemented by a tranship.Upload that keeps its parts on this machine, where
// they can be read.
type readBack interface {
	// ReadPart reads what is there of part n.
	ReadPart(n int) io.Reader
}

// prove looks at every durable part. One that is not what it should be is sent like
// a missing one.
func (a *assembly) prove(ctx context.Context) error {
	defer close(a.differing)
	for _, n := range slices.Sorted(maps.Keys(a.durable)) {
		same, err := a.proves(ctx, n)
		if err != nil {
			return err
		}
		a.countProved(n, same)
		if !same {
			a.differing <- n
		}
	}
	return nil
}

// proves reports whether a durable part has the source's bytes.
func (a *assembly) proves(ctx context.Context, n int) (bool, error) {
	want := a.durable[n]
	if upload, ok := a.upload.(readBack); ok {
		// Bytes that were only written may be lost when the system crashed.
		size, crc, err := a.sum(ctx, upload.ReadPart(n))
		if err != nil || size != a.length(n) || crc != want {
			return false, ctx.Err()
		}
	}
	if a.source.isVersioned() {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.crcs[n] = want
		return true, nil
	}
	content, err := a.source.open(ctx, int64(n)*a.partSize, a.length(n))
	if err != nil {
		return false, err
	}
	// It is only read from, and says how that went.
	defer func() { _ = content.Close() }()
	size, crc, err := a.sum(ctx, content)
	if err != nil {
		return false, sourceError(err)
	}
	if size != a.length(n) {
		return false, sourceError(io.ErrUnexpectedEOF)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if before, known := a.proved[n]; known && before != crc {
		return false, a.changed(n)
	}
	a.crcs[n] = crc
	return crc == want, nil
}

// countProved counts a part that has been looked at.
func (a *assembly) countProved(n int, same bool) {
	a.mu.Lock()
	_, ours := a.proved[n]
	a.mu.Unlock()
	length := a.length(n)
	bytes, shown := &a.skippedBytes, &a.progress.skipped
	if ours {
		bytes, shown = &a.sentBytes, &a.progress.received
	}
	if same {
		bytes.Add(length)
		return
	}
	shown.Add(-length)
	a.event(Event{Kind: EventDiffers, Bytes: length})
}

// sum is size and checksum of what a reader has.
func (a *assembly) sum(ctx context.Context, r io.Reader) (int64, uint32, error) {
	return a.buffers.sum(r, func(data []byte) error {
		a.watch.Moved()
		a.progress.read.Add(int64(len(data)))
		return ctx.Err()
	})
}

// hashSource checks the digest of the source, by reading it once more: parts are
// not read in their order.
func (a *assembly) hashSource(ctx context.Context) error {
	content, err := a.source.open(ctx, 0, a.source.from.Size)
	if err != nil {
		return err
	}
	// It is only read from, and says how that went.
	defer func() { _ = content.Close() }()
	return a.hash(ctx, content)
}

// hashUpload checks the digest of what was sent, where it is.
func (a *assembly) hashUpload(ctx context.Context) error {
	upload, ok := a.upload.(readBack)
	if !ok {
		return fmt.Errorf("%w: the digest of what was sent cannot be computed", tranship.ErrUnsupported)
	}
	readers := make([]io.Reader, a.count)
	for n := range readers {
		readers[n] = upload.ReadPart(n)
	}
	return a.hash(ctx, io.MultiReader(readers...))
}

func (a *assembly) hash(ctx context.Context, r io.Reader) error {
	digest, err := a.item.newDigest()
	if err != nil {
		return err
	}
	_, _, err = a.buffers.sum(r, func(data []byte) error {
		a.watch.Moved()
		digest.Write(data)
		return ctx.Err()
	})
	if err != nil {
		return sourceError(err)
	}
	return a.item.checkDigest(digest)
}
