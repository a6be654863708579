package tranship

import (
	"io"
	"sync/atomic"
)

// Chunk is a run of bytes that is passed by reference, from a file to a connection or
// from a connection to a file, without a copy. It has the bytes in the pieces in which
// they arrived, and the checksum that was computed when they arrived.
//
// A chunk has one owner at a time. The owner may read the pieces until it calls Release,
// and must call Release exactly once. A method or function that takes a chunk becomes its
// owner, whether it succeeds or not: the caller must not use the chunk after the call. A
// chunk that a method returns belongs to the caller. The owner must not change the pieces,
// nor keep them after Release, when their memory is used for other bytes.
//
// One goroutine may pass a chunk to another, but a chunk is not safe for concurrent use.
// The zero value has no bytes and need not be released.
type Chunk struct {
	// Pieces are the bytes, in order. A piece may be empty.
	Pieces [][]byte
	// CRC32C is the checksum of all pieces, one after the other.
	CRC32C uint32

	release func()
}

// NewChunk returns a chunk of pieces whose checksum, as PiecesCRC32C computes it, is crc.
// release is called once, when the chunk and all chunks that Split made of it have been
// released: the memory of the pieces may then be reused. It is called from an arbitrary
// goroutine and must not block. It may be nil.
func NewChunk(pieces [][]byte, crc uint32, release func()) Chunk {
	return Chunk{Pieces: pieces, CRC32C: crc, release: release}
}

// Len returns the number of bytes in the chunk.
func (c Chunk) Len() int {
	n := 0
	for _, piece := range c.Pieces {
		n += len(piece)
	}
	return n
}

// Release gives the memory of the chunk back to its origin. The chunk must not be used
// afterwards.
func (c Chunk) Release() {
	if c.release != nil {
		c.release()
	}
}

// Split cuts a chunk after n bytes; n must be from 0 to Len. It becomes the owner of the
// chunk. The caller must release both halves, which may be done in any order and by
// different goroutines. Split computes the checksums of both halves, in time linear in
// their length.
func (c Chunk) Split(n int) (head, tail Chunk) {
	var left atomic.Int32
	left.Store(2)
	release := func() {
		if left.Add(-1) == 0 {
			c.Release()
		}
	}
	rest := n
	for i, piece := range c.Pieces {
		if rest <= len(piece) {
			head.Pieces = append(c.Pieces[:i:i], piece[:rest:rest])
			tail.Pieces = append([][]byte{piece[rest:]}, c.Pieces[i+1:]...)
			break
		}
		rest -= len(piece)
	}
	return NewChunk(head.Pieces, PiecesCRC32C(head.Pieces), release), NewChunk(tail.Pieces, PiecesCRC32C(tail.Pieces), release)
}

// PiecesCRC32C returns the checksum of pieces, one after the other.
func PiecesCRC32C(pieces [][]byte) (crc uint32) {
	for _, piece := range pieces {
		crc = UpdateCRC32C(crc, piece)
	}
	return crc
}

// ChunkWriter is an ability of a PartWriter, or of another io.Writer: it takes chunks
// without copying them.
type ChunkWriter interface {
	// WriteChunk writes a whole chunk or fails, as Write does. It becomes the chunk's
	// owner in either case, and releases it when it no longer needs the bytes, which may
	// be after it has returned. It need not compute the checksum of the bytes again: it
	// may store the chunk's own, so that a later reader notices bytes that were changed on
	// the way. Like Write, it is not safe for concurrent use.
	WriteChunk(chunk Chunk) error
}

// WriteChunk writes a chunk to w: with its ChunkWriter if it has one, and otherwise with
// a Write for each piece. It becomes the chunk's owner, whether it succeeds or not.
func WriteChunk(w io.Writer, c Chunk) error {
	if w, ok := As[ChunkWriter](w); ok {
		return w.WriteChunk(c)
	}
	defer c.Release()
	for _, piece := range c.Pieces {
		if _, err := w.Write(piece); err != nil {
			return err
		}
	}
	return nil
}

// ChunkReader is an ability of a Content: it returns its bytes in chunks, without copying
// them.
type ChunkReader interface {
	// ReadChunk returns either the next bytes, at least one, or an error such as Read
	// returns, io.EOF included. The caller becomes the owner of the chunk, which stays
	// valid after the content is closed. Its checksum is that of the bytes as they were
	// read. Read and ReadChunk share one offset. Like Read, ReadChunk is not safe for
	// concurrent use.
	ReadChunk() (Chunk, error)
}
