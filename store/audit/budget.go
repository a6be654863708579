package audit

import (
	"log/slog"
	"sync"
	"time"
)

// linesPerSecond bounds the lines of a kind that unauthenticated clients can cause, so that
// they cannot fill a disk.
const linesPerSecond = 10

// lineBudget bounds the lines of a kind in a second, and counts the omitted ones. It is safe
// for concurrent use. The zero value allows linesPerSecond lines.
type lineBudget struct {
	mu sync.Mutex
	// second is the start of the current second, and lines the number of lines written
	// since. omitted counts lines that no later line has reported.
	second         time.Time
	lines, omitted int
}

// take reports whether a line may be written now. If so, it returns how many lines were
// omitted before.
func (b *lineBudget) take() (omitted int, ok bool) {
	now := time.Now()
	b.mu.Lock()
	defer b.mu.Unlock()
	if since := now.Sub(b.second); since >= time.Second || since < 0 {
		b.second, b.lines = now, 0
	}
	if b.lines == linesPerSecond {
		b.omitted++
		return 0, false
	}
	b.lines++
	omitted, b.omitted = b.omitted, 0
	return omitted, true
}

// takeOmitted returns how many omitted lines were not reported yet.
func (b *lineBudget) takeOmitted() (omitted int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	omitted, b.omitted = b.omitted, 0
	return omitted
}

// omittedAttrs returns the attribute that reports omitted lines; none if omitted is 0.
func omittedAttrs(omitted int) []slog.Attr {
	if omitted == 0 {
		return nil
	}
	return []slog.Attr{slog.Int("left_out", omitted)}
}
