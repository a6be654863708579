package transfer

import (
	"context"
	"errors"

	"github.com/tranship/tranship"
)

// giveUp ends the upload after a failure, and keeps it for resuming if that may help. It
// returns what the failure means.
func (a *assembly) giveUp(err error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(a.watch.Context()), endTimeout)
	defer cancel()
	discard := errors.Is(err, ErrChanged) || errors.Is(err, tranship.ErrInvalid) && !isTimeRefused(err) || a.source.isLost(err)
	restart := false
	_, incomplete := errors.AsType[*tranship.IncompleteError](err)
	switch {
	case discard:
	case errors.Is(err, errDigest):
		discard = true
	case errors.Is(err, tranship.ErrIntegrity):
		// Damaged on the way, it is sent again; damaged where it is, all is.
		restart = a.restarts < maxRestarts
		discard = a.committing || !restart
	case errors.Is(err, tranship.ErrAborted) && len(a.durable) == a.count:
		// The store remembers that it made a file of other bytes than these.
		restart, discard = a.restarts < maxRestarts, true
	case incomplete:
		// The store lost what it had.
		restart = a.restarts < maxRestarts
	}
	if a.key == "" || discard {
		a.remove(ctx)
	} else {
		a.detach(ctx, err)
	}
	if restart && a.key != "" {
		return &restartError{err}
	}
	return err
}

// remove removes the upload. If its connection is lost, another may reach the destination.
func (a *assembly) remove(ctx context.Context) {
	err := a.upload.Abort(ctx)
	if err == nil || a.key == "" {
		return // an upload without a key ends with its connection
	}
	if store, ok := a.destination.(tranship.Uploads); ok {
		if err = store.AbortUpload(ctx, a.upload.ID()); err == nil || errors.Is(err, tranship.ErrNotFound) {
			return
		}
	}
	a.event(Event{Kind: EventLeft, Upload: a.upload.ID(), Err: err})
}

func (a *assembly) detach(ctx context.Context, err error) {
	if _, local := a.upload.(readBack); local || !errors.Is(err, tranship.ErrUnavailable) {
		// Nothing is wrong with the destination: what is on its way can still
		// become durable.
		_ = a.upload.Sync(ctx)
	}
	a.kept = durableBytes(a.upload) > 0
	_ = a.upload.Detach(ctx)
}
