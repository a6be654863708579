package payload

import (
	"cmp"
	"encoding/binary"
	"io"
	"slices"

	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// maxField bounds a field other than the payload that is decoded in place.
const maxField = 64 << 10

// maxScratch bounds the memory that a message keeps for decoding another one, in bytes.
const maxScratch = 4 << 10

// decode decodes a message, and keeps references to the payload in data. A message in the
// form that our own and generated code write is decoded in place. Other encodings of the
// same message are decoded as a whole.
func (m *Message) decode(data mem.BufferSlice, maxFields int) {
	if m.Quick != nil && len(data) == 1 && m.decodeQuickly(data[0]) {
		return
	}
	if len(data) == 1 && !m.mayHavePayload(data[0].ReadOnlyData()) {
		m.malformed = m.decodeWhole(data, maxFields)
		return
	}
	s := scanner{reader: data.Reader(), total: data.Len(), scratch: m.scratch[:0]}
	rest, ok := s.scan(m.places)
	if cap(s.scratch) <= maxScratch {
		m.scratch = s.scratch
	}
	if !ok {
		_ = s.reader.Close()
		if m.malformed = m.decodeWhole(data, maxFields); m.malformed == nil {
			m.envelope = data.Len() - m.Data.Len()
		}
		return
	}
	_ = s.reader.Close() // it has its own references
	if m.malformed = m.decodeProto(rest, maxFields); m.malformed == nil {
		m.Data, m.envelope = slice(data, s.start, s.length), len(rest)
	}
}

// decodeQuickly decodes a message with Quick, and reports whether that could.
func (m *Message) decodeQuickly(data mem.Buffer) bool {
	start, end, ok := m.Quick(data.ReadOnlyData())
	if ok {
		m.envelope = data.Len() - (end - start)
	}
	if ok && end > start {
		m.Data = mem.BufferSlice{data.Slice(start, end)}
	}
	return ok
}

// mayHavePayload reports whether a message begins with a field that has a payload. One that does not
// has no payload in the form that is decoded in place.
func (m *Message) mayHavePayload(encoded []byte) bool {
	number, _, _ := protowire.ConsumeTag(encoded)
	return slices.ContainsFunc(m.places, func(place Place) bool {
		return number == cmp.Or(place.Outer, place.Data)
	})
}

// decodeWhole decodes the message, and takes the payload out of it.
func (m *Message) decodeWhole(data mem.BufferSlice, maxFields int) error {
	var encoded []byte
	if len(data) == 1 {
		encoded = data[0].ReadOnlyData()
	} else {
		encoded = data.Materialize()
	}
	if err := m.decodeProto(encoded, maxFields); err != nil {
		return err
	}
	for _, place := range m.places {
		message := m.Proto.ProtoReflect()
		if place.Outer != 0 {
			outer := message.Descriptor().Fields().ByNumber(place.Outer)
			if !message.Has(outer) {
				continue
			}
			message = message.Mutable(outer).Message()
		}
		field := message.Descriptor().Fields().ByNumber(place.Data)
		if message.Has(field) {
			m.Data = mem.BufferSlice{mem.SliceBuffer(message.Get(field).Bytes())}
			message.Set(field, protoreflect.ValueOfBytes([]byte{}))
		}
	}
	return nil
}

// decodeProto decodes a message that has at most maxFields fields; 0 means unlimited.
func (m *Message) decodeProto(encoded []byte, maxFields int) error {
	if maxFields > 0 {
		if err := checkFields(encoded, m.Proto.ProtoReflect().Descriptor(), maxFields); err != nil {
			return err
		}
	}
	return proto.Unmarshal(encoded, m.Proto)
}

// scanner finds the payload in an encoded message.
type scanner struct {
	reader *mem.Reader
	total  int
	// start and length are the payload's.
	start, length int
	found         bool
	// scratch has the message without its payload.
	scratch []byte
}

// scan returns the message without its payload. ok is false if the message does not have
// the usual form.
func (s *scanner) scan(places []Place) (rest []byte, ok bool) {
	number, kind, ok := s.tag()
	if !ok || kind != protowire.BytesType {
		return nil, false
	}
	length, ok := s.size()
	if !ok || length != s.reader.Remaining() { // there is more than one field
		return nil, false
	}
	for _, place := range places {
		switch {
		case place.Outer == 0 && place.Data == number:
			s.start, s.length = s.total-length, length
			return appendLength(nil, number, 0), true
		case place.Outer == number:
			body, ok := s.fields(place.Data)
			if !ok || !s.found {
				return nil, false
			}
			start := len(body)
			s.scratch = append(appendLength(body, number, start), body...)
			return s.scratch[start:], true
		}
	}
	return nil, false
}

// fields copies all fields to the end, the payload's without its bytes.
func (s *scanner) fields(payload protowire.Number) (body []byte, ok bool) {
	body = s.scratch
	for s.reader.Remaining() > 0 {
		number, kind, ok := s.tag()
		if !ok {
			return nil, false
		}
		body = protowire.AppendTag(body, number, kind)
		length := 0
		switch kind {
		case protowire.VarintType:
			value, err := binary.ReadUvarint(s.reader)
			if err != nil {
				return nil, false
			}
			body = protowire.AppendVarint(body, value)
		case protowire.Fixed32Type:
			length = 4
		case protowire.Fixed64Type:
			length = 8
		case protowire.BytesType:
			if length, ok = s.size(); !ok {
				return nil, false
			}
			if number == payload {
				if s.found {
					return nil, false
				}
				s.found, s.start, s.length = true, s.total-s.reader.Remaining(), length
				if _, err := s.reader.Discard(length); err != nil {
					return nil, false
				}
				length = 0
			}
			body = protowire.AppendVarint(body, uint64(length))
		default:
			return nil, false
		}
		if body, ok = s.copy(body, length); !ok {
			return nil, false
		}
	}
	return body, true
}

func (s *scanner) copy(body []byte, length int) ([]byte, bool) {
	if length > min(maxField, s.reader.Remaining()) {
		return nil, false
	}
	end := len(body)
	body = append(body, make([]byte, length)...)
	_, err := io.ReadFull(s.reader, body[end:])
	return body, err == nil
}

func (s *scanner) tag() (protowire.Number, protowire.Type, bool) {
	tag, err := binary.ReadUvarint(s.reader)
	if err != nil {
		return 0, 0, false
	}
	number, kind := protowire.DecodeTag(tag)
	return number, kind, number.IsValid()
}

// size reads the length of a field. ok is false if fewer bytes follow.
func (s *scanner) size() (int, bool) {
	length, err := binary.ReadUvarint(s.reader)
	return int(length), err == nil && length <= uint64(s.reader.Remaining())
}

// slice returns references to length bytes of data from start.
func slice(data mem.BufferSlice, start, length int) mem.BufferSlice {
	var found mem.BufferSlice
	for _, buffer := range data {
		if length == 0 {
			break
		}
		if n := buffer.Len(); start >= n {
			start -= n
			continue
		}
		n := min(length, buffer.Len()-start)
		found = append(found, buffer.Slice(start, start+n))
		start, length = 0, length-n
	}
	return found
}
