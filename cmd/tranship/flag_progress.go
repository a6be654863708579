package main

import (
	"time"

	"github.com/tranship/tranship/cmd/tranship/internal/display"
	"github.com/tranship/tranship/transfer"
)

// progressFlags are the flags of cp that are about progress.
type progressFlags struct {
	mode display.Mode
	// interval is between two lines of display.Plain.
	interval time.Duration
}

// showProgress shows how far a copy is until stop is called, if it is to be shown.
// Meanwhile errors go through it, so that they stand on lines of their own.
func (g *globals) showProgress(flags progressFlags, progress *transfer.Progress) (stop func(), shown bool) {
	stop, g.Err, shown = display.Show(display.Config{
		Mode:     flags.mode,
		Interval: flags.interval,
		Err:      g.Err,
		Mixed:    g.JSON && display.IsTerminal(g.Out),
		Print:    g.Complain,
	}, progress)
	return stop, shown
}
