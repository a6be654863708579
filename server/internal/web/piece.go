package web

import (
	"errors"
	"io"
	"sync/atomic"
	"time"

	"github.com/tranship/tranship/internal/bufferpool"
)

const (
	// pieceBytes is how many bytes are read, checked and passed on at once.
	pieceBytes = 256 << 10
	// largePieceBytes is how many they are of a body that comes fast and in plaintext. Fewer calls
	// then wait for the client, and wake it; see docs/design/performance.md.
	largePieceBytes = 1 << 20
	// largePieces is how many large pieces a Service has at most at one time, so that all of them take
	// 3 MiB more than what the Door has counted for their requests.
	largePieces = 4
	// fastBytes is how many bytes a second have to come for a large piece. A client that sends fewer would
	// hold one for long, and not be served faster.
	fastBytes = 16 << 20
)

// pieces has the buffers of a Service. The zero value is ready to use. It is safe for concurrent use.
type pieces struct {
	buffers bufferpool.Pool
	// large is how many large pieces are in use.
	large atomic.Int32
}

// get returns a buffer of length bytes, or of pieceBytes if there is no large piece left. The caller
// gives it back with release, once.
func (p *pieces) get(length int) (buffer []byte, release func()) {
	large := length > pieceBytes
	if large && p.large.Add(1) > largePieces {
		p.large.Add(-1)
		length, large = pieceBytes, false
	}
	pooled := p.buffers.Get(length)
	return *pooled, func() {
		p.buffers.Put(pooled)
		if large {
			p.large.Add(-1)
		}
	}
}

// receiver receives the body of a request in pieces. One goroutine uses it.
type receiver struct {
	body   io.Reader
	pieces *pieces
	// size is how many bytes the body has; nil if that is not known.
	size *int64
	// small: no piece is large, because the body comes in records of TLS.
	small bool
	// received is how many bytes have come, and fast whether the last piece came fast.
	received int64
	fast     bool
}

// next returns the next piece, and whether it is the last, which may have no bytes. The caller gives
// its memory back with release, once, unless next fails.
func (r *receiver) next() (data []byte, release func(), last bool, err error) {
	buffer, release := r.pieces.get(r.length())
	begun := time.Now()
	n, err := io.ReadFull(r.body, buffer)
	r.fast = time.Since(begun) <= time.Duration(n)*time.Second/fastBytes
	r.received += int64(n)
	last = errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
	if last && r.size != nil && r.received < *r.size {
		err, last = io.ErrUnexpectedEOF, false
	}
	if err != nil && !last {
		release()
		return nil, nil, false, broken(err)
	}
	return buffer[:n], release, last, nil
}

// length returns how long the next piece should be. A large one ends at a multiple of its length, as
// the parts of an upload do, so that no store has to split it.
func (r *receiver) length() int {
	length := int64(pieceBytes)
	if r.fast && !r.small {
		length = largePieceBytes - r.received%largePieceBytes
	}
	if r.size != nil {
		length = min(length, max(*r.size-r.received, 1))
	}
	return int(length)
}
