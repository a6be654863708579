package disk

import (
	"encoding/binary"
	"errors"
	"io/fs"
	"maps"
	"slices"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/varfield"
)

// attributeName is the extended attribute that holds a file's record.
const attributeName = "user.tranship"

// record has the attributes of a file that the file system itself does not keep.
type record struct {
	// size and modified, in nanoseconds since 1970, are the stamp: the record holds for a
	// file with this size and one of these times. It has two times while SetAttributes
	// changes the modified time, so that it holds before and after the change.
	size     int64
	modified []int64

	version string
	crc     *uint32
	// exact is the modified time if the file system cannot keep it.
	exact *time.Time
	// mode is set if the mode of the file on disk differs from it: the store's user must be
	// able to read the file.
	mode     *fs.FileMode
	metadata map[string]string
	// account is the account that the file counts for; nil for none.
	account *string
}

// holds reports whether the record holds for a file with this info.
func (r record) holds(info fs.FileInfo) bool {
	return r.size == info.Size() && slices.Contains(r.modified, info.ModTime().UnixNano())
}

// setTime stamps the record for a file that info describes and whose exact modified time is
// modified.
func (r *record) setTime(info fs.FileInfo, modified time.Time) {
	r.modified = []int64{info.ModTime().UnixNano()}
	r.exact = nil
	if !info.ModTime().Equal(modified) {
		r.exact = new(modified.UTC())
	}
}

// The encoding is a format byte, flags, size (uvarint), a count and the modified
// times (varints), version (length and bytes), CRC32C (4 bytes, if flagged), mode
// (uvarint, if flagged), metadata (a count, and length and bytes of each key and
// value, by ascending key), account (length and bytes, if flagged), the exact modified
// time (seconds since 1970 as a varint and nanoseconds as a uvarint, if flagged), and the
// CRC32C of all that, 4 bytes big-endian. It is binary because a file system may limit
// attributes to 4 KiB, of which metadata takes up to 2 KiB.
const (
	recordFormat = 1

	flagCRC     = 1 << 0
	flagMode    = 1 << 1
	flagAccount = 1 << 2
	flagExact   = 1 << 3
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
	if r.exact != nil {
		flags |= flagExact
	}
	size := plainRecordBytes
	for key, value := range r.metadata {
		size += len(key) + len(value) + entryRecordBytes
	}
	b := append(make([]byte, 0, size), recordFormat, flags)
	b = binary.AppendUvarint(b, uint64(r.size))
	b = binary.AppendUvarint(b, uint64(len(r.modified)))
	for _, modified := range r.modified {
		b = binary.AppendVarint(b, modified)
	}
	b = varfield.AppendString(b, r.version)
	if r.crc != nil {
		b = binary.BigEndian.AppendUint32(b, *r.crc)
	}
	if r.mode != nil {
		b = binary.AppendUvarint(b, uint64(*r.mode))
	}
	b = binary.AppendUvarint(b, uint64(len(r.metadata)))
	if len(r.metadata) > 0 {
		for _, key := range slices.Sorted(maps.Keys(r.metadata)) {
			b = varfield.AppendString(b, key)
			b = varfield.AppendString(b, r.metadata[key])
		}
	}
	if r.account != nil {
		b = varfield.AppendString(b, *r.account)
	}
	if r.exact != nil {
		b = binary.AppendVarint(b, r.exact.Unix())
		b = binary.AppendUvarint(b, uint64(r.exact.Nanosecond()))
	}
	return binary.BigEndian.AppendUint32(b, tranship.CRC32C(b))
}

// decodeRecord is the reverse of encode. It validates every field, because another program
// may have written the attribute.
func decodeRecord(b []byte) (record, error) {
	end := len(b) - 4
	if end < 2 || binary.BigEndian.Uint32(b[end:]) != tranship.CRC32C(b[:end]) || b[0] != recordFormat {
		return record{}, errRecord
	}
	flags := b[1]
	d := varfield.Decoder{Rest: b[2:end]}
	r := record{size: int64(d.Uvarint())}
	for range d.Count() {
		r.modified = append(r.modified, d.Varint())
	}
	r.version = d.String()
	if flags&flagCRC != 0 {
		r.crc = new(d.Uint32())
	}
	if flags&flagMode != 0 {
		r.mode = new(fs.FileMode(d.Uvarint()))
	}
	if n := d.Count(); n > 0 {
		r.metadata = make(map[string]string)
		for range n {
			key := d.String()
			r.metadata[key] = d.String()
		}
	}
	if flags&flagAccount != 0 {
		r.account = new(d.String())
	}
	if flags&flagExact != 0 {
		seconds, nanoseconds := d.Varint(), d.Uvarint()
		if nanoseconds >= uint64(time.Second) {
			d.Fail()
		}
		r.exact = new(time.Unix(seconds, int64(nanoseconds)).UTC())
	}
	attributes := tranship.Attributes{Mode: r.mode, ModTime: r.exact, Metadata: r.metadata}
	switch {
	case d.Bad, len(d.Rest) > 0, flags&^(flagCRC|flagMode|flagAccount|flagExact) != 0:
	case r.size < 0, r.version == "", len(r.version) > 128, attributes.Validate() != nil:
	case r.account != nil && len(*r.account) > tranship.MaxAccountBytes:
	default:
		return r, nil
	}
	return record{}, errRecord
}
