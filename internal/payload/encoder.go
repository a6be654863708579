package payload

import (
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/proto"
)

// Encoder encodes messages into one buffer, so that many small ones cost little. The caller must
// call Messages or Free. It is not safe for concurrent use.
type Encoder struct {
	pool   mem.BufferPool
	buffer *[]byte
	ends   []encodedEnd
}

// encodedEnd is the end of a message in the buffer, and how much payload the message has.
type encodedEnd struct{ end, payload int }

// NewEncoder returns an encoder with room for so many bytes and messages. More may be added.
func NewEncoder(pool mem.BufferPool, room, messages int) *Encoder {
	buffer := pool.Get(room)
	*buffer = (*buffer)[:0]
	return &Encoder{pool: pool, buffer: buffer, ends: make([]encodedEnd, 0, messages)}
}

// Add encodes a message, of which payload bytes are content of a file. After an error, other
// messages can be added.
func (e *Encoder) Add(message proto.Message, payload int) error {
	longer, err := proto.MarshalOptions{}.MarshalAppend(*e.buffer, message)
	if err != nil {
		return err
	}
	e.Added(longer, payload)
	return nil
}

// Buffer returns the messages so far. The caller may append another one, and pass the result to Added.
func (e *Encoder) Buffer() []byte { return *e.buffer }

// Added adds a message that was appended to Buffer, of which payload bytes are content of a file.
func (e *Encoder) Added(longer []byte, payload int) {
	*e.buffer, e.ends = longer, append(e.ends, encodedEnd{len(longer), payload})
}

// Messages returns the messages, which are of kind's type.
func (e *Encoder) Messages(kind proto.Message) EncodedMessages {
	whole := mem.NewBuffer(e.buffer, e.pool) // which may have outgrown the pool's
	defer whole.Free()
	messages, start := make(EncodedMessages, len(e.ends)), 0
	for i, at := range e.ends {
		messages[i] = NewEncoded(kind, whole.Slice(start, at.end))
		messages[i].payload = at.payload
		start = at.end
	}
	return messages
}

// Free gives the buffer back.
func (e *Encoder) Free() { e.pool.Put(e.buffer) }

// EncodedMessages are messages that are sent one after the other. Send or Free must be called.
type EncodedMessages []Encoded

// Send sends all messages. What it does not send because of an error, it frees.
func (m EncodedMessages) Send(stream Sender) error {
	for i := range m {
		if err := m[i].Send(stream); err != nil {
			m.Free()
			return err
		}
	}
	return nil
}

// Size returns how many bytes the messages have.
func (m EncodedMessages) Size() int {
	size := 0
	for i := range m {
		size += m[i].data[0].Len()
	}
	return size
}

// Free releases what will not be sent.
func (m EncodedMessages) Free() {
	for i := range m {
		m[i].Free()
	}
}
