package main

import (
	"context"
	"time"
)

// slowStop is how long an interrupted command may take to stop before it prints why.
const slowStop = time.Second

// notifySlowStop prints, until the returned function is called, that the command is still
// stopping some time after its context has ended: it gives a server that does not answer a
// few seconds to release the transfers under way, so that they can be resumed or leave
// nothing behind.
func (g *globals) notifySlowStop(ctx context.Context) (ended func()) {
	watching, stop := context.WithCancel(context.WithoutCancel(ctx))
	context.AfterFunc(ctx, func() {
		timer := time.NewTimer(slowStop)
		defer timer.Stop()
		select {
		case <-timer.C:
			g.Notice(context.Cause(ctx).Error() + ": stopping; a second signal stops at once")
		case <-watching.Done():
		}
	})
	return stop
}
