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

// digestBuffer is how much of a file is in memory while its digest is computed.
const digestBuffer = 256 << 10

// digestFile reads a file of a store from end to end. Where a connection was lost, or
// no byte came for as long as stall, it goes on; but not after two stalls in a row that
// got it no further.
func (g *globals) digestFile(ctx context.Context, store tranship.Reader, p location.Location, file tranship.File, algorithm string, stall time.Duration) (transfer.Digest, error) {
	h, err := transfer.NewHash(algorithm)
	if err != nil {
		return transfer.Digest{}, err
	}
	tries := budget.Budget{}.Begin(budget.NewOutage(budget.DefaultPatience))
	stalled := false
	for done := int64(0); ; {
		tries.Attempt()
		n, err := readOn(ctx, store, file, done, h, stall)
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
			g.TellRetry(p.Arg, pause, err)
			final = budget.Sleep(ctx, pause)
		}
		if final != nil {
			return transfer.Digest{}, final
		}
	}
}

// readOn reads a file from an offset into a hash, and returns how far it got. It is
// tranship.ErrUnavailable when no byte came for as long as stall.
func readOn(ctx context.Context, store tranship.Reader, file tranship.File, offset int64, h hash.Hash, stall time.Duration) (int64, error) {
	watch, stop := silence.New(ctx, stall, "no byte came")
	defer stop()
	content, err := store.Open(watch.Context(), file.Path, tranship.OpenOptions{Version: file.Version, Offset: offset})
	if err != nil {
		return 0, watch.Explain(err)
	}
	n, err := io.CopyBuffer(h, watched{content, watch.Moved}, make([]byte, digestBuffer))
	// It was only read from, and has said how that went.
	_ = content.Close()
	return n, watch.Explain(err)
}

// watched is a reader that tells when something was read.
type watched struct {
	io.Reader
	moved func()
}

// Read implements io.Reader.
func (w watched) Read(p []byte) (int, error) {
	n, err := w.Reader.Read(p)
	if n > 0 {
		w.moved()
	}
	return n, err
}
