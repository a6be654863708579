package disk

import (
	"encoding/binary"
	"errors"
	"io/fs"
	"maps"
	"slices"

	"github.com/tranship/tranship"
)

// attributeName is the extended attribute that holds a file's record.
const attributeName = "user.tranship"

// record is what the store knows of a file beside what the file system does.
type record struct {
	// size and modified, in nanoseconds since 1970, are the stamp: the record is
	// about a file that has them. While SetAttributes changes the modified time
	// there are two of it, so that the record holds before and after.
	size     int64
	modified []int64

	version string
	crc     *uint32
	// mode is set when the file's own differs from it: the owner may always
	// read, so that the store can.
	mode     *fs.FileMode
	metadata map[string]string
	// account is whom the file counts for; nil: nobody.
	account *string
}

// holds reports whether the record is about a file of this size and time.
func (r record) holds(info fs.FileInfo) bool {
	return r.size == info.Size() && slices.Contains(r.modified, info.ModTime().UnixNano())
}

// The encoding is a format byte, flags, size (uvarint), a count and the modified
// times (varints), version (length and bytes), CRC32C (4 bytes, if flagged), mode
// (uvarint, if flagged), metadata (a count, and length and bytes of each key and
// value, by ascending key), account (length and bytes, if flagged), and the CRC32C of
// all that, 4 bytes big-endian. It is binary because a file system may allow 4 KiB, of which metadata takes up to 2.
const (
	recordFormat = 1

	flagCRC     = 1 << 0
	flagMode    = 1 << 1
	flagAccount = 1 << 2
)

var errRecord = errors.New("damaged record")

func (r record) encode() []byte {
	var flags byte
	if r.crc != nil {
		flags |= flagCRC
	}
	if r.mode != nil {
		flags |= flagMode
	}
	if r.account != nil {
		flags |= flagAccount
	}
	b := []byte{recordFormat, flags}
	b = binary.AppendUvarint(b, uint64(r.size))
	b = binary.AppendUvarint(b, uint64(len(r.modified)))
	for _, modified := range r.modified {
		b = binary.AppendVarint(b, modified)
	}
	b = appendString(b, r.version)
	if r.crc != nil {
		b = binary.BigEndian.AppendUint32(b, *r.crc)
	}
	if r.mode != nil {
		b = binary.AppendUvarint(b, uint64(*r.mode))
	}
	b = binary.AppendUvarint(b, uint64(len(r.metadata)))
	for _, key := range slices.Sorted(maps.Keys(r.metadata)) {
		b = appendString(b, key)
		b = appendString(b, r.metadata[key])
	}
	if r.account != nil {
		b = appendString(b, *r.account)
	}
	return binary.BigEndian.AppendUint32(b, tranship.CRC32C(b))
}

func appendString(b []byte, s string) []byte {
	b = binary.AppendUvarint(b, uint64(len(s)))
	return append(b, s...)
}

// decodeRecord is the reverse of encode. It checks all that could do harm: what it
// reads may have been written by somebody else.
func decodeRecord(b []byte) (record, error) {
	end := len(b) - 4
	if end < 2 || binary.BigEndian.Uint32(b[end:]) != tranship.CRC32C(b[:end]) || b[0] != recordFormat {
		return record{}, errRecord
	}
	flags := b[1]
	d := decoder{rest: b[2:end]}
	r := record{size: int64(d.uvarint())}
	for range d.count() {
		r.modified = append(r.modified, d.varint())
	}
	r.version = d.string()
	if flags&flagCRC != 0 {
		r.crc = new(d.uint32())
	}
	if flags&flagMode != 0 {
		r.mode = new(fs.FileMode(d.uvarint()))
	}
	if n := d.count(); n > 0 {
		r.metadata = make(map[string]string)
		for range n {
			key := d.string()
			r.metadata[key] = d.string()
		}
	}
	if flags&flagAccount != 0 {
		r.account = new(d.string())
	}
	attributes := tranship.Attributes{Mode: r.mode, Metadata: r.metadata}
	switch {
	case d.bad, len(d.rest) > 0, flags&^(flagCRC|flagMode|flagAccount) != 0:
	case r.size < 0, r.version == "", len(r.version) > 128, attributes.Validate() != nil:
	case r.account != nil && len(*r.account) > tranship.MaxAccountBytes:
	default:
		return r, nil
	}
	return record{}, errRecord
}

// decoder takes values from the front of rest. When one is not there it is bad, and
// all are zero from then on.
type decoder struct {
	rest []byte
	bad  bool
}

func (d *decoder) fail() {
	d.bad = true
	d.rest = nil
}

func (d *decoder) uvarint() uint64 {
	value, n := binary.Uvarint(d.rest)
	if n <= 0 {
		d.fail()
		return 0
	}
	d.rest = d.rest[n:]
	return value
}

func (d *decoder) varint() int64 {
	value, n := binary.Varint(d.rest)
	if n <= 0 {
		d.fail()
		return 0
	}
	d.rest = d.rest[n:]
	return value
}

// count is a number of things of at least one byte each.
func (d *decoder) count() int {
	n := d.uvarint()
	if n > uint64(len(d.rest)) {
		d.fail()
		return 0
	}
	return int(n)
}

func (d *decoder) string() string {
	n := d.count()
	value := string(d.rest[:n])
	d.rest = d.rest[n:]
	return value
}

func (d *decoder) uint32() uint32 {
	if len(d.rest) < 4 {
		d.fail()
		return 0
	}
	value := binary.BigEndian.Uint32(d.rest)
	d.rest = d.rest[4:]
	return value
}
