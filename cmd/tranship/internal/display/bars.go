package display

import (
	"io"
	"time"
)

const (
	// maxFileRows is the maximum number of files in flight with a line, beside the total.
	maxFileRows = 8
	// unknownColumns and unknownRows are the size that a terminal is taken to have if it
	// does not know its own, such as a serial line or the terminal of a container.
	unknownColumns, unknownRows = 80, 24
)

// bars shows progress as bars on a terminal: one for the whole copy and, if it has several
// files, one for each large file in flight. Text written to it stands above the bars.
type bars struct {
	screen *screen
	rate   rate
}

func newBars(out io.Writer) *bars { return &bars{screen: newScreen(out)} }

// Write implements io.Writer. p must be whole lines. It is safe for concurrent use.
func (b *bars) Write(p []byte) (int, error) { return b.screen.Write(p) }

// show implements display.
func (b *bars) show(now time.Time, s state) {
	b.rate.add(now, s.moved)
	b.screen.draw(func(columns, rows int) []string { return linesOf(s, b.rate.perSecond(), columns, rows) })
}

// end implements display. It removes the bars from the terminal.
func (b *bars) end(time.Time, state) { b.screen.close() }
