package native

import (
	"context"
	"errors"
	"fmt"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/internal/recorded"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
	"github.com/tranship/tranship/server/internal/caller"
)

// errElsewhere is the outcome of a slot that joins an upload which exists, but which this server
// cannot write to.
var errElsewhere = fmt.Errorf("%w: the upload is not open at this server: send its parts to the server that has begun it, or resume it", tranship.ErrUnavailable)

// joinSession returns the session that a slot joins: that of this server, or else one for an
// upload that another server over the same store has begun. The slot must end the latter with
// leaveElsewhere.
func (s *Service) joinSession(ctx context.Context, begin *transhipv1.Begin) (*session, error) {
	id, epoch, owner := begin.GetUploadId(), begin.GetEpoch(), access.FromContext(ctx).Name
	found, err := s.sessions.join(owner, id, epoch)
	if !errors.Is(err, errEnded) {
		return found, err
	}
	upload, spec, err := tranship.JoinUpload(ctx, s.store, id, epoch)
	switch {
	case errors.Is(err, tranship.ErrUnsupported):
		return nil, s.unjoined(ctx, id)
	case errors.Is(err, tranship.ErrNotFound):
		return nil, errEnded
	case errors.Is(err, tranship.ErrAborted):
		return nil, errResumed
	case err != nil:
		return nil, err
	case spec.Owner != owner:
		_ = upload.Detach(context.WithoutCancel(ctx)) // nothing was written
		return nil, errEnded
	}
	return &session{
		upload: upload, spec: spec, owner: owner, caller: caller.Name(ctx),
		keep: !spec.Transient, guest: s.sessions.enter(id), over: make(chan struct{}),
	}, nil
}

// unjoined returns the error for an upload that this server does not have, over a store that
// cannot join uploads. It is errElsewhere if the store has the upload: another server may have it
// open.
func (s *Service) unjoined(ctx context.Context, id string) error {
	finder, ok := tranship.As[tranship.UploadFinder](s.store)
	if !ok {
		return errEnded // listing all uploads would be too much for one slot
	}
	if _, err := finder.FindUpload(recorded.NewLookup(ctx), id); err != nil {
		return errEnded
	}
	return errElsewhere
}

// leaveElsewhere ends a session of joinSession for an upload that another server has begun.
func (s *Service) leaveElsewhere(ctx context.Context, left *session) {
	if s.sessions.leave(left.upload.ID(), left.guest) {
		left.guest.streams.Revoke(s.Options.Memory)
	}
	// The upload goes on without it.
	_ = left.upload.Detach(context.WithoutCancel(ctx))
}

// guest is an upload of another server, as long as slots of this server have joined it.
type guest struct {
	streams StreamGrant
	// slots is guarded by the mu of sessions.
	slots int
}

// enter returns the guest of an upload id, for one slot more.
func (s *sessions) enter(id string) *guest {
	s.mu.Lock()
	defer s.mu.Unlock()
	found := s.guests[id]
	if found == nil {
		if s.guests == nil {
			s.guests = map[string]*guest{}
		}
		found = &guest{}
		s.guests[id] = found
	}
	found.slots++
	return found
}

// leave ends enter. It reports whether no slot is left.
func (s *sessions) leave(id string, left *guest) (last bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	left.slots--
	if left.slots > 0 {
		return false
	}
	delete(s.guests, id)
	return true
}

// whyEnded returns errLost if an upload that another server has begun can be resumed, and err
// otherwise.
func (s *Service) whyEnded(ctx context.Context, ended *session, err error) error {
	again, _, why := tranship.JoinUpload(ctx, s.store, ended.upload.ID(), ended.upload.Epoch())
	if why == nil {
		_ = again.Detach(context.WithoutCancel(ctx)) // a newer writer has ended that of the slot
		return err
	}
	if errors.Is(why, tranship.ErrUnavailable) {
		return errLost
	}
	return err
}
