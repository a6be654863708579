package audit

import (
	"log/slog"
	"sync"
	"time"
)

// linesPerSecond bounds the lines of a kind that strangers can cause, so that those cannot
// fill a disk.
const linesPerSecond = 10

// budget bounds how many lines of a kind there are in a second, and counts the others. It
// is safe for concurrent use; the zero value is full.
type budget struct {
	mu sync.Mutex
	// second is when lines were counted from; lines of them were written since, and
	// left were left out and not told of.
	second      time.Time
	lines, left int
}

// take reports whether a line may be written now, and how many were left out before it.
func (b *budget) take() (left int, ok bool) {
	now := time.Now()
	b.mu.Lock()
	defer b.mu.Unlock()
	if since := now.Sub(b.second); since >= time.Second || since < 0 {
		b.second, b.lines = now, 0
	}
	if b.lines == linesPerSecond {
		b.left++
		return 0, false
	}
	b.lines++
	left, b.left = b.left, 0
	return left, true
}

// takeLeft returns how many were left out and not told of.
func (b *budget) takeLeft() (left int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	left, b.left = b.left, 0
	return left
}

// leftOut is the attribute of a line before which others were left out, if any were.
func leftOut(left int) []slog.Attr {
	if left == 0 {
		return nil
	}
	return []slog.Attr{slog.Int("left_out", left)}
}
