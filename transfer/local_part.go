package transfer

import (
	"fmt"
	"sync"

	"github.com/tranship/tranship"
)

// localPart writes one part of a temporary file.
type localPart struct {
	upload       *localUpload
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
func (p *localPart) Write(data []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended {
		return 0, fmt.Errorf("%w: the writer has ended", tranship.ErrAborted)
	}
	if int64(len(data)) > p.limit-p.written {
		return 0, &tranship.InvalidError{Field: "size", Rule: "there must be no more bytes than were declared"}
	}
	n, err := p.upload.file.WriteAt(data, p.start+p.written)
	p.crc = tranship.UpdateCRC32C(p.crc, data[:n])
	p.written += int64(n)
	if err != nil {
		return n, localError(err)
	}
	return n, nil
}

// Close implements tranship.PartWriter.
func (p *localPart) Close() error {
	if p.end() && p.written == p.limit {
		return p.upload.whole(p)
	}
	return nil
}

// end waits for a Write under way and lets none follow. It reports whether the
// writer had not ended before.
func (p *localPart) end() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	ended := p.ended
	p.ended = true
	return !ended
}

func (p *localPart) sum() (int64, uint32) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.written, p.crc
}
