package sequential

import (
	"context"
	"math"

	"github.com/tranship/tranship"
)

// partWriter implements tranship.PartWriter for an upload's only part.
type partWriter struct {
	ctx    context.Context
	upload *upload
	stop   func() bool
	closed bool
}

func (w *partWriter) Write(data []byte) (int, error) {
	u := w.upload
	u.mu.Lock()
	err, space := u.err, int64(math.MaxInt64)
	if u.size != nil {
		space = *u.size - u.written
	}
	u.mu.Unlock()
	switch {
	case err != nil:
		return 0, err
	case w.closed:
		return 0, &tranship.InvalidError{Field: "part", Rule: "a writer must not be used after it was closed"}
	case int64(len(data)) > space:
		return 0, &tranship.InvalidError{Field: "size", Rule: "there must be no more bytes than were declared"}
	}
	n, err := u.sink.Write(data)
	if err != nil && w.ctx.Err() != nil {
		err = w.ctx.Err()
	}
	u.mu.Lock()
	u.written += int64(n)
	u.crc = tranship.UpdateCRC32C(u.crc, data[:n])
	u.mu.Unlock()
	if err != nil {
		u.fail(err)
	}
	return n, err
}

// Close ends the part.
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
	return nil
}
