package localdir

import (
	"fmt"
	"sync"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/rootfs"
)

// partWriter writes one part of a temporary file.
type partWriter struct {
	upload       *upload
	n            int
	start, limit int64
	// durable: the journal has it. It is guarded by the upload's lock.
	durable bool

	mu      sync.Mutex
	ended   bool
	written int64
	crc     uint32
}

// Write implements io.Writer.
func (p *partWriter) Write(data []byte) (int, error) {
	if err := p.WriteChunk(tranship.NewChunk([][]byte{data}, tranship.CRC32C(data), nil)); err != nil {
		return 0, err
	}
	return len(data), nil
}

// WriteChunk implements tranship.ChunkWriter.
func (p *partWriter) WriteChunk(data tranship.Chunk) error {
	defer data.Release()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended {
		return fmt.Errorf("%w: the writer has ended", tranship.ErrAborted)
	}
	length := int64(data.Len())
	if length > p.limit-p.written {
		return &tranship.InvalidError{Field: "size", Rule: "there must be no more bytes than were declared"}
	}
	if err := p.upload.writeAt(p.start+p.written, data.Pieces); err != nil {
		return targetError(err)
	}
	p.crc = tranship.CombineCRC32C(p.crc, data.CRC32C, length)
	p.written += length
	return nil
}

// writeAt writes to the temporary file. One write at a time: the file system would let
// others wait for the file's lock, and they would spin.
func (u *upload) writeAt(offset int64, pieces [][]byte) error {
	u.writing.Lock()
	defer u.writing.Unlock()
	_, err := rootfs.WriteAt(u.file, offset, pieces...)
	return err
}

// Close implements tranship.PartWriter.
func (p *partWriter) Close() error {
	if p.end() && p.written == p.limit {
		return p.upload.whole(p)
	}
	return nil
}

// end waits for a Write under way and lets none follow. It reports whether the
// writer had not ended before.
func (p *partWriter) end() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	ended := p.ended
	p.ended = true
	return !ended
}

func (p *partWriter) sum() (int64, uint32) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.written, p.crc
}
