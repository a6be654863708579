// Package display shows the progress of a copy: as bars on a terminal, or as lines in a log.
package display

import (
	"context"
	"io"
	"sync"
	"time"

	"golang.org/x/term"

	"github.com/tranship/tranship/transfer"
)

// Config sets what is shown, and where.
type Config struct {
	Mode Mode
	// Interval is the time between the lines of Plain.
	Interval time.Duration
	// Err is the output for bars and errors.
	Err io.Writer
	// Mixed reports that results of the command go to the same terminal. Bars between them
	// would make both unreadable, so Auto then shows none.
	Mixed bool
	// Print prints a line of Plain.
	Print func(line string)
}

// Show shows the progress of a copy until stop is called. Bars disappear already when ctx
// ends: a second signal may end the process at any moment. Until stop is called, errors must
// be written to above, so that they stand on lines of their own. If the configuration selects
// no display, shown is false and above is config.Err.
func Show(ctx context.Context, config Config, progress *transfer.Progress) (stop func(), above io.Writer, shown bool) {
	display, interval := newDisplay(config)
	if display == nil {
		return func() {}, config.Err, false
	}
	above = config.Err
	if bars, ok := display.(*bars); ok {
		above = bars
		context.AfterFunc(ctx, bars.screen.close)
	}
	return watch(display, interval, func() state { return stateOf(progress) }), above, true
}

// display shows states. It is used by one goroutine at a time.
type display interface {
	show(now time.Time, s state)
	// end shows the last state and releases the output.
	end(now time.Time, s state)
}

// watch shows the state at every interval until stop is called, which returns after the
// last one was shown.
func watch(display display, interval time.Duration, current func() state) (stop func()) {
	ended := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() {
		tick := time.NewTicker(interval)
		defer tick.Stop()
		for {
			select {
			case now := <-tick.C:
				display.show(now, current())
			case <-ended:
				display.end(time.Now(), current())
				return
			}
		}
	})
	return sync.OnceFunc(func() {
		close(ended)
		watching.Wait()
	})
}

// barsInterval is the time between two updates of bars.
const barsInterval = 200 * time.Millisecond

// newDisplay returns the display of a configuration and its interval; nil for none.
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
		return newBars(config.Err), barsInterval
	case Plain:
		return newPlain(config.Print, time.Now(), config.Interval), config.Interval
	}
	return nil, 0
}

// IsTerminal reports whether an output is a terminal that supports escape sequences.
func IsTerminal(out io.Writer) bool {
	file := fileOf(out)
	return file != nil && term.IsTerminal(int(file.Fd())) && enableEscapes(file)
}
