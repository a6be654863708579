package main

import (
	"context"
	"time"

	"github.com/tranship/tranship/cmd/tranship/internal/display"
	"github.com/tranship/tranship/transfer"
)

// progressFlags are the flags of cp that select how progress is shown.
type progressFlags struct {
	mode display.Mode
	// interval is the time between the lines of display.Plain.
	interval time.Duration
}

// showProgress shows the progress of a copy until stop is called; shown is false if the
// flags select none. Until then, errors are written through the display, so that they stand
// on lines of their own.
func (g *globals) showProgress(ctx context.Context, flags progressFlags, progress *transfer.Progress) (stop func(), shown bool) {
	stop, g.Err, shown = display.Show(ctx, display.Config{
		Mode:     flags.mode,
		Interval: flags.interval,
		Err:      g.Err,
		Mixed:    g.JSON && display.IsTerminal(g.Out),
		Print:    g.Notice,
	}, progress)
	return stop, shown
}
