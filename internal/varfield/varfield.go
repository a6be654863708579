// Package varfield reads and writes the fields of the short binary records of stores:
// numbers as variable-length integers of encoding/binary, and strings with their length
// before them.
package varfield

import "encoding/binary"

// AppendString appends a string and its length to b.
func AppendString(b []byte, s string) []byte {
	b = binary.AppendUvarint(b, uint64(len(s)))
	return append(b, s...)
}

// Decoder takes fields from the front of Rest. If a field is missing or not valid, it
// sets Bad, and that field and all later ones are zero.
type Decoder struct {
	Rest []byte
	Bad  bool
}

// Fail sets Bad. It is for callers that find that a field is not valid.
func (d *Decoder) Fail() {
	d.Bad = true
	d.Rest = nil
}

// Done reports whether all fields were present and Rest is empty.
func (d *Decoder) Done() bool { return !d.Bad && len(d.Rest) == 0 }

// Uvarint takes an integer that binary.AppendUvarint appended.
func (d *Decoder) Uvarint() uint64 {
	value, n := binary.Uvarint(d.Rest)
	if n <= 0 {
		d.Fail()
		return 0
	}
	d.Rest = d.Rest[n:]
	return value
}

// Varint takes an integer that binary.AppendVarint appended.
func (d *Decoder) Varint() int64 {
	value, n := binary.Varint(d.Rest)
	if n <= 0 {
		d.Fail()
		return 0
	}
	d.Rest = d.Rest[n:]
	return value
}

// Number takes an unsigned variable-length integer that fits into an int64.
func (d *Decoder) Number() int64 {
	value := d.Uvarint()
	if value > 1<<63-1 {
		d.Fail()
		return 0
	}
	return int64(value)
}

// Count takes the number of following items, which take at least one byte each.
func (d *Decoder) Count() int {
	n := d.Uvarint()
	if n > uint64(len(d.Rest)) {
		d.Fail()
		return 0
	}
	return int(n)
}

// String takes a string that AppendString appended.
func (d *Decoder) String() string {
	n := d.Count()
	value := string(d.Rest[:n])
	d.Rest = d.Rest[n:]
	return value
}

// Uint32 takes a big-endian integer of four bytes.
func (d *Decoder) Uint32() uint32 {
	if len(d.Rest) < 4 {
		d.Fail()
		return 0
	}
	value := binary.BigEndian.Uint32(d.Rest)
	d.Rest = d.Rest[4:]
	return value
}

// Byte takes one byte.
func (d *Decoder) Byte() byte {
	if len(d.Rest) == 0 {
		d.Fail()
		return 0
	}
	value := d.Rest[0]
	d.Rest = d.Rest[1:]
	return value
}
