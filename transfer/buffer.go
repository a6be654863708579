package transfer

import (
	"errors"
	"io"
	"sync/atomic"

	"github.com/tranship/tranship"
)

const (
	// bufferBytes is what is read at once.
	bufferBytes = 256 << 10
	// readChunks is the number of chunks of one reading that reads ahead: one is being filled,
	// one is being written, and the others wait in between.
	readChunks = 4
	// chunkBuffers is the number of buffers that one chunk has at most.
	chunkBuffers = 4
)

// buffers keeps the buffers of a whole copy for reuse. It is safe for concurrent use.
type buffers struct {
	free chan []byte
	// live counts the buffers in use now, and most the largest number that ever were.
	live, most atomic.Int64
}

// newBuffers returns buffers of which at most n are kept for reuse.
func newBuffers(n int) *buffers { return &buffers{free: make(chan []byte, n)} }

func (b *buffers) acquire() []byte {
	live := b.live.Add(1)
	for most := b.most.Load(); live > most && !b.most.CompareAndSwap(most, live); most = b.most.Load() {
	}
	select {
	case buffer := <-b.free:
		return buffer
	default:
		return make([]byte, bufferBytes)
	}
}

func (b *buffers) release(buffer []byte) {
	b.live.Add(-1)
	select {
	case b.free <- buffer:
	default:
	}
}

// readFull is io.ReadFull, except that it returns the reader's own error: a
// source of unknown size that is cut off (io.ErrUnexpectedEOF) must not look like
// one that has ended.
func readFull(r io.Reader, buffer []byte) (n int, err error) {
	for n < len(buffer) && err == nil {
		var m int
		m, err = r.Read(buffer[n:])
		n += m
	}
	return n, err
}

// sum reads r to its end, and returns the number of bytes and their checksum. It calls
// moved with each piece, and stops when moved fails.
func (b *buffers) sum(r io.Reader, moved func([]byte) error) (size int64, crc uint32, err error) {
	buffer := b.acquire()
	defer b.release(buffer)
	for {
		n, err := readFull(r, buffer)
		crc = tranship.UpdateCRC32C(crc, buffer[:n])
		size += int64(n)
		if err := moved(buffer[:n]); err != nil {
			return size, crc, err
		}
		if errors.Is(err, io.EOF) {
			return size, crc, nil
		}
		if err != nil {
			return size, crc, err
		}
	}
}
