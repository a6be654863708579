package transfer

import (
	"context"
	"errors"
	"io"
	"sync/atomic"

	"github.com/tranship/tranship"
)

const (
	// bufferBytes is what is read at once.
	bufferBytes = 256 << 10
	// readChunks is the number of chunks of one reading: one is being filled, one is
	// being written, and the others wait in between.
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

// reading reads a content ahead, in chunks.
type reading struct {
	buffers *buffers
	content tranship.Content
	// wanted returns the number of bytes that a chunk should have.
	wanted func() int
	stop   context.CancelFunc
	full   chan filled
	// err is what next returns when there are no more chunks.
	err error
}

// filled is a chunk that was read. The last chunk of a content comes with its error,
// which is io.EOF after a good end.
type filled struct {
	chunk tranship.Chunk
	err   error
}

// read begins to read what open opens. Its context ends with the reading, so that a
// destination that fails does not wait for a source that stalls. No chunk reaches across
// a multiple of aligned. Chunks have wanted bytes, but no more than chunkBuffers hold.
func (b *buffers) read(ctx context.Context, wanted func() int, aligned int64, open func(context.Context) (tranship.Content, error)) (*reading, error) {
	ctx, stop := context.WithCancel(ctx)
	content, err := open(ctx)
	if err != nil {
		stop()
		return nil, err
	}
	r := &reading{buffers: b, content: content, wanted: wanted, stop: stop, full: make(chan filled, readChunks-2)}
	go r.fill(ctx, aligned)
	return r, nil
}

// oneBuffer is the wanted of a destination that does not say what it prefers.
func oneBuffer() int { return bufferBytes }

func (r *reading) fill(ctx context.Context, aligned int64) {
	defer close(r.full)
	left := aligned
	for {
		next, err := r.read(left)
		for int64(next.Len()) > left {
			var head tranship.Chunk
			head, next = next.Split(int(left))
			left = aligned
			if !r.pass(ctx, filled{chunk: head}) {
				next.Release()
				return
			}
		}
		if left -= int64(next.Len()); left == 0 {
			left = aligned
		}
		if !r.pass(ctx, filled{next, err}) || err != nil {
			return
		}
	}
}

// pass sends on a chunk that was read. It returns false, and releases the chunk, if the
// reading has ended.
func (r *reading) pass(ctx context.Context, next filled) bool {
	select {
	case r.full <- next:
		return true
	case <-ctx.Done():
		next.chunk.Release()
		return false
	}
}

// read reads a chunk of the wanted length, but at most most bytes. A content that has
// chunks decides the length itself.
func (r *reading) read(most int64) (tranship.Chunk, error) {
	if content, ok := tranship.As[tranship.ChunkReader](r.content); ok {
		return content.ReadChunk()
	}
	var pieces [][]byte
	var crc uint32
	var err error
	for left := int(min(int64(r.wanted()), chunkBuffers*bufferBytes, most)); left > 0 && err == nil; {
		buffer := r.buffers.acquire()
		var n int
		n, err = readFull(r.content, buffer[:min(bufferBytes, left)])
		if n == 0 {
			r.buffers.release(buffer)
			break
		}
		pieces = append(pieces, buffer[:n])
		crc = tranship.CombineCRC32C(crc, tranship.CRC32C(buffer[:n]), int64(n))
		left -= n
	}
	return tranship.NewChunk(pieces, crc, func() {
		for _, piece := range pieces {
			r.buffers.release(piece[:bufferBytes])
		}
	}), err
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

// next returns the next chunk, which the caller must release, or else the source's error,
// which is io.EOF after a good end.
func (r *reading) next() (tranship.Chunk, error) {
	if r.err != nil {
		return tranship.Chunk{}, r.err
	}
	f, ok := <-r.full
	if !ok {
		f.err = context.Canceled
	}
	if r.err = f.err; f.chunk.Len() == 0 {
		return tranship.Chunk{}, r.err
	}
	return f.chunk, nil
}

// close ends the reading. When it returns, the source is no longer being read.
func (r *reading) close() {
	r.stop()
	for f := range r.full {
		f.chunk.Release()
	}
	// An error of Close adds nothing to what reading returned.
	_ = r.content.Close()
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
