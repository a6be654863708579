package disk

import (
	"context"
	"errors"
	"maps"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/partfile"
	"github.com/tranship/tranship/internal/rootfs"
)

// resumption identifies a resumable upload. A Begin whose spec has the same resumption
// resumes it.
type resumption struct {
	path, key, owner string
	size             int64
}

// resumptionOf returns the resumption of a spec, which must have a ResumeKey.
func resumptionOf(spec tranship.Spec) resumption {
	return resumption{path: spec.Path, size: *spec.Size, key: spec.ResumeKey, owner: spec.Owner}
}

// errGone means that a session cannot be resumed, and that a new one must begin.
var errGone = errors.New("nothing to resume")

// Begin implements tranship.Writer.
func (s *Store) Begin(ctx context.Context, spec tranship.Spec) (_ tranship.Upload, err error) {
	defer s.explain(&err)
	if err := spec.Validate(); err != nil {
		return nil, err
	}
	spec = cloneSpec(spec)
	if spec.ResumeKey == "" {
		return s.beginNew(ctx, spec)
	}
	unlock, err := s.begins.Lock(ctx, spec.Path)
	if err != nil {
		return nil, err
	}
	defer unlock()
	if old := s.sessionFor(resumptionOf(spec)); old != nil {
		u, err := old.resume(ctx, spec)
		if err == nil {
			return u, nil
		}
		if !errors.Is(err, errGone) {
			return nil, err
		}
	}
	return s.beginNew(ctx, spec)
}

// beginNew begins a new session.
func (s *Store) beginNew(ctx context.Context, spec tranship.Spec) (tranship.Upload, error) {
	if err := s.admitSpec(ctx, spec); err != nil {
		return nil, err
	}
	begun, err := s.newSession(spec)
	if err != nil {
		return nil, err
	}
	u := begun.nextEpochLocked()
	if !s.register(begun) {
		return nil, errors.Join(errClosed(), u.Abort(context.WithoutCancel(ctx)))
	}
	return u, nil
}

// nextEpochLocked begins the next epoch of the session, which ends the older one. The lock is
// not needed for a session that is not registered yet.
func (s *session) nextEpochLocked() *upload {
	s.epoch++
	s.current = &upload{session: s, epoch: s.epoch}
	return s.current
}

// resume waits for the part writers of the current epoch, and begins the next one with the
// parts that are complete.
func (s *session) resume(ctx context.Context, spec tranship.Spec) (*upload, error) {
	s.parts.Gate.Lock()
	defer s.parts.Gate.Unlock()
	if s.gone || s.parts.Failure() != nil {
		return nil, errGone
	}
	if s.expiredLocked(s.store.system.now()) {
		s.removeLocked()
		return nil, errGone
	}
	if s.committed != nil {
		return s.recallLocked(spec)
	}
	if err := s.store.admitSpec(ctx, spec); err != nil {
		return nil, err
	}
	if err := s.reserved.resume(spec.Path); err != nil {
		return nil, err
	}
	if err := s.openFilesLocked(); err != nil {
		if rootfs.IsAbsent(err) { // the files were removed by hand
			s.removeLocked()
			return nil, errGone
		}
		return nil, fail("resume the upload of", spec.Path, err)
	}
	if err := s.parts.Flush(); err != nil {
		if s.parts.Failure() != nil {
			return nil, errGone
		}
		return nil, err
	}
	s.parts.ForgetUnrecorded()
	if err := s.recordResumedLocked(ctx, spec); err != nil {
		if s.current == nil {
			return nil, errors.Join(err, fail("close", spec.Path, s.closeFiles()))
		}
		return nil, err
	}
	s.spec = spec
	s.touch()
	return s.nextEpochLocked(), nil
}

// recordResumedLocked writes the new spec to the journal. If the durability of parts is in
// doubt, it verifies them by reading, and replaces the journal.
func (s *session) recordResumedLocked(ctx context.Context, spec tranship.Spec) error {
	durable := s.store.durability(spec.Durability) == tranship.DurabilityDurable
	content := s.header(spec, s.epoch+1).encode()
	raised := durable && !s.durable()
	if raised {
		s.parts.Doubt()
	}
	if s.parts.IsDoubted() || s.parts.Journal().IsLong() {
		return s.parts.Rewrite(ctx, durable, content, s.unreadable, func(entries []partfile.Entry) (*partfile.Journal, error) {
			return s.replaceJournal(spec.Path, entries)
		})
	}
	// A journal that was synced so far must also record durably that syncs end.
	return s.parts.RecordHeader(durable || s.durable(), content)
}

// header returns the header of the session for an epoch with spec.
func (s *session) header(spec tranship.Spec, epoch uint64) header {
	spec.Durability = s.store.durability(spec.Durability)
	return header{id: s.id, spec: spec, partSize: s.parts.PartSize(), created: s.created, epoch: epoch, boot: s.store.system.boot()}
}

// unreadable logs that a part was lost.
func (s *session) unreadable(part int64, err error) {
	s.store.options.Logger.Warn("a part of an upload could not be read and must be sent again",
		"path", s.path, "part", part, "error", rootfs.Cause(err))
}

// replaceJournal replaces the journal of the session by one with the entries only.
func (s *session) replaceJournal(path string, entries []partfile.Entry) (*partfile.Journal, error) {
	next := s.newJournal()
	if err := s.createJournal(next, newJournalName(s.id), entries); err != nil {
		return nil, fail("write the journal of", path, err)
	}
	dir := s.draft.dir
	if err := s.store.system.rename(dir, newJournalName(s.id), dir, journalName(s.id), true); err != nil {
		_ = next.Close()
		_ = s.store.system.remove(dir, newJournalName(s.id))
		return nil, fail("write the journal of", path, err)
	}
	if err := s.store.syncer.Request(uploadsDirectory); err != nil {
		return next, partfile.FinalError{Err: err}
	}
	return next, nil
}

// cloneSpec returns a copy that shares no memory with spec.
func cloneSpec(spec tranship.Spec) tranship.Spec {
	if spec.Size != nil {
		spec.Size = new(*spec.Size)
	}
	if spec.CRC32C != nil {
		spec.CRC32C = new(*spec.CRC32C)
	}
	if spec.Attributes.ModTime != nil {
		spec.Attributes.ModTime = new(*spec.Attributes.ModTime)
	}
	if spec.Attributes.Mode != nil {
		spec.Attributes.Mode = new(*spec.Attributes.Mode)
	}
	spec.Attributes.Metadata = maps.Clone(spec.Attributes.Metadata)
	return spec
}
