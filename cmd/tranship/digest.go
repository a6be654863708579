package main

import (
	"context"
	"errors"
	"fmt"
	"hash"
	"io"

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

// digestFile reads a file of a store from end to end. Where a connection was lost
// it goes on, as long as each gets it further.
func digestFile(ctx context.Context, store tranship.Reader, file tranship.File, algorithm string) (transfer.Digest, error) {
	h, err := transfer.NewHash(algorithm)
	if err != nil {
		return transfer.Digest{}, err
	}
	for done := int64(0); ; {
		n, err := readOn(ctx, store, file, done, h)
		done += n
		switch {
		case err != nil && (n == 0 || !errors.Is(err, tranship.ErrUnavailable)):
			return transfer.Digest{}, err
		case err == nil && done != file.Size:
			return transfer.Digest{}, fmt.Errorf("%w: got %d bytes of %d", tranship.ErrIntegrity, done, file.Size)
		case err == nil:
			return transfer.Digest{Algorithm: algorithm, Sum: h.Sum(nil)}, nil
		}
	}
}

// readOn reads a file from an offset into a hash, and returns how far it got.
func readOn(ctx context.Context, store tranship.Reader, file tranship.File, offset int64, h hash.Hash) (int64, error) {
	content, err := store.Open(ctx, file.Path, tranship.OpenOptions{Version: file.Version, Offset: offset})
	if err != nil {
		return 0, err
	}
	n, err := io.CopyBuffer(h, struct{ io.Reader }{content}, make([]byte, digestBuffer))
	// It was only read from, and has said how that went.
	_ = content.Close()
	return n, err
}
