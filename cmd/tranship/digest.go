package main

import (
	"context"
	"errors"
	"fmt"
	"hash"
	"io"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/transfer"
)

// algorithmFlag is a flag of a kind of digest; "" is none.
type algorithmFlag string

// Set implements pflag.Value.
func (a *algorithmFlag) Set(text string) error {
	if _, err := transfer.NewHash(text); err != nil {
		return errors.New("it must be sha256 or blake3")
	}
	*a = algorithmFlag(text)
	return nil
}

// String implements pflag.Value.
func (a *algorithmFlag) String() string { return string(*a) }

// Type implements pflag.Value.
func (a *algorithmFlag) Type() string { return "algorithm" }

// digestFlag is a flag of a file's digest, as "sha256:2cf2…"; nil is none.
type digestFlag struct{ digest *transfer.Digest }

// Set implements pflag.Value.
func (d *digestFlag) Set(text string) error {
	digest, err := transfer.ParseDigest(text)
	if err != nil {
		return errors.New("it must be sha256: or blake3: and 64 hexadecimal digits")
	}
	d.digest = &digest
	return nil
}

// String implements pflag.Value.
func (d *digestFlag) String() string {
	if d.digest == nil {
		return ""
	}
	return d.digest.String()
}

// Type implements pflag.Value.
func (d *digestFlag) Type() string { return "digest" }

// digestBuffer is how much of a file is in memory while its digest is computed.
const digestBuffer = 256 << 10

// digestFile reads a file of a store from end to end. Where a connection was lost, or
// no byte came for as long as stall, it goes on, as long as each gets it further.
func digestFile(ctx context.Context, store tranship.Reader, file tranship.File, algorithm string, stall time.Duration) (transfer.Digest, error) {
	h, err := transfer.NewHash(algorithm)
	if err != nil {
		return transfer.Digest{}, err
	}
	var before error
	for done := int64(0); ; {
		n, err := readOn(ctx, store, file, done, h, stall)
		done += n
		unavailable := errors.Is(err, tranship.ErrUnavailable)
		switch {
		case err == nil && done != file.Size:
			return transfer.Digest{}, fmt.Errorf("%w: got %d bytes of %d", tranship.ErrIntegrity, done, file.Size)
		case err == nil:
			return transfer.Digest{Algorithm: algorithm, Sum: h.Sum(nil)}, nil
		case unavailable && n > 0:
			before = err
		case unavailable && before != nil:
			return transfer.Digest{}, before // the reason, rather than what became of it
		default:
			return transfer.Digest{}, err
		}
	}
}

// readOn reads a file from an offset into a hash, and returns how far it got. It is
// tranship.ErrUnavailable when no byte came for as long as stall.
func readOn(ctx context.Context, store tranship.Reader, file tranship.File, offset int64, h hash.Hash, stall time.Duration) (int64, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stalled := fmt.Errorf("%w: stalled: no byte came for %v", tranship.ErrUnavailable, stall)
	watch := time.AfterFunc(stall, func() { cancel(stalled) })
	defer watch.Stop()
	explain := func(err error) error {
		if err != nil && errors.Is(context.Cause(ctx), stalled) {
			return stalled
		}
		return err
	}
	content, err := store.Open(ctx, file.Path, tranship.OpenOptions{Version: file.Version, Offset: offset})
	if err != nil {
		return 0, explain(err)
	}
	n, err := io.CopyBuffer(h, watched{content, func() { watch.Reset(stall) }}, make([]byte, digestBuffer))
	// It was only read from, and has said how that went.
	_ = content.Close()
	return n, explain(err)
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
