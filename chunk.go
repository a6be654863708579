package tranship

import (
	"io"
	"sync/atomic"
)

// Chunk is a run of bytes that is passed by reference, from a file to a connection or
// from a connection to a file, without a copy. It has the bytes in the pieces in which
// they came, and the checksum that was computed when they came.
//
// A chunk has one owner at a time. The owner may read the pieces until it calls Release,
// and must call Release exactly once. A method or function that takes a chunk becomes its
// owner, whether it succeeds or not; a caller must not use the chunk after the call. A
// chunk that a method returns is the caller's. No owner changes the pieces or keeps them
// after Release: the memory is then used for other bytes.
//
// A chunk is a value that is passed from goroutine to goroutine; it is not safe for
// concurrent use. The zero value has no bytes; it need not be released.
type Chunk struct {
	// Pieces are the bytes, in order. A piece may be empty.
	Pieces [][]byte
	// CRC32C is the checksum of all pieces together.
	CRC32C uint32

	release func()
}

// NewChunk returns a chunk of pieces with the checksum crc, which the caller has
// computed. release is called when the chunk, and all that Split made of it, have been
// released; from then on the memory of the pieces may be used again. It is called once,
// from any goroutine, and must not block. It may be nil.
func NewChunk(pieces [][]byte, crc uint32, release func()) Chunk {
	return Chunk{Pieces: pieces, CRC32C: crc, release: release}
}

// Len is the number of bytes.
func (c Chunk) Len() int {
	n := 0
	for _, piece := range c.Pieces {
		n += len(piece)
	}
	return n
}

// Release tells where the chunk came from that its bytes are no longer needed.
func (c Chunk) Release() {
	if c.release != nil {
		c.release()
	}
}

// Split cuts a chunk after n bytes, from 0 to Len. It takes the chunk; both halves must
// be released, in any order and from any goroutine. It computes the checksums of both
// halves, which takes time linear in the length.
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

// PiecesCRC32C is the checksum of pieces, one after the other.
func PiecesCRC32C(pieces [][]byte) (crc uint32) {
	for _, piece := range pieces {
		crc = UpdateCRC32C(crc, piece)
	}
	return crc
}

// ChunkWriter is an ability of a PartWriter, or of another io.Writer: it takes chunks
// without copying them.
type ChunkWriter interface {
	// WriteChunk takes all of a chunk or fails, as Write does. It becomes the chunk's
	// owner in either case, and releases it when it needs the bytes no more, perhaps
	// after it has returned. It need not compute the checksum of the bytes again: it may
	// keep the chunk's, so that a later reader notices bytes that were changed on the way.
	// Like Write, it is not safe for concurrent use.
	WriteChunk(chunk Chunk) error
}

// WriteChunk writes a chunk to w: by its ChunkWriter if it has one, otherwise piece by
// piece. It becomes the chunk's owner, whether it succeeds or not.
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

// ChunkReader is an ability of a Content: it has its bytes in chunks, so that reading
// them takes no copy.
type ChunkReader interface {
	// ReadChunk returns the next bytes, at least one, or an error as Read does, never
	// both. The chunk is the caller's, also after the content was closed. Its checksum is
	// that of the bytes. Read and ReadChunk go on from where the other has stopped. It is
	// not safe for concurrent use, as Read is not.
	ReadChunk() (Chunk, error)
}
