package transfer

import (
	"context"
	"errors"
	"io"
	"sync/atomic"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/zeroruns"
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
	// zeros is nil if runs of zeros are read as bytes.
	zeros tranship.ZeroReader
	// err is what next returns when there are no more chunks.
	err error
}

// filled is a chunk that was read, or a run of zeros that was skipped. The last chunk of a
// content comes with its error, which is io.EOF after a good end.
type filled struct {
	chunk tranship.Chunk
	zeros int64
	err   error
}

// length is the number of bytes of the chunk or run.
func (f filled) length() int64 { return int64(f.chunk.Len()) + f.zeros }

// read begins to read what open opens. Its context ends with the reading, so that a
// destination that fails does not wait for a source that stalls. No chunk reaches across
// a multiple of aligned. Chunks have wanted bytes, but no more than chunkBuffers hold.
func (b *buffers) read(ctx context.Context, wanted func() int, aligned int64, open func(context.Context) (tranship.Content, error)) (*reading, error) {
	return b.start(ctx, wanted, aligned, false, open)
}

// readSparse is read, except that runs of zeros which the content knows come as numbers,
// from nextRun. No run reaches across a multiple of aligned.
func (b *buffers) readSparse(ctx context.Context, wanted func() int, aligned int64, open func(context.Context) (tranship.Content, error)) (*reading, error) {
	return b.start(ctx, wanted, aligned, true, open)
}

func (b *buffers) start(ctx context.Context, wanted func() int, aligned int64, sparse bool, open func(context.Context) (tranship.Content, error)) (*reading, error) {
	ctx, stop := context.WithCancel(ctx)
	content, err := open(ctx)
	if err != nil {
		stop()
		return nil, err
	}
	r := &reading{buffers: b, content: content, wanted: wanted, stop: stop, full: make(chan filled, readChunks-2)}
	if sparse {
		r.zeros, _ = tranship.As[tranship.ZeroReader](content)
	}
	go r.fill(ctx, aligned)
	return r, nil
}

// oneBuffer is the wanted of a destination that does not say what it prefers.
func oneBuffer() int { return bufferBytes }

func (r *reading) fill(ctx context.Context, aligned int64) {
	defer close(r.full)
	left := aligned
	for {
		next, zeros, err := r.read(left)
		for int64(next.Len()) > left {
			var head tranship.Chunk
			head, next = next.Split(int(left))
			left = aligned
			if !r.pass(ctx, filled{chunk: head}) {
				next.Release()
				return
			}
		}
		if left -= int64(next.Len()) + zeros; left == 0 {
			left = aligned
		}
		last := filled{chunk: next, err: err}
		if zeros > 0 {
			if next.Len() > 0 && !r.pass(ctx, filled{chunk: next}) {
				return
			}
			last = filled{zeros: zeros, err: err}
		}
		if !r.pass(ctx, last) || err != nil {
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

// read reads a chunk of the wanted length, but at most most bytes, and the run of zeros that
// ends it early, if one does. A content that has chunks decides the length itself.
func (r *reading) read(most int64) (chunk tranship.Chunk, zeros int64, err error) {
	if content, ok := tranship.As[tranship.ChunkReader](r.content); ok {
		if r.zeros != nil {
			if zeros, err = r.zeros.ReadZeros(most); zeros > 0 || err != nil {
				return tranship.Chunk{}, zeros, err
			}
		}
		chunk, err := content.ReadChunk()
		return chunk, 0, err
	}
	var pieces [][]byte
	var crc uint32
	for left := int(min(int64(r.wanted()), chunkBuffers*bufferBytes, most)); left > 0 && err == nil && zeros == 0; {
		buffer := r.buffers.acquire()
		var n int
		n, zeros, err = zeroruns.ReadFull(r.content, r.zeros, buffer[:min(bufferBytes, left)], most)
		if n == 0 {
			r.buffers.release(buffer)
			break
		}
		pieces = append(pieces, buffer[:n])
		crc = tranship.CombineCRC32C(crc, tranship.CRC32C(buffer[:n]), int64(n))
		left -= n
		most -= int64(n)
	}
	return tranship.NewChunk(pieces, crc, func() {
		for _, piece := range pieces {
			r.buffers.release(piece[:bufferBytes])
		}
	}), zeros, err
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
	run, err := r.nextRun()
	return run.chunk, err
}

// nextRun is next for a reading of readSparse: it returns a chunk or a run of zeros.
func (r *reading) nextRun() (filled, error) {
	if r.err != nil {
		return filled{}, r.err
	}
	f, ok := <-r.full
	if !ok {
		f.err = context.Canceled
	}
	if r.err = f.err; f.length() == 0 {
		return filled{}, r.err
	}
	return filled{chunk: f.chunk, zeros: f.zeros}, nil
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
