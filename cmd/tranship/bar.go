package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/tranship/tranship/transfer"
)

const (
	barInterval = 200 * time.Millisecond
	barWidth    = 20
	// rateWindow is what the rate is averaged over.
	rateWindow = 5 * time.Second
)

// eraseLine returns to the beginning of a terminal's line and clears it.
const eraseLine = "\r\x1b[K"

// bar shows, on a terminal, how far a copy is.
type bar struct {
	progress *transfer.Progress
	out      io.Writer
	stop     chan struct{}
	stopped  sync.WaitGroup
	rate     rate
}

// showBar shows a bar until it is closed, if the standard error is a terminal.
func (g *globals) showBar(progress *transfer.Progress) *bar {
	b := &bar{progress: progress, out: g.err, stop: make(chan struct{})}
	if g.json || !isTerminal(g.err) {
		return b
	}
	lines := &lineWriter{out: g.err}
	g.err, b.out = lines, lines
	b.stopped.Go(func() {
		tick := time.NewTicker(barInterval)
		defer tick.Stop()
		for {
			select {
			case now := <-tick.C:
				count := b.progress.Count()
				b.rate.add(now, count.BytesDone)
				lines.show(barLine(count, b.rate.perSecond()))
			case <-b.stop:
				lines.show("")
				return
			}
		}
	})
	return b
}

func (b *bar) close() {
	close(b.stop)
	b.stopped.Wait()
}

func isTerminal(out io.Writer) bool {
	file, ok := out.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("TERM") != "dumb"
}

// lineWriter keeps a changing line below what else is written. It is safe for
// concurrent use.
type lineWriter struct {
	mu   sync.Mutex
	out  io.Writer
	line string
}

// Write implements io.Writer, for whole lines.
func (w *lineWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.line == "" {
		return w.out.Write(p)
	}
	if _, err := fmt.Fprintf(w.out, "%s%s%s", eraseLine, p, w.line); err != nil {
		return 0, err
	}
	return len(p), nil
}

// show replaces the line; "" removes it.
func (w *lineWriter) show(line string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if line == "" && w.line == "" {
		return
	}
	w.line = line
	_, _ = io.WriteString(w.out, eraseLine+line)
}

// barLine is a bar in less than 80 columns.
func barLine(count transfer.Count, rate float64) string {
	parts := make([]string, 0, 5)
	if count.Final && count.Bytes > 0 {
		share := min(float64(count.BytesDone)/float64(count.Bytes), 1)
		full := int(share * barWidth)
		parts = append(parts, fmt.Sprintf("[%s%s] %3d%%", strings.Repeat("#", full), strings.Repeat("-", barWidth-full), int(share*100)))
		parts = append(parts, bytesText(float64(count.BytesDone))+" of "+bytesText(float64(count.Bytes)))
	} else {
		parts = append(parts, bytesText(float64(count.BytesDone)))
	}
	parts = append(parts, bytesText(rate)+"/s")
	if left := float64(count.Bytes - count.BytesDone); count.Final && rate > 0 && left > 0 {
		parts = append(parts, durationText(left/rate)+" left")
	}
	if count.Files > 1 {
		more := ""
		if !count.Final {
			more = "+"
		}
		parts = append(parts, fmt.Sprintf("%d/%d%s files", count.FilesDone, count.Files, more))
	}
	return strings.Join(parts, "  ")
}

// bytesText is a number of bytes in at most 9 columns.
func bytesText(n float64) string {
	units := []string{"B", "KiB", "MiB", "GiB", "TiB"}
	for i, unit := range units {
		if n < 1000 || i == len(units)-1 {
			if i == 0 {
				return fmt.Sprintf("%.0f B", n)
			}
			return fmt.Sprintf("%.1f %s", n, unit)
		}
		n /= 1024
	}
	return ""
}

func durationText(seconds float64) string {
	if seconds >= 100*3600 {
		return ">99h"
	}
	s := int(seconds + 0.5)
	if s >= 3600 {
		return fmt.Sprintf("%dh%02dm", s/3600, s/60%60)
	}
	return fmt.Sprintf("%d:%02d", s/60, s%60)
}

// rate is how fast a number has grown of late.
type rate struct {
	samples []sample
}

type sample struct {
	at time.Time
	n  int64
}

func (r *rate) add(at time.Time, n int64) {
	r.samples = append(r.samples, sample{at, n})
	// The oldest that stays is the last one before the window.
	for len(r.samples) > 2 && at.Sub(r.samples[1].at) >= rateWindow {
		r.samples = r.samples[1:]
	}
}

func (r *rate) perSecond() float64 {
	if len(r.samples) < 2 {
		return 0
	}
	first, last := r.samples[0], r.samples[len(r.samples)-1]
	return max(float64(last.n-first.n)/last.at.Sub(first.at).Seconds(), 0)
}
