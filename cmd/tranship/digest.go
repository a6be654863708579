package main

import (
	"context"
	"errors"
	"fmt"
	"hash"
	"io"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/cmd/tranship/internal/location"
	"github.com/tranship/tranship/internal/budget"
	"github.com/tranship/tranship/internal/silence"
	"github.com/tranship/tranship/transfer"
)

// digestBuffer is the size of the read buffer while a digest is computed, in bytes.
const digestBuffer = 256 << 10

// digestFile downloads a file of a store to compute its digest. It continues where it was
// after a lost connection, or after no byte came for stall; it fails after two stalls in a
// row without progress.
func (g *globals) digestFile(ctx context.Context, store tranship.Reader, p location.Location, file tranship.File, algorithm string, stall time.Duration) (transfer.Digest, error) {
	h, err := transfer.NewHash(algorithm)
	if err != nil {
		return transfer.Digest{}, err
	}
	tries := budget.Budget{}.Begin(budget.NewOutage(budget.DefaultPatience))
	stalled := false
	for done := int64(0); ; {
		tries.Attempt()
		n, err := hashFrom(ctx, store, file, done, h, stall)
		done += n
		if n > 0 {
			tries.Progress()
		}
		switch {
		case err == nil && done != file.Size:
			return transfer.Digest{}, fmt.Errorf("%w: got %d bytes of %d", tranship.ErrIntegrity, done, file.Size)
		case err == nil:
			return transfer.Digest{Algorithm: algorithm, Sum: h.Sum(nil)}, nil
		}
		_, silent := errors.AsType[*silence.Error](err)
		if silent && stalled && n == 0 {
			return transfer.Digest{}, err
		}
		stalled = silent
		pause, final := tries.Failed(ctx, err)
		if final == nil {
			g.NotifyRetry(p.Arg, pause, err)
			final = budget.Sleep(ctx, pause)
		}
		if final != nil {
			return transfer.Digest{}, final
		}
	}
}

// hashFrom adds the content of a file from an offset on to a hash, and returns the number
// of bytes added. The error is tranship.ErrUnavailable if no byte came for stall.
func hashFrom(ctx context.Context, store tranship.Reader, file tranship.File, offset int64, h hash.Hash, stall time.Duration) (int64, error) {
	watch, stop := silence.New(ctx, stall, "no byte came")
	defer stop()
	content, err := store.Open(watch.Context(), file.Path, tranship.OpenOptions{Version: file.Version, Offset: offset})
	if err != nil {
		return 0, watch.Explain(err)
	}
	n, err := io.CopyBuffer(h, watchedReader{content, watch.Moved}, make([]byte, digestBuffer))
	// An error of Close adds nothing: the file was only read.
	_ = content.Close()
	return n, watch.Explain(err)
}

// watchedReader calls moved after each read that returned bytes.
type watchedReader struct {
	io.Reader
	moved func()
}

// Read implements io.Reader.
func (w watchedReader) Read(p []byte) (int, error) {
	n, err := w.Reader.Read(p)
	if n > 0 {
		w.moved()
	}
	return n, err
}
