package transfer

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"strings"

	"lukechampine.com/blake3"

	"github.com/tranship/tranship"
)

// The algorithms of digests.
const (
	SHA256 = "sha256"
	BLAKE3 = "blake3"
)

// Digest is a cryptographic digest of a file's whole content.
type Digest struct {
	// Algorithm is SHA256 or BLAKE3.
	Algorithm string
	// Sum has 32 bytes.
	Sum []byte
}

// ParseDigest reads what String writes: "sha256:" or "blake3:" and 64 hexadecimal
// digits. The error is an *tranship.InvalidError.
func ParseDigest(text string) (Digest, error) {
	algorithm, digits, _ := strings.Cut(text, ":")
	sum, err := hex.DecodeString(digits)
	if _, known := NewHash(algorithm); known != nil || err != nil || len(sum) != 32 {
		return Digest{}, &tranship.InvalidError{Field: "digest", Rule: `must be "sha256:" or "blake3:" and 64 hexadecimal digits`}
	}
	return Digest{algorithm, sum}, nil
}

// String is the digest in the usual notation, "sha256:" and hexadecimal digits.
func (d Digest) String() string { return d.Algorithm + ":" + hex.EncodeToString(d.Sum) }

// errDigest means that it is not the content that was asked for, however often it is
// copied.
var errDigest = fmt.Errorf("%w: wrong digest", tranship.ErrIntegrity)

// NewHash computes digests of an algorithm. ErrUnsupported: it is unknown.
func NewHash(algorithm string) (hash.Hash, error) {
	switch algorithm {
	case SHA256:
		return sha256.New(), nil
	case BLAKE3:
		return blake3.New(32, nil), nil
	}
	return nil, fmt.Errorf("%w: digest algorithm %q: it must be sha256 or blake3", tranship.ErrUnsupported, algorithm)
}

// newDigest computes what the item's digest is compared to; nil if it has none.
func (i Item) newDigest() (hash.Hash, error) {
	if i.Digest == nil {
		return nil, nil
	}
	return NewHash(i.Digest.Algorithm)
}

// checkDigest fails unless the content that was hashed has the item's digest.
func (i Item) checkDigest(hashed hash.Hash) error {
	if i.Digest == nil {
		return nil
	}
	got := Digest{i.Digest.Algorithm, hashed.Sum(nil)}
	if !bytes.Equal(got.Sum, i.Digest.Sum) {
		return fmt.Errorf("%w: the content has %v, and must have %v", errDigest, got, i.Digest)
	}
	return nil
}
