package lane

import (
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/status"
)

// headBytes is how many bytes of a message must have come before piecewise.Begin is called. What
// precedes the payload of a chunk has at most 40.
const headBytes = 64

// piecewise is a message that may be received in pieces: a *payload.Message.
type piecewise interface {
	// Begin decodes head, the first bytes of a message of length bytes, and returns where its
	// payload begins. ok is false if the message must be received as a whole.
	Begin(head []byte, length int) (start int, ok bool)
	// NextBytes returns how many bytes Add takes next; 0 if the message has no more.
	NextBytes() int
	// Add takes the next bytes, and frees them.
	Add(next mem.Buffer)
}

// readMessage is read for a message, which may arrive in pieces if pieces is not nil.
func (c *Conn) readMessage(pieces piecewise) (frame, error) {
	if pieces != nil {
		c.reader.begin = pieces.Begin
		defer func() { c.reader.begin = nil }()
	}
	return c.read()
}

// receivePiece receives the next piece of a message. The caller must hold reading.
func (s *ServerStream) receivePiece(message piecewise) error {
	r := &s.conn.reader
	length := message.NextBytes()
	if length > r.left {
		return status.Error(codes.Internal, "lane: another message was received before all pieces of this one")
	}
	piece, err := r.piece(length)
	if err != nil {
		return s.failed(err)
	}
	message.Add(piece)
	return nil
}

// beginPieces begins to read a large message in pieces, if that is allowed.
func (r *reader) beginPieces() (inPieces bool, err error) {
	if r.begin == nil || r.drop || r.kind != kindMessage || r.length < bulkBytes || r.body != nil {
		return false, nil
	}
	for r.w-r.r < headBytes {
		if len(*r.buffer)-r.r < headBytes {
			r.w = copy(*r.buffer, (*r.buffer)[r.r:r.w])
			r.r = 0
		}
		if err := r.fill(); err != nil {
			return false, err
		}
	}
	start, ok := r.begin((*r.buffer)[r.r:r.w][:headBytes], r.length)
	if !ok {
		return false, nil
	}
	r.r += start
	r.left = r.length - start
	r.begun = false
	return true, nil
}

// piece reads the next length bytes of a message in pieces. When it fails because of a
// deadline, the next call continues where it was.
func (r *reader) piece(length int) (mem.Buffer, error) {
	if r.body == nil {
		r.body = r.pool.Get(length)
	}
	for r.arrived < len(*r.body) {
		if err := r.more(); err != nil {
			return nil, err
		}
	}
	read := mem.NewBuffer(r.body, r.pool)
	r.left -= r.arrived
	r.body, r.arrived = nil, 0
	return read, nil
}

// dropPieces drops what is left of a message in pieces.
func (r *reader) dropPieces() error {
	if r.body != nil {
		r.left -= r.arrived
		r.pool.Put(r.body)
		r.body, r.arrived = nil, 0
	}
	if r.left > 0 {
		r.bulk = false // what is dropped may be read into the buffer
	}
	return r.dropLeft()
}
