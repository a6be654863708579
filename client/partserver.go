package client

import (
	"context"
	"errors"

	"github.com/tranship/tranship"
)

// openWriter opens a slot that joins the upload, on the stream with the fewest writers. A
// balancer may have led a new stream to a server that cannot write to the upload. So the first
// slot on such a stream waits for the server's answer, before anything is sent that would be
// lost; and if there is none, the slot and all later ones use other streams.
func (u *upload) openWriter(ctx context.Context) (*partStream, *slot, error) {
	chosen, call, err := u.acquireStream(ctx)
	if err != nil {
		return nil, nil, err
	}
	proved := u.isProved(chosen, call)
	joined, err := u.openJoined(ctx, call, !proved)
	if err == nil && !proved {
		err = u.prove(ctx, chosen, joined)
	}
	if err != nil && !proved && u.isElsewhere(ctx, err) {
		u.bar(chosen)
		u.releaseStream(chosen)
		chosen = u.firstStream()
		joined, err = u.openJoined(ctx, u.stream, false)
	}
	if err != nil {
		u.releaseStream(chosen)
		return nil, nil, err
	}
	return chosen, joined, nil
}

// isProved reports whether the server of a call is known to write to the upload: it is that of the
// first stream, or has let another slot join.
func (u *upload) isProved(s *partStream, call *uploadStream) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return s.number == 0 || s.proved == call
}

// prove waits until the server has let a slot join the upload.
func (u *upload) prove(ctx context.Context, s *partStream, joined *slot) error {
	if _, err := joined.awaitBegun(ctx); err != nil {
		if !joined.ended() {
			go joined.cancel(context.WithoutCancel(ctx)) //nolint:errcheck // the stream has ended, if that fails
		}
		return err
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	s.proved = joined.stream
	return nil
}

// isElsewhere reports whether the error of a slot that has joined on another stream than the
// first may mean only that its server cannot write to the upload.
func (u *upload) isElsewhere(ctx context.Context, err error) bool {
	refused := errors.Is(err, tranship.ErrAborted) || errors.Is(err, tranship.ErrUnavailable)
	return refused && ctx.Err() == nil && !u.stream.ended() && !u.owner.ended()
}

// bar makes the upload use a stream no more, except for the writers that it has.
func (u *upload) bar(s *partStream) {
	u.mu.Lock()
	defer u.mu.Unlock()
	s.barred = true
}
