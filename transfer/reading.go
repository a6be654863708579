package transfer

import (
	"context"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/zeroruns"
)

// reading reads a content in chunks. It reads ahead in a goroutine of its own, with two exceptions.
// A content that has chunks comes from a network, whose other end and whose connection are
// ahead already. The goroutine that writes such a chunk has just received it, so that its bytes
// are still in the caches of its processor. The other exception is a prompt content.
type reading struct {
	buffers *buffers
	content tranship.Content
	// chunks is nil if the content has no chunks.
	chunks tranship.ChunkReader
	// wanted returns the number of bytes that a chunk should have.
	wanted func() int
	stop   context.CancelFunc
	// No chunk reaches across a multiple of aligned. The next one is left bytes away.
	aligned, left int64
	// full has what was read ahead; nil if nothing is.
	full chan filled
	// prompt finds out whether the content must be read ahead; nil if that is decided, or if the
	// content has chunks.
	prompt *prompt
	// ctx is that of the goroutine that reads ahead.
	ctx context.Context
	// taken is what take has returned last, and nextRun has not; only if nothing is read ahead.
	taken []filled
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
	r, err := b.start(ctx, wanted, aligned, open)
	if err == nil && r.chunks == nil {
		r.readAhead()
	}
	return r, err
}

// readSparse is read, except that runs of zeros which the content knows come as numbers,
// from nextRun. No run reaches across a multiple of aligned. If patient is true, the content is not
// read ahead while it is prompt.
func (b *buffers) readSparse(ctx context.Context, wanted func() int, aligned int64, patient bool, open func(context.Context) (tranship.Content, error)) (*reading, error) {
	r, err := b.start(ctx, wanted, aligned, open)
	if err != nil {
		return nil, err
	}
	r.zeros, _ = tranship.As[tranship.ZeroReader](r.content)
	switch {
	case r.chunks != nil:
	case patient:
		r.prompt = &prompt{}
	default:
		r.readAhead()
	}
	return r, nil
}

// start opens the content of a reading that reads nothing ahead.
func (b *buffers) start(ctx context.Context, wanted func() int, aligned int64, open func(context.Context) (tranship.Content, error)) (*reading, error) {
	ctx, stop := context.WithCancel(ctx)
	content, err := open(ctx)
	if err != nil {
		stop()
		return nil, err
	}
	r := &reading{buffers: b, content: content, wanted: wanted, stop: stop, ctx: ctx, aligned: aligned, left: aligned}
	r.chunks, _ = tranship.As[tranship.ChunkReader](content)
	return r, nil
}

// readAhead begins to read ahead.
func (r *reading) readAhead() {
	r.prompt = nil
	r.full = make(chan filled, readChunks-2)
	go r.fill()
}

// oneBuffer is the wanted of a destination that does not say what it prefers.
func oneBuffer() int { return bufferBytes }

// fill reads ahead.
func (r *reading) fill() {
	defer close(r.full)
	for {
		taken := r.take()
		for i, next := range taken {
			if !r.pass(next) {
				release(taken[i+1:])
				return
			}
		}
		if taken[len(taken)-1].err != nil {
			return
		}
	}
}

// take reads what read returns, and cuts it at the multiples of aligned.
func (r *reading) take() []filled {
	chunk, zeros, err := r.read(r.left)
	var taken []filled
	for int64(chunk.Len()) > r.left {
		var head tranship.Chunk
		head, chunk = chunk.Split(int(r.left))
		r.left = r.aligned
		taken = append(taken, filled{chunk: head})
	}
	if r.left -= int64(chunk.Len()) + zeros; r.left == 0 {
		r.left = r.aligned
	}
	if zeros == 0 {
		return append(taken, filled{chunk: chunk, err: err})
	}
	if chunk.Len() > 0 {
		taken = append(taken, filled{chunk: chunk})
	}
	return append(taken, filled{zeros: zeros, err: err})
}

// release releases what nextRun does not return.
func release(taken []filled) {
	for _, next := range taken {
		next.chunk.Release()
	}
}

// pass sends on a chunk that was read. It returns false, and releases the chunk, if the
// reading has ended.
func (r *reading) pass(next filled) bool {
	select {
	case r.full <- next:
		return true
	case <-r.ctx.Done():
		next.chunk.Release()
		return false
	}
}

// read reads a chunk of the wanted length, but at most most bytes, and the run of zeros that
// ends it early, if one does. A content that has chunks decides the length itself.
func (r *reading) read(most int64) (chunk tranship.Chunk, zeros int64, err error) {
	if r.chunks != nil {
		if r.zeros != nil {
			if zeros, err = r.zeros.ReadZeros(most); zeros > 0 || err != nil {
				return tranship.Chunk{}, zeros, err
			}
		}
		chunk, err := r.chunks.ReadChunk()
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
	f := r.following()
	if r.err = f.err; f.length() == 0 {
		return filled{}, r.err
	}
	return filled{chunk: f.chunk, zeros: f.zeros}, nil
}

// following returns what follows in the content.
func (r *reading) following() filled {
	if len(r.taken) == 0 && r.prompt != nil && !r.prompt.isPrompt() {
		r.readAhead()
	}
	if r.full != nil {
		f, ok := <-r.full
		if !ok {
			f.err = context.Canceled
		}
		return f
	}
	if len(r.taken) == 0 {
		begun := time.Now()
		r.taken = r.take()
		if r.prompt != nil {
			r.prompt.note(time.Since(begun))
		}
	}
	f := r.taken[0]
	r.taken = r.taken[1:]
	return f
}

// close ends the reading. When it returns, the source is no longer being read.
func (r *reading) close() {
	r.stop()
	if r.full != nil {
		for f := range r.full {
			f.chunk.Release()
		}
	}
	release(r.taken)
	r.taken = nil
	// An error of Close adds nothing to what reading returned.
	_ = r.content.Close()
}
