// Package payload sends and receives protobuf messages whose bytes, the payload, are not
// copied. A Message is a generated message and the payload that belongs into one of its
// fields. Codec encodes both as the same bytes that the generated code would, so that the
// other side cannot tell the difference.
//
// A Message also works with gRPC's own codec, on a server or connection that this module
// does not configure. The payload is copied then.
package payload

import (
	"errors"

	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/tranship/tranship"
)

// Place identifies the field of a message that holds the payload. If Outer is 0, it is
// the bytes field Data of the message itself, which must have no other field set.
// Otherwise it is the bytes field Data of the nested message in the field Outer.
type Place struct {
	Outer, Data protowire.Number
}

// Message is a generated message and its payload.
type Message struct {
	// Proto is the message without the payload.
	Proto proto.Message
	// Data is the payload. In a received message, the caller must free it.
	Data mem.BufferSlice

	// Quick decodes an encoded message in place of generated code, and may use the memory of the
	// message before. The payload is encoded[start:end]. If ok is false, generated code decodes the
	// message. It may be nil.
	Quick func(encoded []byte) (start, end int, ok bool)

	places []Place
	// malformed is why a received message cannot be decoded; nil if it can.
	malformed error
	// envelope is the size of a received message without its payload, in bytes; 0 if Codec has
	// not decoded it.
	envelope int
	// scratch is memory that decoding the next message uses again.
	scratch []byte
	// pieces is the place of a payload that may arrive in pieces, of pieceBytes at most; zero means that
	// none may. left is how many bytes of the payload have not arrived, and tail how many follow it.
	pieces     Place
	pieceBytes int
	left, tail int
}

// New returns a message whose payload may be at one of places. Proto must have the fields
// for it.
func New(message proto.Message, places ...Place) *Message {
	return &Message{Proto: message, places: places}
}

// MalformedError is the error of Receive for a message that cannot be decoded.
type MalformedError struct{ Err error }

// Error implements error.
func (e *MalformedError) Error() string { return e.Err.Error() }

// Unwrap returns the decoder's error.
func (e *MalformedError) Unwrap() error { return e.Err }

// Receiver and Sender are the methods of a stream, at either end, that messages need.
type (
	Receiver interface{ RecvMsg(message any) error }
	Sender   interface{ SendMsg(message any) error }
)

// Receive receives the next message of a stream, in place of an earlier one. The error is the
// stream's, or a *MalformedError. The caller must give that a status, because gRPC would use
// INTERNAL.
func (m *Message) Receive(stream Receiver) error {
	m.Data, m.malformed, m.envelope, m.left = nil, nil, 0, 0
	if err := stream.RecvMsg(m); err != nil {
		return err
	}
	if m.malformed != nil {
		return &MalformedError{m.malformed}
	}
	return nil
}

// Send sends the message and frees its payload.
func (m *Message) Send(stream Sender) error {
	// Codec has taken the payload; gRPC's own codec has copied it.
	defer m.Free()
	return stream.SendMsg(m)
}

// Chunk takes the payload out of a received message, as a chunk with the checksum crc.
func (m *Message) Chunk(crc uint32) tranship.Chunk {
	data := m.Data
	m.Data = nil
	return tranship.NewChunk(pieces(data), crc, data.Free)
}

// Next takes up to most bytes off the front of the payload of a received message, as a
// separate chunk.
func (m *Message) Next(most int) tranship.Chunk {
	var head mem.BufferSlice
	for len(m.Data) > 0 && most > 0 {
		first := m.Data[0]
		if n := first.Len(); n <= most {
			head, m.Data = append(head, first), m.Data[1:]
			most -= n
			continue
		}
		head = append(head, first.Slice(0, most))
		m.Data[0] = first.Slice(most, first.Len())
		first.Free()
		break
	}
	all := pieces(head)
	return tranship.NewChunk(all, tranship.PiecesCRC32C(all), head.Free)
}

// Reuse makes m, into which no message was received yet, use memory of an earlier message for
// decoding. The goroutine that received that message must call it.
func (m *Message) Reuse(earlier *Message) { m.scratch, earlier.scratch = earlier.scratch, nil }

// Envelope returns the size of a received message without its payload, in bytes.
func (m *Message) Envelope() int {
	if m.envelope > 0 {
		return m.envelope
	}
	return proto.Size(m.Proto)
}

// Len returns the length of the payload in bytes.
func (m *Message) Len() int { return m.Data.Len() }

// Bytes returns the payload in one piece, which is valid until it is freed.
func (m *Message) Bytes() []byte {
	if len(m.Data) == 1 {
		return m.Data[0].ReadOnlyData()
	}
	return m.Data.Materialize()
}

// Sum returns the CRC32C of the payload.
func (m *Message) Sum() uint32 { return tranship.PiecesCRC32C(pieces(m.Data)) }

// Free releases the payload.
func (m *Message) Free() {
	m.Data.Free()
	m.Data = nil
}

func pieces(data mem.BufferSlice) [][]byte {
	all := make([][]byte, len(data))
	for i, buffer := range data {
		all[i] = buffer.ReadOnlyData()
	}
	return all
}

// SetChunk makes a chunk the payload. The message releases the chunk when it has been
// sent. A message that is never sent releases it when Free is called.
func (m *Message) SetChunk(c tranship.Chunk) {
	m.Data = m.Data[:0]
	owner := &owner{chunk: c}
	owner.refs.Store(1)
	for i := range c.Pieces {
		piece := c.Pieces[i]
		if mem.IsBelowBufferPoolingThreshold(cap(piece)) {
			// gRPC does not report when it no longer needs buffers this small.
			m.Data = append(m.Data, mem.SliceBuffer(append([]byte(nil), piece...)))
			continue
		}
		owner.refs.Add(1)
		m.Data = append(m.Data, mem.NewBuffer(&piece, owner))
	}
	owner.done()
}

var errNoPlace = errors.New("payload: the message has no place for a payload")
