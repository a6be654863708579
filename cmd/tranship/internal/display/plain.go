package display

import (
	"fmt"
	"strings"
	"time"
)

// plain shows progress as lines, for logs.
type plain struct {
	print func(line string)
	began time.Time
	rate  rate
}

// newPlain makes one that shows a state at every interval from now on.
func newPlain(print func(line string), now time.Time, interval time.Duration) *plain {
	p := &plain{print: print, began: now, rate: rate{window: 3 * interval}}
	p.rate.add(now, 0)
	return p
}

// show implements display.
func (p *plain) show(now time.Time, s state) {
	p.rate.add(now, s.moved)
	speed := p.rate.perSecond()
	parts := []string{amount(s), BytesText(speed) + "/s"}
	if left := s.timeLeft(speed); left > 0 {
		parts = append(parts, durationText(left)+" left")
	}
	p.print(strings.Join(append(parts, counts(s)...), ", "))
}

// end implements display.
func (p *plain) end(now time.Time, s state) {
	took := now.Sub(p.began).Seconds()
	parts := []string{amount(s), BytesText(float64(s.moved)/max(took, 1e-3)) + "/s", "took " + durationText(took)}
	p.print(strings.Join(append(parts, counts(s)...), ", "))
}

// amount is how many bytes are done.
func amount(s state) string {
	if !s.final {
		return BytesText(float64(s.done))
	}
	return fmt.Sprintf("%s of %s (%d%%)", BytesText(float64(s.done)), BytesText(float64(s.bytes)), Percent(s.done, s.bytes))
}

// counts are what else there is to say.
func counts(s state) []string {
	var parts []string
	if skipped := s.done - s.moved; skipped > 0 {
		parts = append(parts, BytesText(float64(skipped))+" were there")
	}
	if s.files > 1 {
		parts = append(parts, filesText(s))
	}
	return parts
}

// filesText is how many files are done; "+" says that there are more.
func filesText(s state) string {
	more := ""
	if !s.final {
		more = "+"
	}
	return fmt.Sprintf("%d/%d%s files", s.filesDone, s.files, more)
}
