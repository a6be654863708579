package lane

import (
	"encoding/binary"
	"io"
	"net"

	"google.golang.org/grpc/mem"
)

const (
	// firstBuffer is the size of the buffer of a lane before the first message of a call, and
	// fullBuffer the size after it, in bytes. fullBuffer has room for about 15 files of 4 KiB.
	firstBuffer = 4 << 10
	fullBuffer  = 64 << 10
	// bulkBytes is the least size of a large message, in bytes. Large messages are neither
	// copied when they are read nor when they are written.
	bulkBytes = 64 << 10
	// smallBytes is the largest payload for which a buffer is allocated, in bytes: package mem
	// does not give smaller ones back to a pool.
	smallBytes = 1 << 10
	// bulkFill is how much is read at once to find the header of a frame after a large
	// message, in bytes: another large message is then hardly copied.
	bulkFill = 512
)

// frame is a frame that was read. The receiver of a message must free body.
type frame struct {
	kind kind
	// length is that of the payload. If the payload was dropped, body is empty.
	length int
	body   mem.Buffer
	// inPieces means that the frame is a message whose payload piece reads. body is nil.
	inPieces bool
}

// reader reads frames. When reading fails because of a deadline, the next call of next
// continues where it was. It belongs to one goroutine at a time.
type reader struct {
	conn    net.Conn
	pool    mem.BufferPool
	check   func(k kind, length int) error
	buffer  *[]byte
	r, w    int  // buffer[r:w] has come, and was not read
	bulk    bool // the last message was large
	begun   bool // the header of a frame was read
	kind    kind
	body    *[]byte
	arrived int // how many bytes of body have come
	// drop means that messages are read without keeping their payload. left is how many bytes of a
	// message that is dropped, or read in pieces, have not come. length is that of the payload of
	// the frame.
	drop         bool
	left, length int
	// begin is piecewise.Begin of the message that next reads; nil if it must be read as a whole.
	begin func(head []byte, length int) (start int, ok bool)
}

// next reads a frame.
func (r *reader) next() (frame, error) {
	if !r.begun {
		if err := r.dropPieces(); err != nil {
			return frame{}, err
		}
		if err := r.header(); err != nil {
			return frame{}, err
		}
	}
	if inPieces, err := r.beginPieces(); inPieces || err != nil {
		return frame{kind: kindMessage, length: r.length, inPieces: inPieces}, err
	}
	if err := r.dropLeft(); err != nil {
		return frame{}, err
	}
	if r.body == nil {
		r.makeBody()
	}
	for r.arrived < len(*r.body) {
		if err := r.more(); err != nil {
			return frame{}, err
		}
	}
	read := frame{kind: r.kind, length: r.length, body: mem.NewBuffer(r.body, r.pool)}
	r.begun, r.body, r.arrived = false, nil, 0
	return read, nil
}

// awaitFirst waits for the first byte of a frame.
func (r *reader) awaitFirst() error {
	if r.begun || r.r < r.w {
		return nil
	}
	return r.fill()
}

// header reads the header of a frame.
func (r *reader) header() error {
	for r.w-r.r < frameBytes {
		if err := r.fill(); err != nil {
			return err
		}
	}
	header := (*r.buffer)[r.r:]
	k, length := kind(header[0]), binary.BigEndian.Uint32(header[1:])
	if length > 1<<30 {
		return breach("a frame of kind %d has %d bytes", k, length)
	}
	if err := r.check(k, int(length)); err != nil {
		return err
	}
	r.r += frameBytes
	r.begun, r.kind, r.length = true, k, int(length)
	if k == kindMessage {
		if r.drop {
			r.left = int(length)
		}
		r.bulk = length >= bulkBytes && !r.drop
	}
	return nil
}

// makeBody makes room for the payload of a frame, unless that was dropped.
func (r *reader) makeBody() {
	length := r.length
	if r.kind == kindMessage && r.drop {
		length = 0
	}
	if length <= smallBytes {
		r.body = new(make([]byte, length))
	} else {
		r.body = r.pool.Get(length)
	}
}

// dropLeft drops what is left of the payload of a message.
func (r *reader) dropLeft() error {
	for r.left > 0 {
		if err := r.dropMore(); err != nil {
			return err
		}
	}
	return nil
}

// dropMore reads more of the payload of a message, and drops it.
func (r *reader) dropMore() error {
	if r.r == r.w {
		return r.fill()
	}
	n := min(r.left, r.w-r.r)
	r.r += n
	r.left -= n
	return nil
}

// more reads more of the payload.
func (r *reader) more() error {
	rest := (*r.body)[r.arrived:]
	switch {
	case r.r < r.w:
		n := copy(rest, (*r.buffer)[r.r:r.w])
		r.r += n
		r.arrived += n
		return nil
	case r.bulk || len(rest) >= fullBuffer:
		n, err := r.conn.Read(rest)
		r.arrived += n
		return endOfConn(n, err)
	default:
		r.grow()
		return r.fill()
	}
}

// grow replaces an empty first buffer by a full one, within a message.
func (r *reader) grow() {
	if r.r == r.w && r.kind == kindMessage && len(*r.buffer) < fullBuffer {
		r.pool.Put(r.buffer)
		r.buffer = r.pool.Get(fullBuffer)
		r.r, r.w = 0, 0
	}
}

// shrink replaces an empty full buffer by a first one, so that a lane without a call has little
// memory.
func (r *reader) shrink() {
	if r.r == r.w && len(*r.buffer) == fullBuffer {
		r.pool.Put(r.buffer)
		r.buffer = r.pool.Get(firstBuffer)
		r.r, r.w = 0, 0
	}
}

// fill reads at least one byte into the buffer.
func (r *reader) fill() error {
	if r.buffer == nil {
		r.buffer = r.pool.Get(firstBuffer)
	}
	buffer := *r.buffer
	if r.r == r.w {
		r.r, r.w = 0, 0
	} else if len(buffer)-r.r < frameBytes {
		r.w = copy(buffer, buffer[r.r:r.w])
		r.r = 0
	}
	end := len(buffer)
	if r.bulk && r.body == nil {
		end = min(end, r.w+bulkFill)
	}
	n, err := r.conn.Read(buffer[r.w:end])
	r.w += n
	return endOfConn(n, err)
}

// endOfConn returns the error of a Read that has returned n bytes and err.
func endOfConn(n int, err error) error {
	if n > 0 {
		return nil // the next Read returns the error again
	}
	if err == nil {
		return io.ErrNoProgress
	}
	return err
}
