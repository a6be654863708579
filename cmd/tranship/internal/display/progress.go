// Package display shows how far a copy is: as bars on a terminal, or as lines in a log.
package display

import (
	"io"
	"os"
	"sync"
	"time"

	"golang.org/x/term"

	"github.com/tranship/tranship/transfer"
)

// Config says what is shown, and where.
type Config struct {
	Mode Mode
	// Interval is between two lines of Plain.
	Interval time.Duration
	// Err is where bars are shown, and errors printed.
	Err io.Writer
	// Mixed: results of the command are printed on the same terminal. Bars between them
	// would make both unreadable, so that Auto shows none.
	Mixed bool
	// Print prints a line of Plain.
	Print func(line string)
}

// Show shows how far a copy is until stop is called, if it is to be shown. Meanwhile
// errors must be written to above, so that they stand on lines of their own.
func Show(config Config, progress *transfer.Progress) (stop func(), above io.Writer, shown bool) {
	display, interval := newDisplay(config)
	if display == nil {
		return func() {}, config.Err, false
	}
	above = config.Err
	if bars, ok := display.(*bars); ok {
		above = bars
	}
	return watch(display, interval, func() state { return stateOf(progress) }), above, true
}

// display shows states. It is used by one goroutine.
type display interface {
	show(now time.Time, s state)
	// end shows the last state and leaves the output as others may use it.
	end(now time.Time, s state)
}

// watch calls a display at every interval.
func watch(display display, interval time.Duration, how func() state) (stop func()) {
	ended := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() {
		tick := time.NewTicker(interval)
		defer tick.Stop()
		for {
			select {
			case now := <-tick.C:
				display.show(now, how())
			case <-ended:
				display.end(time.Now(), how())
				return
			}
		}
	})
	return sync.OnceFunc(func() {
		close(ended)
		watching.Wait()
	})
}

// barsInterval is how often bars change.
const barsInterval = 200 * time.Millisecond

// newDisplay is the display of a configuration; nil for none.
func newDisplay(config Config) (display, time.Duration) {
	mode := config.Mode
	if mode == Auto {
		mode = None
		if IsTerminal(config.Err) && !config.Mixed {
			mode = Bars
		}
	}
	switch mode {
	case Bars:
		return &bars{out: config.Err}, barsInterval
	case Plain:
		return newPlain(config.Print, time.Now(), config.Interval), config.Interval
	}
	return nil, 0
}

// IsTerminal reports whether an output is a terminal that understands more than text.
func IsTerminal(out io.Writer) bool {
	file, ok := out.(*os.File)
	return ok && term.IsTerminal(int(file.Fd())) && os.Getenv("TERM") != "dumb"
}
