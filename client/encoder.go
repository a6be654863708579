package client

import (
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/proto"

	"github.com/tranship/tranship/internal/payload"
)

// encoder encodes messages into one buffer, so that many small ones cost little. The caller must
// call messages or free.
type encoder struct {
	pool   mem.BufferPool
	buffer *[]byte
	// ends are the ends of the messages in buffer.
	ends []int
}

// newEncoder returns an encoder with room for so many bytes and messages. More may be added.
func newEncoder(pool mem.BufferPool, room, messages int) *encoder {
	buffer := pool.Get(room)
	*buffer = (*buffer)[:0]
	return &encoder{pool: pool, buffer: buffer, ends: make([]int, 0, messages)}
}

// add encodes a message. After an error, other messages can be added.
func (e *encoder) add(message proto.Message) error {
	longer, err := proto.MarshalOptions{}.MarshalAppend(*e.buffer, message)
	if err != nil {
		return errUnencodable(err)
	}
	*e.buffer, e.ends = longer, append(e.ends, len(longer))
	return nil
}

// messages returns the messages, which are of kind's type.
func (e *encoder) messages(kind proto.Message) encodedMessages {
	whole := mem.NewBuffer(e.buffer, e.pool) // which may have outgrown the pool's
	defer whole.Free()
	messages, start := make(encodedMessages, len(e.ends)), 0
	for i, end := range e.ends {
		messages[i] = payload.NewEncoded(kind, whole.Slice(start, end))
		start = end
	}
	return messages
}

// free gives the buffer back.
func (e *encoder) free() { e.pool.Put(e.buffer) }
