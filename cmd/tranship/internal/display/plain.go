package display

import (
	"fmt"
	"strings"
	"time"

	"github.com/tranship/tranship/internal/bytesize"
)

// plain shows progress as lines, for logs.
type plain struct {
	print func(line string)
	began time.Time
	rate  rate
}

// newPlain returns a plain for states that come at every interval from now on.
func newPlain(print func(line string), now time.Time, interval time.Duration) *plain {
	p := &plain{print: print, began: now, rate: rate{window: 3 * interval}}
	p.rate.add(now, 0)
	return p
}

// show implements display.
func (p *plain) show(now time.Time, s state) {
	p.rate.add(now, s.moved)
	speed := p.rate.perSecond()
	parts := []string{amount(s), bytesize.Text(speed) + "/s"}
	if left := s.timeLeft(speed); left > 0 {
		parts = append(parts, durationText(left)+" left")
	}
	p.print(strings.Join(append(parts, counts(s)...), ", "))
}

// end implements display.
func (p *plain) end(now time.Time, s state) {
	took := now.Sub(p.began).Seconds()
	parts := []string{amount(s), bytesize.Text(float64(s.moved)/max(took, 1e-3)) + "/s", "took " + durationText(took)}
	p.print(strings.Join(append(parts, counts(s)...), ", "))
}

// amount formats the bytes done and, if it is known, their part of the total.
func amount(s state) string {
	if !s.final {
		return bytesize.Text(float64(s.done))
	}
	return fmt.Sprintf("%s of %s (%d%%)", bytesize.Text(float64(s.done)), bytesize.Text(float64(s.bytes)), Percent(s.done, s.bytes))
}

// counts returns the bytes that were at the target already, and the number of files.
func counts(s state) []string {
	var parts []string
	if skipped := s.done - s.moved; skipped > 0 {
		parts = append(parts, bytesize.Text(float64(skipped))+" already there")
	}
	if s.files > 1 {
		parts = append(parts, filesText(s))
	}
	return parts
}

// filesText formats the number of files done. "+" means that listing is not complete.
func filesText(s state) string {
	more := ""
	if !s.final {
		more = "+"
	}
	return fmt.Sprintf("%d/%d%s files", s.filesDone, s.files, more)
}
