package partfile

import (
	"encoding/binary"
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
//	tail       the first bytes of a part that is not whole are there: number, length, CRC32C
//
// The first record that is not whole ends the journal.
const (
	kindHeader = 1 + iota
	kindPart
	kindVoid
	kindClosing
	kindCommitted
	kindTail
)

const (
	// MaxPayload is more than the longest header has: a path, metadata and a
	// resume key.
	MaxPayload = 8 << 10
	// MaxJournal bounds all journals, in bytes: about half a million parts.
	MaxJournal = 16 << 20
	frameBytes = 2 + 4

	// A journal may have slackJournal bytes and partJournal for each of its upload's
	// parts: all parts once with room to spare, and what some of them cost that are
	// written again.
	slackJournal = 32 << 10
	partJournal  = 64
)

// JournalLimit bounds the journal of an upload of size bytes, in bytes.
func JournalLimit(size, partSize int64) int64 {
	parts := size/partSize + 1
	return min(slackJournal+min(parts, MaxJournal)*partJournal, MaxJournal)
}

// Shape is what a header says of the upload that the package has to know.
type Shape struct {
	// Size is the length of the file, PartSize that of all parts but the last, in bytes.
	Size, PartSize int64
}

// length is that of a part; 0 when there is no such part.
func (s Shape) length(number int64) int64 {
	if number < 0 || number > s.Size/s.PartSize {
		return 0
	}
	return min(s.PartSize, s.Size-number*s.PartSize)
}

// Outcome is the file that an upload became, or is about to.
type Outcome struct {
	// Version is "" when it is not known.
	Version string
	CRC32C  uint32
	// At is when that was; zero if it is not known to have been.
	At time.Time
}

// History is what a journal tells of an upload.
type History struct {
	Shape
	// Parts are the whole ones, and their checksums.
	Parts map[int64]uint32
	// Tail is the beginning of a part that is not whole; nil for none. There is only one: the
	// last tail record counts, until its part is whole or void.
	Tail *Tail
	// Closing is what the upload was about to become, or has, when nothing came after; nil
	// otherwise.
	Closing *Outcome
	// Records were read, and their Bytes.
	Records uint64
	Bytes   int64
}

// PartBytes is how many bytes of the file are in whole parts.
func (h *History) PartBytes() (total int64) {
	for n := range h.Parts {
		total += h.length(n)
	}
	return total
}

// Entry is the kind and the content of a record.
type Entry struct {
	kind    byte
	content []byte
}

// AppendRecord appends an entry as the record with a sequence number.
func AppendRecord(b []byte, id string, sequence uint64, e Entry) []byte {
	start := len(b)
	b = append(b, 0, 0, e.kind)
	b = binary.AppendUvarint(b, sequence)
	b = append(b, e.content...)
	binary.BigEndian.PutUint16(b[start:], uint16(len(b)-start-2))
	return binary.BigEndian.AppendUint32(b, tranship.UpdateCRC32C(tranship.CRC32C([]byte(id)), b[start:]))
}

// ReadJournal makes sense of as much of a journal as is whole. It is false if not
// even the first header is. header is called with the content of each header, in their
// order, and tells what of it the package has to know; it is false if the content is not
// valid, or does not go on from the header before.
func ReadJournal(id string, data []byte, header func(content []byte) (Shape, bool)) (History, bool) {
	h := History{Parts: make(map[int64]uint32)}
	for {
		rest := data[h.Bytes:]
		if len(rest) < frameBytes {
			break
		}
		length := int(binary.BigEndian.Uint16(rest))
		if length > MaxPayload || length > len(rest)-frameBytes {
			break
		}
		end := 2 + length
		sum := tranship.UpdateCRC32C(tranship.CRC32C([]byte(id)), rest[:end])
		if sum != binary.BigEndian.Uint32(rest[end:]) || !h.take(rest[2:end], header) {
			break
		}
		h.Records++
		h.Bytes += int64(end + 4)
	}
	return h, h.Records > 0
}

// take is false if a payload does not go on from what was before.
func (h *History) take(payload []byte, header func(content []byte) (Shape, bool)) bool {
	if len(payload) == 0 {
		return false
	}
	kind := payload[0]
	d := varfield.Decoder{Rest: payload[1:]}
	if d.Uvarint() != h.Records || d.Bad || h.Records == 0 && kind != kindHeader {
		return false
	}
	switch kind {
	case kindHeader:
		shape, ok := header(d.Rest)
		if ok && shape.Size >= 0 && shape.PartSize > 0 && (h.Records == 0 || shape == h.Shape) {
			h.Shape, h.Closing = shape, nil
			return true
		}
	case kindPart:
		number, length, crc := d.Number(), d.Number(), d.Uint32()
		if d.Done() && length > 0 && length == h.length(number) {
			h.Parts[number] = crc
			h.dropTail(number)
			h.Closing = nil
			return true
		}
	case kindVoid:
		number := d.Number()
		if d.Done() && h.length(number) > 0 {
			delete(h.Parts, number)
			h.dropTail(number)
			h.Closing = nil
			return true
		}
	case kindTail:
		t := Tail{Number: d.Number(), Length: d.Number(), CRC32C: d.Uint32()}
		_, whole := h.Parts[t.Number]
		if d.Done() && !whole && t.Length > 0 && t.Length < h.length(t.Number) {
			h.Tail, h.Closing = &t, nil
			return true
		}
	case kindClosing, kindCommitted:
		o := &Outcome{Version: d.String(), CRC32C: d.Uint32()}
		if kind == kindCommitted {
			o.At = time.Unix(0, d.Varint())
		}
		if d.Done() && len(o.Version) <= 128 {
			h.Closing = o
			return true
		}
	}
	return false
}

// dropTail drops the tail of a part.
func (h *History) dropTail(number int64) {
	if h.Tail != nil && h.Tail.Number == number {
		h.Tail = nil
	}
}

// HeaderEntry is a header with a content of the caller's.
func HeaderEntry(content []byte) Entry { return Entry{kindHeader, content} }

// PartEntry says that a part is whole.
func PartEntry(number, length int64, crc uint32) Entry {
	b := binary.AppendUvarint(nil, uint64(number))
	b = binary.AppendUvarint(b, uint64(length))
	return Entry{kindPart, binary.BigEndian.AppendUint32(b, crc)}
}

// VoidEntry says that a part is about to be overwritten.
func VoidEntry(number int64) Entry {
	return Entry{kindVoid, binary.AppendUvarint(nil, uint64(number))}
}

// TailEntry says that the first bytes of a part are in the data file.
func TailEntry(t Tail) Entry {
	b := binary.AppendUvarint(nil, uint64(t.Number))
	b = binary.AppendUvarint(b, uint64(t.Length))
	return Entry{kindTail, binary.BigEndian.AppendUint32(b, t.CRC32C)}
}

// ClosingEntry says that the data file is about to become a file.
func ClosingEntry(o Outcome) Entry {
	return Entry{kindClosing, binary.BigEndian.AppendUint32(varfield.AppendString(nil, o.Version), o.CRC32C)}
}

// CommittedEntry says that the data file has become a file.
func CommittedEntry(o Outcome) Entry {
	b := binary.BigEndian.AppendUint32(varfield.AppendString(nil, o.Version), o.CRC32C)
	return Entry{kindCommitted, binary.AppendVarint(b, o.At.UnixNano())}
}
