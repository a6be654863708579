package web

import (
	"bytes"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"hash"
	"net/http"
	"strings"

	"github.com/tranship/tranship"
)

// digestHeader is the header of RFC 9530 for the digest of a whole file.
const digestHeader = "Repr-Digest"

// crcDigest is the value of digestHeader for the checksum of a file.
func crcDigest(crc uint32) string {
	return "crc32c=:" + base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint32(nil, crc)) + ":"
}

// digests are those that the body of a request must have.
type digests struct {
	// crc is nil without a checksum that was given.
	crc    *uint32
	hashes []wanted
}

// wanted is a digest that a body must have.
type wanted struct {
	algorithm string
	hash      hash.Hash
	sum       []byte
}

// add adds the digests in a header or trailer. Algorithms that are not known do not count, but what
// cannot be the name of one is refused: the client wants the body to be compared with it. A digest that
// comes in a trailer must be a checksum, because the others are computed from the beginning.
func (d *digests) add(header http.Header, trailer bool) error {
	for _, name := range []string{digestHeader, "Content-Digest"} {
		for _, value := range header.Values(name) {
			for member := range strings.SplitSeq(value, ",") {
				if err := d.addMember(name, strings.TrimSpace(member), trailer); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// addMember adds one member of a dictionary of RFC 8941, whose value is a byte sequence.
func (d *digests) addMember(name, member string, trailer bool) error {
	algorithm, value, _ := strings.Cut(member, "=")
	if strings.Trim(algorithm, "abcdefghijklmnopqrstuvwxyz0123456789_-.*") != "" {
		return &tranship.InvalidError{Field: name, Rule: fmt.Sprintf("%.50q is no name of an algorithm: such a name is in lower case, and \"=\" follows at once", algorithm)}
	}
	size := map[string]int{"crc32c": 4, "sha-256": sha256.Size, "sha-512": sha512.Size}[algorithm]
	if size == 0 {
		return nil
	}
	if trailer && algorithm != "crc32c" {
		return &tranship.InvalidError{Field: name, Rule: algorithm + " must come in the header: in a trailer it is too late to compute it"}
	}
	sum, err := base64.StdEncoding.DecodeString(strings.TrimSuffix(strings.TrimPrefix(value, ":"), ":"))
	if err != nil || len(value) < 2 || value[0] != ':' || value[len(value)-1] != ':' || len(sum) != size {
		return &tranship.InvalidError{Field: name, Rule: fmt.Sprintf("%q is not %s=:…: with %d bytes in base64", member, algorithm, size)}
	}
	switch algorithm {
	case "crc32c":
		crc := binary.BigEndian.Uint32(sum)
		if d.crc != nil && *d.crc != crc {
			return &tranship.InvalidError{Field: name, Rule: "two checksums differ"}
		}
		d.crc = &crc
	case "sha-256":
		d.hashes = append(d.hashes, wanted{algorithm, sha256.New(), sum})
	case "sha-512":
		d.hashes = append(d.hashes, wanted{algorithm, sha512.New(), sum})
	}
	return nil
}

// write hashes bytes of the body.
func (d *digests) write(data []byte) {
	for _, w := range d.hashes {
		_, _ = w.hash.Write(data) // a hash does not fail
	}
}

// check compares the digests once all bytes were hashed. The store compares the checksum.
func (d *digests) check(path string) error {
	for _, w := range d.hashes {
		if sum := w.hash.Sum(nil); !bytes.Equal(sum, w.sum) {
			return &tranship.PathError{Path: path, Err: fmt.Errorf("%w: the body has %s %x, not %x", tranship.ErrIntegrity, w.algorithm, sum, w.sum)}
		}
	}
	return nil
}
