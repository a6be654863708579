package disk

import (
	"encoding/binary"
	"io/fs"
	"maps"
	"slices"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/varfield"
)

// A journal is a run of records. A record is the length of its payload (2 bytes,
// big-endian), the payload, and the CRC32C of the upload's id, the length and the
// payload (4 bytes). A payload is a kind (1 byte), the record's sequence number
// (uvarint, from 0) and what the kind has:
//
//	header     what the upload is; the first record, and again when it is resumed
//	part       a part is whole: number, length (uvarints), CRC32C
//	void       a part is about to be overwritten: number
//	closing    the data file is about to become a file: version, CRC32C
//	committed  it has: version, CRC32C, time
//
// The first record that is not whole ends the journal.
const (
	kindHeader = 1 + iota
	kindPart
	kindVoid
	kindClosing
	kindCommitted
)

const (
	// maxPayload is more than the longest header has: a path, metadata and a
	// resume key.
	maxPayload = 8 << 10
	// maxJournal bounds all journals, in bytes: about half a million parts.
	maxJournal = 16 << 20
	frameBytes = 2 + 4

	// A journal may have slackJournal bytes and partJournal for each of its upload's
	// parts: all parts once with room to spare, and what some of them cost that are
	// written again.
	slackJournal = 32 << 10
	partJournal  = 64
)

// journalLimit bounds the journal of an upload of size bytes, in bytes.
func journalLimit(size, partSize int64) int64 {
	parts := size/partSize + 1
	return min(slackJournal+min(parts, maxJournal)*partJournal, maxJournal)
}

// header says what an upload is.
type header struct {
	id string
	// spec has the durability that the upload really has.
	spec     tranship.Spec
	partSize int64
	created  time.Time
	epoch    uint64
	// boot names the run of the machine in which the record was written; "" when
	// the system has no name for it.
	boot string
}

// length is that of a part; 0 when there is no such part.
func (h header) length(number int64) int64 {
	size := *h.spec.Size
	if number < 0 || number > size/h.partSize {
		return 0
	}
	return min(h.partSize, size-number*h.partSize)
}

// outcome is the file that an upload became, or is about to.
type outcome struct {
	// version is "" when it is not known.
	version string
	crc     uint32
	at      time.Time
}

// history is what a journal tells of an upload.
type history struct {
	header header
	// parts are the whole ones, and their checksums.
	parts map[int64]uint32
	// closing is what the upload was about to become, or has, when nothing came
	// after; nil otherwise. It has a time if it is known to have.
	closing *outcome
	// records were read, and their bytes.
	records uint64
	bytes   int64
}

// entry is the kind and the content of a record.
type entry struct {
	kind    byte
	content []byte
}

// appendRecord appends an entry as the record with a sequence number.
func appendRecord(b []byte, id string, sequence uint64, e entry) []byte {
	start := len(b)
	b = append(b, 0, 0, e.kind)
	b = binary.AppendUvarint(b, sequence)
	b = append(b, e.content...)
	binary.BigEndian.PutUint16(b[start:], uint16(len(b)-start-2))
	return binary.BigEndian.AppendUint32(b, tranship.UpdateCRC32C(tranship.CRC32C([]byte(id)), b[start:]))
}

// readJournal makes sense of as much of a journal as is whole. It is false if not
// even the header is.
func readJournal(id string, data []byte) (history, bool) {
	h := history{parts: make(map[int64]uint32)}
	for {
		rest := data[h.bytes:]
		if len(rest) < frameBytes {
			break
		}
		length := int(binary.BigEndian.Uint16(rest))
		if length > maxPayload || length > len(rest)-frameBytes {
			break
		}
		end := 2 + length
		sum := tranship.UpdateCRC32C(tranship.CRC32C([]byte(id)), rest[:end])
		if sum != binary.BigEndian.Uint32(rest[end:]) || !h.take(id, rest[2:end]) {
			break
		}
		h.records++
		h.bytes += int64(end + 4)
	}
	return h, h.records > 0
}

// take is false if a payload does not go on from what was before.
func (h *history) take(id string, payload []byte) bool {
	if len(payload) == 0 {
		return false
	}
	kind := payload[0]
	d := varfield.Decoder{Rest: payload[1:]}
	if d.Uvarint() != h.records || h.records == 0 && kind != kindHeader {
		return false
	}
	switch kind {
	case kindHeader:
		next := takeHeader(&d)
		if d.Done() && next.id == id && h.precedes(next) {
			h.header, h.closing = next, nil
			return true
		}
	case kindPart:
		number, length, crc := d.Number(), d.Number(), d.Uint32()
		if d.Done() && length > 0 && length == h.header.length(number) {
			h.parts[number] = crc
			h.closing = nil
			return true
		}
	case kindVoid:
		number := d.Number()
		if d.Done() && h.header.length(number) > 0 {
			delete(h.parts, number)
			h.closing = nil
			return true
		}
	case kindClosing, kindCommitted:
		o := &outcome{version: d.String(), crc: d.Uint32()}
		if kind == kindCommitted {
			o.at = time.Unix(0, d.Varint())
		}
		if d.Done() && len(o.version) <= 128 {
			h.closing = o
			return true
		}
	}
	return false
}

// precedes tells whether a header may follow: the first, or one that resumes the
// same upload.
func (h *history) precedes(next header) bool {
	if h.records == 0 {
		return true
	}
	old := h.header
	return next.epoch > old.epoch && next.partSize == old.partSize && resumptionOf(next.spec) == resumptionOf(old.spec)
}

func headerEntry(h header) entry {
	spec := h.spec
	var flags byte
	if spec.Attributes.ModTime != nil {
		flags |= flagModTime
	}
	if spec.Attributes.Mode != nil {
		flags |= flagFileMode
	}
	if spec.Precondition.MustNotExist {
		flags |= flagMustNotExist
	}
	if spec.Owner != "" {
		flags |= flagOwner
	}
	b := []byte{flags, byte(spec.Durability)}
	b = varfield.AppendString(b, h.id)
	b = varfield.AppendString(b, spec.Path)
	b = binary.AppendUvarint(b, uint64(*spec.Size))
	b = varfield.AppendString(b, spec.ResumeKey)
	b = varfield.AppendString(b, spec.Precondition.MustMatchVersion)
	if spec.Attributes.ModTime != nil {
		b = binary.AppendVarint(b, spec.Attributes.ModTime.UnixNano())
	}
	if spec.Attributes.Mode != nil {
		b = binary.AppendUvarint(b, uint64(*spec.Attributes.Mode))
	}
	b = binary.AppendUvarint(b, uint64(len(spec.Attributes.Metadata)))
	for _, key := range slices.Sorted(maps.Keys(spec.Attributes.Metadata)) {
		b = varfield.AppendString(b, key)
		b = varfield.AppendString(b, spec.Attributes.Metadata[key])
	}
	b = binary.AppendUvarint(b, uint64(h.partSize))
	b = binary.AppendVarint(b, h.created.UnixNano())
	b = binary.AppendUvarint(b, h.epoch)
	b = varfield.AppendString(b, h.boot)
	if spec.Owner != "" {
		b = varfield.AppendString(b, spec.Owner)
	}
	return entry{kindHeader, b}
}

const (
	flagModTime = 1 << iota
	flagFileMode
	flagMustNotExist
	// flagOwner: the record ends with the upload's owner. A program that knows of
	// none drops such an upload rather than give it to anybody.
	flagOwner
)

// takeHeader takes what headerEntry wrote. d is bad unless that is valid.
func takeHeader(d *varfield.Decoder) header {
	flags, durability := d.Byte(), d.Byte()
	h := header{id: d.String()}
	spec := &h.spec
	spec.Path = d.String()
	spec.Size = new(d.Number())
	spec.ResumeKey = d.String()
	spec.Durability = tranship.Durability(durability)
	spec.Precondition = tranship.Precondition{MustNotExist: flags&flagMustNotExist != 0, MustMatchVersion: d.String()}
	if flags&flagModTime != 0 {
		spec.Attributes.ModTime = new(time.Unix(0, d.Varint()))
	}
	if flags&flagFileMode != 0 {
		spec.Attributes.Mode = new(fs.FileMode(d.Uvarint()))
	}
	if n := d.Count(); n > 0 {
		spec.Attributes.Metadata = make(map[string]string)
		for range n {
			key := d.String()
			spec.Attributes.Metadata[key] = d.String()
		}
	}
	h.partSize = d.Number()
	h.created = time.Unix(0, d.Varint())
	h.epoch = d.Uvarint()
	h.boot = d.String()
	if flags&flagOwner != 0 {
		spec.Owner = d.String()
	}
	if spec.ResumeKey == "" || h.partSize < 1 || h.partSize > maxPartSize || h.epoch == 0 ||
		flags&^(flagModTime|flagFileMode|flagMustNotExist|flagOwner) != 0 || spec.Validate() != nil {
		d.Fail()
	}
	return h
}

func partEntry(number, length int64, crc uint32) entry {
	b := binary.AppendUvarint(nil, uint64(number))
	b = binary.AppendUvarint(b, uint64(length))
	return entry{kindPart, binary.BigEndian.AppendUint32(b, crc)}
}

func voidEntry(number int64) entry {
	return entry{kindVoid, binary.AppendUvarint(nil, uint64(number))}
}

func closingEntry(o outcome) entry {
	return entry{kindClosing, binary.BigEndian.AppendUint32(varfield.AppendString(nil, o.version), o.crc)}
}

func committedEntry(o outcome) entry {
	b := binary.BigEndian.AppendUint32(varfield.AppendString(nil, o.version), o.crc)
	return entry{kindCommitted, binary.AppendVarint(b, o.at.UnixNano())}
}
