package encrypt

import (
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"math"

	"github.com/tranship/tranship"
)

// A record has, in this order: one byte that is 1 if the record is bound to the size of the
// file, the id of the file, the nonce, and the encrypted bytes with their tag. All records
// of a file except the last have recordBytes bytes.
const (
	recordBytes = 16 << 10
	idBytes     = 16
	nonceBytes  = 12
	headerBytes = 1 + idBytes + nonceBytes
	tagBytes    = 16
	// overhead is the number of bytes in a record besides the plain bytes.
	overhead = headerBytes + tagBytes
	// plainBytes is the maximum number of plain bytes in a record.
	plainBytes = recordBytes - overhead
	// maxSize is the maximum plain size of a file. It is small enough for all sums.
	maxSize = math.MaxInt64 / 2
)

// sealedSize returns the length of all records of a file of size plain bytes.
func sealedSize(size int64) int64 {
	records := (size + plainBytes - 1) / plainBytes
	return size + records*overhead
}

// plainSize is the inverse of sealedSize. It fails if records cannot have the size.
func plainSize(sealed int64) (int64, error) {
	records := (sealed + recordBytes - 1) / recordBytes
	if rest := sealed % recordBytes; rest > 0 && rest <= overhead {
		return 0, fmt.Errorf("%w: the file is not encrypted, or was truncated", tranship.ErrIntegrity)
	}
	return sealed - records*overhead, nil
}

// sealer encrypts the records of one file. It is safe for concurrent use.
type sealer struct {
	aead cipher.AEAD
	id   [idBytes]byte
	// size is the plain size of the file; nil if it is not known.
	size *int64
}

// seal appends record number index of the file, counted from 0. plain has at most
// plainBytes bytes.
func (s *sealer) seal(to []byte, index int64, plain []byte) []byte {
	size := int64(-1)
	header := make([]byte, headerBytes)
	if s.size != nil {
		header[0], size = 1, *s.size
	}
	copy(header[1:], s.id[:])
	nonce := header[1+idBytes:]
	_, _ = rand.Read(nonce) // never fails
	return s.aead.Seal(append(to, header...), nonce, plain, additionalData(header, index, size))
}

// all returns the records of a whole file.
func (s *sealer) all(plain []byte) []byte {
	sealed := make([]byte, 0, sealedSize(int64(len(plain))))
	for index := int64(0); len(plain) > 0; index++ {
		piece := plain[:min(len(plain), plainBytes)]
		sealed, plain = s.seal(sealed, index, piece), plain[len(piece):]
	}
	return sealed
}

// additionalData returns the data that a record is bound to: the first byte of the record,
// the id of the file, the number of the record and, if it was known, the size of the file.
func additionalData(header []byte, index, size int64) []byte {
	all := append([]byte(nil), header[:1+idBytes]...)
	all = binary.BigEndian.AppendUint64(all, uint64(index)) //nolint:gosec // It is not negative.
	if header[0] == 1 {
		all = binary.BigEndian.AppendUint64(all, uint64(size)) //nolint:gosec // It is not negative.
	}
	return all
}

// opener decrypts the records of one file, of size plain bytes. It is not safe for
// concurrent use.
type opener struct {
	aead cipher.AEAD
	size int64
	// id is the id of the file in the first record that was opened.
	id *[idBytes]byte
}

// open decrypts record number index in place and returns its plain bytes.
func (o *opener) open(record []byte, index int64) ([]byte, error) {
	if len(record) <= overhead || record[0] > 1 {
		return nil, fmt.Errorf("%w: record %d is not encrypted", tranship.ErrIntegrity, index)
	}
	header, sealed := record[:headerBytes], record[headerBytes:]
	id := [idBytes]byte(header[1:])
	if o.id == nil {
		o.id = &id
	}
	plain, err := o.aead.Open(sealed[:0], header[1+idBytes:], sealed, additionalData(header, index, o.size))
	if err != nil || id != *o.id {
		return nil, fmt.Errorf("%w: record %d was changed, is from another position or file, or has another key", tranship.ErrIntegrity, index)
	}
	return plain, nil
}
