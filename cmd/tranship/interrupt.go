package main

import (
	"context"
	"time"
)

// quietEnd is how long a command that was interrupted may take to end without a word.
const quietEnd = time.Second

// explainEnd tells, until the returned function is called, why a command goes on after
// its context has ended: a server that does not answer is given some seconds to let
// go of what is under way, so that it can be resumed or nothing is left of it.
func (g *globals) explainEnd(ctx context.Context) (ended func()) {
	watching, stop := context.WithCancel(context.WithoutCancel(ctx))
	context.AfterFunc(ctx, func() {
		timer := time.NewTimer(quietEnd)
		defer timer.Stop()
		select {
		case <-timer.C:
			g.Complain(context.Cause(ctx).Error() + ": stopping; a second one stops it at once")
		case <-watching.Done():
		}
	})
	return stop
}
