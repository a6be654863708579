package payload

import (
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
)

// encode encodes the message around its payload.
func (m *Message) encode() (mem.BufferSlice, error) {
	rest, err := proto.Marshal(m.Proto)
	if err != nil {
		return nil, err
	}
	length := m.Data.Len()
	if length == 0 {
		return mem.BufferSlice{mem.SliceBuffer(rest)}, nil
	}
	head, tail, err := m.around(rest, length)
	if err != nil {
		return nil, err
	}
	encoded := make(mem.BufferSlice, 0, len(m.Data)+2)
	encoded = append(encoded, mem.SliceBuffer(head))
	encoded = append(encoded, m.Data...)
	if len(tail) > 0 {
		encoded = append(encoded, mem.SliceBuffer(tail))
	}
	return encoded, nil
}

// around returns the encoding before and after a payload of length bytes. rest is the
// encoded message without the payload. Generated code writes fields in ascending order of
// their numbers.
func (m *Message) around(rest []byte, length int) (head, tail []byte, err error) {
	outer, kind, n := protowire.ConsumeTag(rest)
	for _, place := range m.places {
		switch {
		case place.Outer == 0:
			// rest has no field, or only the payload's own without bytes.
			if n > 0 && (outer != place.Data || len(rest) != n+1) {
				return nil, nil, errNoPlace
			}
			return appendLength(nil, place.Data, length), nil, nil
		case n > 0 && outer == place.Outer && kind == protowire.BytesType:
			body, m := protowire.ConsumeBytes(rest[n:])
			if m < 0 || n+m != len(rest) {
				return nil, nil, errNoPlace
			}
			before, after := split(body, place.Data)
			field := appendLength(nil, place.Data, length)
			head = appendLength(make([]byte, 0, len(rest)+16), outer, len(before)+len(field)+length+len(after))
			head = append(append(head, before...), field...)
			return head, after, nil
		}
	}
	return nil, nil, errNoPlace
}

// appendLength appends the tag and length of a field of length bytes.
func appendLength(b []byte, field protowire.Number, length int) []byte {
	b = protowire.AppendTag(b, field, protowire.BytesType)
	return protowire.AppendVarint(b, uint64(length))
}

// split cuts the fields of a message at the position of a field of that number.
func split(body []byte, field protowire.Number) (before, after []byte) {
	for end := 0; end < len(body); {
		number, _, n := protowire.ConsumeField(body[end:])
		if n < 0 || number > field {
			return body[:end], body[end:]
		}
		end += n
	}
	return body, nil
}
