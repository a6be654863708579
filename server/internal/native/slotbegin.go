package native

import (
	"context"
	"fmt"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
	"github.com/tranship/tranship/server/internal/caller"
)

// maxBegunRanges bounds the durable parts in a begun reply, to about 2 MiB. The client
// sends other parts again.
const maxBegunRanges = 100_000

// begin opens the slot: it begins, resumes or joins an upload, and replies begun.
func (s *slot) begin(begin *transhipv1.Begin) (err error) {
	begun := &transhipv1.Begun{Slot: s.id}
	ctx, refused := s.stream.service.watch(s.stream.ctx)
	if begin.GetMode() == transhipv1.Begin_MODE_JOIN {
		s.session, err = s.stream.service.joinSession(ctx, begin)
	} else {
		s.session, err = s.stream.service.beginSession(ctx, begin)
	}
	// From here on, the end of the slot ends the upload or the join, whatever fails.
	s.owner = err == nil && begin.GetMode() != transhipv1.Begin_MODE_JOIN
	refused(refusedBegin(begin, err))
	if err != nil {
		return err
	}
	upload := s.session.upload
	if s.owner {
		s.stream.service.sessions.add(s.session)
		s.told = map[int64]uint32{}
		begun.Durable = s.newlyDurable()
		begun.Durable = begun.Durable[:min(len(begun.Durable), maxBegunRanges)]
		s.durable.Store(0)
		s.shared.Store(s.session)
	}
	s.ctx, s.refused = s.stream.service.watch(s.stream.ctx)
	s.sequencer = partSequencer{ctx: s.ctx, upload: slotUpload{upload, s.stream}, size: s.session.spec.Size}
	begun.MaxStreams = s.session.grant().Ask(s.stream.service.Options.Memory, s.stream.service.sessions.number())
	begun.UploadId, begun.Epoch, begun.PartSize = upload.ID(), upload.Epoch(), upload.PartSize()
	s.stream.replies.begun(begun)
	return nil
}

// refusedBegin is the refusal of a slot that could not begin.
func refusedBegin(begin *transhipv1.Begin, err error) Refusal {
	if begin.GetMode() == transhipv1.Begin_MODE_JOIN {
		return Refusal{Action: "join", Upload: begin.GetUploadId(), Err: err}
	}
	return Refusal{Action: "begin", Path: begin.GetPath(), Err: err}
}

// beginSession begins or resumes an upload.
func (s *Service) beginSession(ctx context.Context, begin *transhipv1.Begin) (*session, error) {
	spec, err := specFromProto(begin)
	if err != nil {
		return nil, err
	}
	spec.Size = begin.Size
	spec.Durability = s.durability(spec.Durability)
	mode := begin.GetMode()
	switch mode {
	case transhipv1.Begin_MODE_UNSPECIFIED, transhipv1.Begin_MODE_NEW, transhipv1.Begin_MODE_RESUME:
	default:
		return nil, fmt.Errorf("%w: begin mode %d", tranship.ErrUnsupported, mode)
	}
	resume := mode == transhipv1.Begin_MODE_RESUME
	if resume || begin.GetKeep() {
		spec.ResumeKey = begin.GetResumeKey()
		if spec.ResumeKey == "" {
			return nil, &tranship.InvalidError{Field: "resume_key", Rule: "must not be empty with keep or MODE_RESUME"}
		}
	}
	spec.Transient = !begin.GetKeep() && spec.ResumeKey != ""
	upload, err := s.store.Begin(ctx, spec)
	if err != nil {
		return nil, err
	}
	if !resume && spec.ResumeKey != "" && (upload.Epoch() > 1 || len(upload.Durable()) > 0) {
		// The client wants a new upload: the one with its key gives way.
		if err := upload.Abort(context.WithoutCancel(ctx)); err != nil {
			return nil, err
		}
		if upload, err = s.store.Begin(ctx, spec); err != nil {
			return nil, err
		}
	}
	return &session{
		upload: upload, spec: spec, owner: access.FromContext(ctx).Name, caller: caller.Name(ctx),
		keep: begin.GetKeep(), over: make(chan struct{}),
	}, nil
}
