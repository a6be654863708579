package client

import (
	"context"
	"time"

	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

const (
	// progressInterval is how often the server reports what has become durable.
	progressInterval = 250 * time.Millisecond
	// reportTime is how long Sync waits for such a report. Another server may make none.
	reportTime = 4 * progressInterval
)

// progressed implements replyObserver: it records which parts have become durable. The server
// sends progress messages even if nothing has changed. Only one that reports more counts as a
// sign of life, because it shows that what was sent arrives.
func (u *upload) progressed(progress *transhipv1.Progress) {
	u.mu.Lock()
	defer u.mu.Unlock()
	defer signalProgress(u.reported)
	if moved := progress.GetReceivedBytes() + progress.GetWrittenBytes(); moved > u.progress || len(progress.GetNewlyDurable()) > 0 {
		u.progress = max(moved, u.progress)
		u.heardAliveLocked()
	}
	if u.partSize > 0 {
		u.noteDurableLocked(progress.GetNewlyDurable(), func(n int) bool { return u.writers[n] != nil && u.writers[n].fresh })
	}
}

// signalProgress signals that the server has reported.
func signalProgress(reported chan struct{}) {
	select {
	case reported <- struct{}{}:
	default:
	}
}

// awaitReport waits until the server reports again what is durable. It gives up after reportTime,
// and when the stream or ctx ends.
func (u *upload) awaitReport(ctx context.Context) error {
	select {
	case <-u.reported: // an earlier one
	default:
	}
	timer := time.NewTimer(reportTime)
	defer timer.Stop()
	select {
	case <-u.reported:
	case <-timer.C:
	case <-u.stream.done:
	case <-ctx.Done():
		return ctx.Err()
	}
	return nil
}
