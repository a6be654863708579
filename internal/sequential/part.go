package sequential

import (
	"context"

	"github.com/tranship/tranship"
)

// partWriter implements tranship.PartWriter for an upload's current part.
type partWriter struct {
	ctx    context.Context
	upload *upload
	space  int64
	stop   func() bool
	closed bool
}

func (w *partWriter) Write(data []byte) (int, error) {
	u := w.upload
	u.mu.Lock()
	err, limit := u.err, w.space
	if u.size != nil {
		limit = min(limit, *u.size-u.written)
	}
	u.mu.Unlock()
	switch {
	case err != nil:
		return 0, err
	case w.closed:
		return 0, &tranship.InvalidError{Field: "part", Rule: "a writer must not be used after it was closed"}
	case int64(len(data)) > limit:
		return 0, &tranship.InvalidError{Field: "part", Rule: "a part must not be longer than the part size, or reach beyond the size of the upload"}
	}
	n, err := u.sink.Write(data)
	if err != nil && w.ctx.Err() != nil {
		err = w.ctx.Err()
	}
	w.space -= int64(n)
	u.mu.Lock()
	u.written += int64(n)
	u.crc = tranship.UpdateCRC32C(u.crc, data[:n])
	u.mu.Unlock()
	if err != nil {
		u.fail(err)
	}
	return n, err
}

// Close ends the part. A part that is not full can only be the last.
func (w *partWriter) Close() error {
	if w.closed {
		return nil
	}
	w.closed = true
	w.stop()
	u := w.upload
	u.mu.Lock()
	defer u.mu.Unlock()
	u.writing = false
	u.short = w.space > 0
	u.wake()
	return nil
}
