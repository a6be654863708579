package main

import (
	"errors"
	"io"
	"os"
	"path"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/term"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/transfer"
)

// progressMode is a flag: how a copy shows how far it is.
type progressMode string

const (
	progressAuto  progressMode = "auto"
	progressBars  progressMode = "bars"
	progressPlain progressMode = "plain"
	progressNone  progressMode = "none"
)

// Set implements pflag.Value.
func (m *progressMode) Set(text string) error {
	switch progressMode(text) {
	case progressAuto, progressBars, progressPlain, progressNone:
		*m = progressMode(text)
		return nil
	}
	return errors.New("it must be auto, bars, plain or none")
}

// String implements pflag.Value.
func (m *progressMode) String() string { return string(*m) }

// Type implements pflag.Value.
func (m *progressMode) Type() string { return "mode" }

// progressFlags are the flags of cp that are about it.
type progressFlags struct {
	mode progressMode
	// interval is between two lines of progressPlain.
	interval time.Duration
}

// state is how far a copy is at one moment.
type state struct {
	files, filesDone int64
	// bytes are of all files; of them done are where they should be, of which
	// moved came through here.
	bytes, done, moved int64
	// final: all files are listed and of known size.
	final bool
	// flying are the large files in flight, in the order they began.
	flying []flight
}

// flight is how far one file is.
type flight struct {
	flightKey
	name string
	// size is -1 when it is not known.
	size, done int64
}

// flightKey tells one file in flight from the others.
type flightKey struct {
	path  string
	begun time.Time
}

// stateOf is the state of a copy.
func stateOf(progress *transfer.Progress) state {
	count := progress.Count()
	s := state{
		files:     count.Files,
		filesDone: count.FilesDone,
		bytes:     count.Bytes,
		done:      count.BytesDone,
		moved:     count.Received,
		final:     count.Final,
	}
	for _, f := range progress.InFlight() {
		if f.Size < 0 || f.Size > tranship.MaxPutBytes {
			s.flying = append(s.flying, flight{flightKey{f.Path, f.Begun}, path.Base(filepath.ToSlash(f.Source)), f.Size, f.There()})
		}
	}
	return s
}

// timeLeft is in seconds; negative when nobody can tell.
func (s state) timeLeft(rate float64) float64 {
	if left := s.bytes - s.done; s.final && left <= 0 {
		return 0
	} else if s.final && rate > 0 {
		return float64(left) / rate
	}
	return -1
}

// display shows states. It is used by one goroutine.
type display interface {
	show(now time.Time, s state)
	// end shows the last state and leaves the output as somebody else may use it.
	end(now time.Time, s state)
}

// showProgress shows how far a copy is until the returned function is called, if
// it is to be shown. Meanwhile errors go through it, so that they stand on lines of
// their own.
func (g *globals) showProgress(flags progressFlags, how func() state) (stop func(), shown bool) {
	display, interval := g.display(flags)
	if display == nil {
		return func() {}, false
	}
	return watch(display, interval, how), true
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

// display is the one that the flags ask for; nil for none.
func (g *globals) display(flags progressFlags) (display, time.Duration) {
	mode := flags.mode
	if mode == progressAuto {
		mode = progressNone
		// Bars between results would make both unreadable.
		if isTerminal(g.err) && (!g.json || !isTerminal(g.out)) {
			mode = progressBars
		}
	}
	switch mode {
	case progressBars:
		bars := &bars{out: g.err}
		g.err = bars
		return bars, barsInterval
	case progressPlain:
		return newPlain(g.complain, time.Now(), flags.interval), flags.interval
	}
	return nil, 0
}

func isTerminal(out io.Writer) bool {
	file, ok := out.(*os.File)
	return ok && term.IsTerminal(int(file.Fd())) && os.Getenv("TERM") != "dumb"
}
