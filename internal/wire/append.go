package wire

import (
	"io/fs"
	"math/bits"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/tranship/tranship"
)

// Generated code finds the fields of a message in tables. The functions of this file append the
// encodings of the replies that come once for each small file, with the bytes that generated code
// would write. They leave files with unusual fields to generated code.

// The fields of the messages that hold the replies: DownloadResponse and UploadResponse.
const (
	openedField   protowire.Number = 1
	chunkField    protowire.Number = 2
	doneField     protowire.Number = 3
	finishedField protowire.Number = 3
)

// The times that a message can have, in seconds: those of the years 1 to 9999.
const leastSeconds, mostSeconds = -62135596800, 253402300799

// AppendOpened appends a DownloadResponse that opens a slot. ok is false, and nothing is appended, if
// only generated code can encode it.
func AppendOpened(b []byte, slot uint64, file tranship.File) (longer []byte, ok bool) {
	return appendSlotOfFile(b, openedField, slot, file)
}

// AppendFinished appends an UploadResponse that ends a slot with its file. ok is false, and nothing is
// appended, if only generated code can encode it.
func AppendFinished(b []byte, slot uint64, file tranship.File) (longer []byte, ok bool) {
	return appendSlotOfFile(b, finishedField, slot, file)
}

// AppendChunk appends a DownloadResponse with the content of a slot, which begins at an offset and has a
// checksum.
func AppendChunk(b []byte, slot uint64, offset int64, data []byte, crc uint32) []byte {
	at := uint64(offset) //nolint:gosec // as the encoding of protobuf demands
	size := sizeNumber(slot) + 1 + protowire.SizeVarint(at) + fixedSize
	if len(data) > 0 {
		size += 1 + protowire.SizeBytes(len(data))
	}
	b = appendHeader(b, chunkField, size)
	b = appendNumber(b, 1, slot)
	b = protowire.AppendVarint(protowire.AppendTag(b, 2, protowire.VarintType), at)
	if len(data) > 0 {
		b = protowire.AppendBytes(protowire.AppendTag(b, 3, protowire.BytesType), data)
	}
	return appendFixed(b, 4, crc)
}

// AppendDone appends a DownloadResponse that ends a slot with the checksum of its content.
func AppendDone(b []byte, slot uint64, crc uint32) []byte {
	size := sizeNumber(slot)
	if crc != 0 {
		size += fixedSize
	}
	b = appendNumber(appendHeader(b, doneField, size), 1, slot)
	if crc != 0 {
		b = appendFixed(b, 2, crc)
	}
	return b
}

// appendSlotOfFile appends a message whose only field is another message, with a slot and a file.
func appendSlotOfFile(b []byte, outer protowire.Number, slot uint64, file tranship.File) (longer []byte, ok bool) {
	seconds, nanos := file.ModTime.Unix(), file.ModTime.Nanosecond()
	if len(file.Metadata) > 0 || file.ModTimeUnit > 0 || seconds < leastSeconds || seconds > mostSeconds ||
		!utf8.ValidString(file.Path) || !utf8.ValidString(file.Version) {
		return b, false
	}
	size, mode := uint64(file.Size), uint64(file.Mode&fs.ModePerm) //nolint:gosec // as the encoding of protobuf demands
	since, part := uint64(seconds), uint64(nanos)                  //nolint:gosec // likewise
	timed := sizeNumber(since) + sizeNumber(part)
	inner := sizeText(file.Path) + sizeNumber(size) + 1 + protowire.SizeBytes(timed) + sizeNumber(mode) + sizeText(file.Version)
	if file.CRC32C != nil {
		inner += fixedSize
	}
	b = appendHeader(b, outer, sizeNumber(slot)+1+protowire.SizeBytes(inner))
	b = appendHeader(appendNumber(b, 1, slot), 2, inner)
	b = appendNumber(appendText(b, 1, file.Path), 2, size)
	b = appendHeader(b, 3, timed)
	b = appendNumber(appendNumber(b, 1, since), 2, part)
	b = appendText(appendNumber(b, 4, mode), 5, file.Version)
	if file.CRC32C != nil {
		b = appendFixed(b, 6, *file.CRC32C)
	}
	return b, true
}

// fixedSize is the size of a field with 32 bits. The tags of all fields here have one byte.
const fixedSize = 1 + 4

// sizeNumber returns the size of a field that is absent if it is 0.
func sizeNumber(value uint64) int {
	if value == 0 {
		return 0
	}
	return 1 + (bits.Len64(value)+6)/7
}

// sizeText returns the size of a field that is absent if it is empty.
func sizeText(text string) int {
	if text == "" {
		return 0
	}
	return 1 + protowire.SizeBytes(len(text))
}

// appendHeader appends the beginning of a message that is a field, and has so many bytes.
func appendHeader(b []byte, field protowire.Number, size int) []byte {
	return protowire.AppendVarint(protowire.AppendTag(b, field, protowire.BytesType), uint64(size)) //nolint:gosec // not negative
}

func appendNumber(b []byte, field protowire.Number, value uint64) []byte {
	if value == 0 {
		return b
	}
	return protowire.AppendVarint(protowire.AppendTag(b, field, protowire.VarintType), value)
}

func appendText(b []byte, field protowire.Number, text string) []byte {
	if text == "" {
		return b
	}
	return protowire.AppendString(protowire.AppendTag(b, field, protowire.BytesType), text)
}

func appendFixed(b []byte, field protowire.Number, value uint32) []byte {
	return protowire.AppendFixed32(protowire.AppendTag(b, field, protowire.Fixed32Type), value)
}
