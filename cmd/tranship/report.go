package main

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/tranship/tranship/cmd/tranship/internal/display"
	"github.com/tranship/tranship/transfer"
)

// reporter prints results, and what happens meanwhile.
type reporter struct {
	globals *globals
	target  *target
	// talk: say what may be of interest to somebody who watches.
	talk bool
	// differ are the files in flight of which that has been told.
	differ map[string]bool
}

// result is the transfer.Options.Report of cp.
func (r *reporter) result(result transfer.Result) {
	g := r.globals
	if g.json {
		path := r.target.show(result.Path)
		if result.Path == "" {
			path = result.Source
		}
		if err := printJSON(g.out, r.target.resultOf(path, result)); err != nil {
			g.fail(err)
		}
	}
	if result.Err == nil {
		return
	}
	// What stopped all of them is said once, at the end.
	if errors.Is(result.Err, transfer.ErrStopped) {
		return
	}
	g.failures.add(exitCode(result.Err))
	g.complain(r.target.message(result))
}

// retryInterval is between two retries that are told: when a connection is lost,
// all files in flight are tried again.
const retryInterval = 5 * time.Second

// event is the transfer.Options.Events of cp.
func (r *reporter) event(event transfer.Event) {
	say := func(format string, args ...any) {
		r.globals.complain(event.Source + ": " + fmt.Sprintf(format, args...))
	}
	switch event.Kind {
	case transfer.EventDiffers:
		// There may be many parts of one file.
		if !r.differ[event.Path] {
			r.differ[event.Path] = true
			say("some of what is at the target differs from the source, and is sent again")
		}
	case transfer.EventEnd:
		delete(r.differ, event.Path)
	case transfer.EventRestart:
		say("starts over: %v", event.Err)
	case transfer.EventResume:
		if r.talk {
			say("goes on; %s are at the target", display.BytesText(float64(event.Bytes)))
		}
	case transfer.EventRetry:
		if r.talk {
			r.globals.tellRetry(event.Source, event.Wait, event.Err)
		}
	}
}

// retryLog is when the last retry was told.
type retryLog struct {
	mu   sync.Mutex
	last time.Time
}

// tellRetry tells those who watch that something is tried again after a wait, unless that
// was told of anything a moment ago. It is safe for concurrent use.
func (g *globals) tellRetry(what string, wait time.Duration, err error) {
	if !g.verbose && !g.watched {
		return
	}
	g.retries.mu.Lock()
	now := time.Now()
	told := now.Sub(g.retries.last) < retryInterval
	if !told {
		g.retries.last = now
	}
	g.retries.mu.Unlock()
	if !told {
		g.complain(fmt.Sprintf("%s: tried again in %v: %v", what, wait.Round(100*time.Millisecond), err))
	}
}

// again says which command copies the same to the same place once more.
func (t *target) again() string {
	if t.became != "" {
		// Now that the target is a directory, the source would go into it.
		return "run the same command again with " + t.became + " as its source"
	}
	return "run the same command again"
}
