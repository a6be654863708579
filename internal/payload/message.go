// Package payload sends and receives protobuf messages whose bytes, the payload, are
// not copied. A Message is a generated message beside the payload that belongs into
// one of its fields; Codec writes and reads both as the same bytes that the generated
// code would write and read, so that the other side cannot tell.
//
// A Message also works with gRPC's own codec, on a server or connection that is not
// ours to configure. Then the payload is copied.
package payload

import (
	"errors"

	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/tranship/tranship"
)

// Place says which field of a kind of message the payload belongs into: the field
// Data, which has bytes, of the message that the field Outer has; or, if Outer is 0,
// of the message itself, where it is then to be the only field.
type Place struct {
	Outer, Data protowire.Number
}

// Message is a generated message and its payload.
type Message struct {
	// Proto has all but the payload.
	Proto proto.Message
	// Data is the payload. Of a message that was received, it is to be freed.
	Data mem.BufferSlice

	places []Place
	// malformed is why a message that was received is none.
	malformed error
}

// New returns a message of which the payload has one of places, for which Proto has
// room.
func New(message proto.Message, places ...Place) *Message {
	return &Message{Proto: message, places: places}
}

// MalformedError is what Receive fails with when a message cannot be decoded.
type MalformedError struct{ Err error }

// Error implements error.
func (e *MalformedError) Error() string { return e.Err.Error() }

// Unwrap is the decoder's error.
func (e *MalformedError) Unwrap() error { return e.Err }

// Receiver and Sender are what messages need of a stream, at either end.
type (
	Receiver interface{ RecvMsg(message any) error }
	Sender   interface{ SendMsg(message any) error }
)

// Receive receives the next message of a stream. The error is the stream's, or a
// *MalformedError, for which the caller has to find the status: gRPC would say INTERNAL.
func (m *Message) Receive(stream Receiver) error {
	m.Data, m.malformed = nil, nil
	if err := stream.RecvMsg(m); err != nil {
		return err
	}
	if m.malformed != nil {
		return &MalformedError{m.malformed}
	}
	return nil
}

// Send sends the message, and gives its payload away.
func (m *Message) Send(stream Sender) error {
	// What the codec has not taken is to be freed: gRPC's own has copied it.
	defer m.Free()
	return stream.SendMsg(m)
}

// Chunk takes the payload out of a message that was received, with the checksum crc.
func (m *Message) Chunk(crc uint32) tranship.Chunk {
	data := m.Data
	m.Data = nil
	return tranship.NewChunk(pieces(data), crc, data.Free)
}

// Next takes up to most bytes off the front of the payload of a message that was
// received, as a chunk of their own.
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

// Len is the length of the payload in bytes.
func (m *Message) Len() int { return m.Data.Len() }

// Bytes is the payload in one piece, which is good until it is freed.
func (m *Message) Bytes() []byte {
	if len(m.Data) == 1 {
		return m.Data[0].ReadOnlyData()
	}
	return m.Data.Materialize()
}

// Sum is the CRC32C of the payload.
func (m *Message) Sum() uint32 { return tranship.PiecesCRC32C(pieces(m.Data)) }

// Free lets go of the payload of a message that was received.
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

// SetChunk makes a chunk the payload. The message releases it when it has been sent;
// one that was never sent, if Free is called.
func (m *Message) SetChunk(c tranship.Chunk) {
	m.Data = m.Data[:0]
	owner := &owner{chunk: c}
	owner.refs.Store(1)
	for i := range c.Pieces {
		piece := c.Pieces[i]
		if mem.IsBelowBufferPoolingThreshold(cap(piece)) {
			// Of such ones gRPC does not say when it needs them no more.
			m.Data = append(m.Data, mem.SliceBuffer(append([]byte(nil), piece...)))
			continue
		}
		owner.refs.Add(1)
		m.Data = append(m.Data, mem.NewBuffer(&piece, owner))
	}
	owner.done()
}

var errNoPlace = errors.New("payload: the message has no place for a payload")
