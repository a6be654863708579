package wire

import (
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/types/known/timestamppb"

	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// Generated code makes an object for each message within a message. The types of this file decode the
// messages that come once for each small file, and use the memory of the message before. They decode
// the usual forms only, and leave others, such as those with metadata, fields that they do not
// know, and malformed ones, to generated code.

// field is one field of an encoded message: value is that of a number, and bytes are those of a
// string or message.
type field struct {
	number protowire.Number
	kind   protowire.Type
	value  uint64
	bytes  []byte
	// end is the position after the field.
	end int
}

// eachField calls take with each field of an encoded message. It returns false if take does, or if
// the message is malformed or has a field of an unusual kind.
func eachField(encoded []byte, take func(f field) bool) bool {
	f := field{}
	for f.end < len(encoded) {
		number, kind, n := protowire.ConsumeTag(encoded[f.end:])
		if n < 0 {
			return false
		}
		f.number, f.kind, f.bytes = number, kind, nil
		f.end += n
		switch kind {
		case protowire.VarintType:
			f.value, n = protowire.ConsumeVarint(encoded[f.end:])
		case protowire.Fixed32Type:
			var value uint32
			value, n = protowire.ConsumeFixed32(encoded[f.end:])
			f.value = uint64(value)
		case protowire.BytesType:
			f.bytes, n = protowire.ConsumeBytes(encoded[f.end:])
		default:
			return false
		}
		if n < 0 {
			return false
		}
		f.end += n
		if !take(f) {
			return false
		}
	}
	return true
}

// only returns the fields of a message that is the only field, with a number, of another one. start
// is their position.
func only(encoded []byte, number protowire.Number) (message []byte, start int, ok bool) {
	found, kind, n := protowire.ConsumeTag(encoded)
	if n < 0 || found != number || kind != protowire.BytesType {
		return nil, 0, false
	}
	length, m := protowire.ConsumeVarint(encoded[n:])
	if m < 0 || length != uint64(len(encoded)-n-m) { //nolint:gosec // not negative
		return nil, 0, false
	}
	return encoded[n+m:], n + m, true
}

// isNumber, isFixed and isBytes report whether the field has that kind.
func (f field) isNumber() bool { return f.kind == protowire.VarintType }
func (f field) isFixed() bool  { return f.kind == protowire.Fixed32Type }
func (f field) isBytes() bool  { return f.kind == protowire.BytesType }

// text sets a string. It returns false if the field has none.
func (f field) text(to *string) bool {
	if !f.isBytes() || !utf8.Valid(f.bytes) {
		return false
	}
	*to = string(f.bytes)
	return true
}

// uint64 sets a number. Like the methods below, it returns false if the field has none.
func (f field) uint64(to *uint64) bool {
	*to = f.value
	return f.isNumber()
}

func (f field) int64(to *int64) bool {
	*to = int64(f.value) //nolint:gosec // as the encoding of protobuf demands
	return f.isNumber()
}

func (f field) uint32(to *uint32) bool {
	*to = uint32(f.value) //nolint:gosec // as the encoding of protobuf demands
	return f.isNumber()
}

func (f field) fixed32(to *uint32) bool {
	*to = uint32(f.value) //nolint:gosec // it has 32 bits
	return f.isFixed()
}

// time sets a time, which is nil before. A message with two times is not decoded.
func (f field) time(to **timestamppb.Timestamp, memory *timestamppb.Timestamp) bool {
	if !f.isBytes() || *to != nil {
		return false
	}
	memory.Seconds, memory.Nanos = 0, 0
	*to = memory
	return eachField(f.bytes, func(f field) bool {
		switch f.number {
		case 1:
			return f.int64(&memory.Seconds)
		case 2:
			memory.Nanos = int32(f.value) //nolint:gosec // as the encoding of protobuf demands
			return f.isNumber()
		}
		return false
	})
}

// quickFile decodes a file.
type quickFile struct {
	file     transhipv1.File
	modified timestamppb.Timestamp
}

// decode decodes a file that is a field, and makes it the file of a message, which has none before.
func (q *quickFile) decode(f field, to **transhipv1.File) bool {
	if !f.isBytes() || *to != nil {
		return false
	}
	file := &q.file
	*to = file
	file.Path, file.Size, file.ModifiedTime, file.Mode, file.Version, file.Crc32C = "", 0, nil, 0, "", nil
	return eachField(f.bytes, func(f field) bool {
		switch f.number {
		case 1:
			return f.text(&file.Path)
		case 2:
			return f.int64(&file.Size)
		case 3:
			return f.time(&file.ModifiedTime, &q.modified)
		case 4:
			return f.uint32(&file.Mode)
		case 5:
			return f.text(&file.Version)
		case 6:
			file.Crc32C = new(uint32) // callers keep it
			return f.fixed32(file.Crc32C)
		}
		return false
	})
}
