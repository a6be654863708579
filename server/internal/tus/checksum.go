package tus

import (
	"bytes"
	"crypto/sha1" //nolint:gosec // the protocol demands it, and it finds damage, not attacks
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/server/internal/httpadmission"
)

const (
	// statusChecksumMismatch is the status of a piece that does not have its checksum.
	statusChecksumMismatch = 460
	// maxCheckedBytes is the most that a piece with a checksum may have: the server holds the piece
	// in memory until the checksum is known to be right. It is less than the share of one caller at
	// admission.MinMemoryLimit.
	maxCheckedBytes = 8 << 20
)

// checksumAlgorithms returns the names of the algorithms of Upload-Checksum.
func checksumAlgorithms() []string { return []string{"sha1", "sha256", "crc32c"} }

// checksum is the checksum that a piece must have.
type checksum struct {
	hash.Hash
	algorithm string
	want      []byte
	// trailer has the checksum once the body has come; nil if that of the header is the one.
	trailer http.Header
}

// hasChecksum reports whether a request has a checksum of its body, or says that one follows the body.
func hasChecksum(r *http.Request) bool {
	_, follows := r.Trailer[checksumHeader]
	return follows || r.Header.Get(checksumHeader) != ""
}

// checksumOf returns the checksum that the body of a request must have; nil if the request has none.
func checksumOf(r *http.Request) (*checksum, error) {
	value := r.Header.Get(checksumHeader)
	if _, follows := r.Trailer[checksumHeader]; follows {
		if value != "" {
			return nil, twice(checksumHeader)
		}
		return &checksum{trailer: r.Trailer}, nil
	}
	if value == "" {
		return nil, nil
	}
	return parseChecksum(value)
}

// parseChecksum parses a value of Upload-Checksum.
func parseChecksum(value string) (*checksum, error) {
	algorithm, encoded, _ := strings.Cut(value, " ")
	sum := &checksum{algorithm: algorithm}
	switch algorithm {
	case "sha1":
		sum.Hash = sha1.New() //nolint:gosec // as above
	case "sha256":
		sum.Hash = sha256.New()
	case "crc32c":
		sum.Hash = crc32.New(crc32.MakeTable(crc32.Castagnoli))
	default:
		return nil, &tranship.InvalidError{Field: checksumHeader, Rule: fmt.Sprintf("%.50q is none of %s", algorithm, strings.Join(checksumAlgorithms(), ", "))}
	}
	var err error
	if sum.want, err = base64.StdEncoding.DecodeString(encoded); err != nil || len(sum.want) != sum.Size() {
		return nil, &tranship.InvalidError{Field: checksumHeader, Rule: fmt.Sprintf("the checksum is not %d bytes in base64", sum.Size())}
	}
	return sum, nil
}

// check compares the checksum with that of a whole body.
func (c *checksum) check(body []*[]byte) error {
	if c.trailer != nil {
		if len(c.trailer[checksumHeader]) > 1 {
			return twice(checksumHeader)
		}
		followed, err := parseChecksum(c.trailer.Get(checksumHeader))
		if err != nil {
			return err
		}
		c = followed
	}
	for _, buffer := range body {
		_, _ = c.Write(*buffer) // a hash does not fail
	}
	if got := c.Sum(nil); !bytes.Equal(got, c.want) {
		err := fmt.Errorf("%w: the piece has %s %x, not %x", tranship.ErrIntegrity, c.algorithm, got, c.want)
		return httpadmission.WithStatus(err, statusChecksumMismatch)
	}
	return nil
}

// checkedTooLong returns the error of a piece with a checksum that is too long.
func checkedTooLong() error {
	err := httpadmission.WithStatus(
		&tranship.InvalidError{Field: "body", Rule: fmt.Sprintf("a piece with %s must have at most %d bytes", checksumHeader, maxCheckedBytes)},
		http.StatusRequestEntityTooLarge)
	return httpadmission.WithHeader(err, maxCheckedHeader, strconv.Itoa(maxCheckedBytes))
}

// memoryBytes is how much of the body of a request is held in memory; 0 without a checksum.
func memoryBytes(r *http.Request) int64 {
	if !hasChecksum(r) {
		return 0
	}
	if 0 <= r.ContentLength && r.ContentLength <= maxCheckedBytes {
		return max(r.ContentLength, pieceBytes)
	}
	return maxCheckedBytes + pieceBytes // what shows that it is too long
}

// readChecked reads a body that must have a checksum, and writes it once the checksum is known to be
// right. It holds no part while it waits for the client.
func (s *Service) readChecked(e *httpadmission.Exchange, p *piece, sum *checksum, moved *atomic.Int64) error {
	var held []*[]byte
	defer func() {
		for _, buffer := range held {
			s.buffers.Put(buffer)
		}
	}()
	for have, more := int64(0), true; more; {
		buffer := s.buffers.Get(int(min(max(p.size-p.at-have, 1), pieceBytes)))
		held = append(held, buffer)
		n, err := fill(e, *buffer, moved)
		*buffer = (*buffer)[:n]
		have += int64(n)
		switch {
		case have > p.size-p.at:
			return tooLong(p.size)
		case have > maxCheckedBytes:
			return checkedTooLong()
		case err == io.EOF: // a body that was cut has another error
			more = false
		case err != nil:
			return err
		}
	}
	if err := sum.check(held); err != nil {
		return err
	}
	for _, buffer := range held {
		if err := p.write(*buffer); err != nil {
			return p.fail(err)
		}
	}
	return nil
}
