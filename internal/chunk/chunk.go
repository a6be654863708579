// Package chunk passes bytes on without copying them: from a file to a connection,
// from a connection to a file. A run of bytes goes from hand to hand in the pieces in
// which it came, with the checksum that whoever had it first computed while the
// bytes were hot, and goes back to its owner when the last hand releases it.
//
// Content, part writers and uploads implement the interfaces of this package beside
// those of package tranship, where copying would cost; Write falls back on io.Writer.
package chunk

import (
	"context"
	"io"
	"sync/atomic"

	"github.com/tranship/tranship"
)

// Chunk is a run of bytes in pieces. Who has it may read the pieces until it calls
// Release, and must do that once. The zero value has no bytes.
type Chunk struct {
	// Pieces are the bytes, in order. They are not to be changed.
	Pieces [][]byte
	// CRC32C is their checksum.
	CRC32C uint32

	release func()
}

// New returns a chunk of pieces with the checksum crc. release is called once all of
// it has been released, from any goroutine; it may be nil.
func New(pieces [][]byte, crc uint32, release func()) Chunk {
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

// Release gives the bytes back to their owner.
func (c Chunk) Release() {
	if c.release != nil {
		c.release()
	}
}

// Sum is the CRC32C of pieces.
func Sum(pieces [][]byte) (crc uint32) {
	for _, piece := range pieces {
		crc = tranship.UpdateCRC32C(crc, piece)
	}
	return crc
}

// Split cuts a chunk after n bytes, which it must have. Both halves are to be
// released, and the chunk not any more.
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
	return New(head.Pieces, Sum(head.Pieces), release), New(tail.Pieces, Sum(tail.Pieces), release)
}

// Writer is what takes chunks.
type Writer interface {
	// WriteChunk takes all of a chunk or fails; in either case it is the one that
	// releases it, perhaps after it has returned.
	WriteChunk(chunk Chunk) error
}

// Write writes a chunk, and lets go of it.
func Write(w io.Writer, c Chunk) error {
	if w, ok := w.(Writer); ok {
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

// Runner is a tranship.Upload that can write several parts at once, to somewhere that
// not every length of a chunk suits as well.
type Runner interface {
	// Run returns a writer for the parts from first up to end, one behind the other,
	// as Upload.Part does for one. A newer writer of any of them ends it.
	Run(ctx context.Context, first, end int) (tranship.PartWriter, error)
	// ChunkBytes is how many bytes a chunk that is written now should have, as far as
	// is known by now. Others are taken as well.
	ChunkBytes() int
}

// Wide is a store or tranship.Upload that has room for more than a few readers or
// writers at once.
type Wide interface {
	// Width is how many fill the way there, as far as is known by now. It may be
	// asked again, and may be less than there are.
	Width() int
}

// Reader is what has its bytes in chunks.
type Reader interface {
	// ReadChunk returns the next bytes, at least one, or an error, as io.Reader
	// does; never both. The chunk is the caller's to release.
	ReadChunk() (Chunk, error)
}

// Fetcher is a source that has small files as wholes, for less than it takes to open
// one.
type Fetcher interface {
	// Fetch returns a file and all its bytes, verified as those of a tranship.Content
	// are, if it has exactly size of them, at most tranship.MaxPutBytes. Otherwise the
	// file is only described, and data nil. Errors are those of tranship.Reader.Open
	// and of reading.
	Fetch(ctx context.Context, path string, size int64) (file tranship.File, data []byte, err error)
}
