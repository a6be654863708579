package disk

import (
	"context"
	"errors"
	"io"
	"maps"
	"slices"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/rootfs"
)

// resumption is what a later Begin must name to go on with an upload.
type resumption struct {
	path, key, owner string
	size             int64
}

// resumptionOf is that of a spec with a ResumeKey.
func resumptionOf(spec tranship.Spec) resumption {
	return resumption{path: spec.Path, size: *spec.Size, key: spec.ResumeKey, owner: spec.Owner}
}

// errGone says that there is nothing to resume.
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

func (s *Store) beginNew(ctx context.Context, spec tranship.Spec) (tranship.Upload, error) {
	if err := s.admitSpec(ctx, spec); err != nil {
		return nil, err
	}
	begun, err := s.newSession(spec)
	if err != nil {
		return nil, err
	}
	u := begun.own()
	if !s.register(begun) {
		return nil, errors.Join(errClosed(), u.Abort(context.WithoutCancel(ctx)))
	}
	return u, nil
}

// own makes a new upload the owner, and ends the older. The caller holds the gate,
// or nobody else knows the session.
func (s *session) own() *upload {
	s.epoch++
	s.owner = &upload{session: s, epoch: s.epoch}
	return s.owner
}

// resume waits for the writers of the older upload, and goes on with what is whole.
func (s *session) resume(ctx context.Context, spec tranship.Spec) (*upload, error) {
	s.gate.Lock()
	defer s.gate.Unlock()
	if s.gone || s.failure() != nil {
		return nil, errGone
	}
	if s.expiredLocked(s.store.system.now()) {
		s.remove()
		return nil, errGone
	}
	if s.committed != nil {
		return s.recall(spec)
	}
	if err := s.store.admitSpec(ctx, spec); err != nil {
		return nil, err
	}
	if err := s.reserved.resume(spec.Path); err != nil {
		return nil, err
	}
	if err := s.openFiles(); err != nil {
		if rootfs.IsAbsent(err) { // somebody removed them
			s.remove()
			return nil, errGone
		}
		return nil, fail("resume the upload of", spec.Path, err)
	}
	if err := s.flush(); err != nil {
		if s.failure() != nil {
			return nil, errGone
		}
		return nil, err
	}
	s.forgetUnrecorded()
	if err := s.recordResumed(ctx, spec); err != nil {
		if s.owner == nil {
			return nil, errors.Join(err, fail("close", spec.Path, s.closeFiles()))
		}
		return nil, err
	}
	s.spec = spec
	s.touch()
	return s.own(), nil
}

// recordResumed writes the new spec to the journal. What it can no longer rely on
// it reads, and then writes the journal anew.
func (s *session) recordResumed(ctx context.Context, spec tranship.Spec) error {
	durable := s.store.durability(spec.Durability) == tranship.DurabilityDurable
	raised := durable && !s.durable()
	if raised || s.doubted || s.journal.bytes > s.journal.limit/2 {
		if raised {
			s.doubted = true
		}
		if err := s.rewrite(ctx, spec, durable); err != nil {
			return s.fail(err)
		}
		return nil
	}
	s.journal.mu.Lock()
	defer s.journal.mu.Unlock()
	// That syncs end is known to a journal that was synced so far.
	err := s.journal.append(durable || s.durable(), headerEntry(s.header(spec, s.epoch+1)))
	return s.fail(failJournal(spec.Path, err))
}

// header describes the session as an epoch is to have it.
func (s *session) header(spec tranship.Spec, epoch uint64) header {
	spec.Durability = s.store.durability(spec.Durability)
	return header{id: s.id, spec: spec, partSize: s.partSize, created: s.created, epoch: epoch, boot: s.store.system.boot()}
}

// verify reads the parts that are recorded, and returns those that are what was
// recorded.
func (s *session) verify(ctx context.Context) (sound []int64, err error) {
	buffer := make([]byte, copyBuffer)
	for _, n := range slices.Sorted(maps.Keys(s.parts)) {
		p := s.parts[n]
		if !p.recorded {
			continue
		}
		if !s.doubted {
			sound = append(sound, n)
			continue
		}
		crc, err := sum(ctx, io.NewSectionReader(s.draft.file, n*s.partSize, p.written), buffer)
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case err != nil: // what cannot be read is not there
			s.store.options.Logger.Warn("a part of an upload could not be read and is to be sent again",
				"path", s.path, "part", n, "error", rootfs.Cause(err))
		case crc == p.crc:
			sound = append(sound, n)
		}
	}
	return sound, nil
}

// sum is the checksum of all that a reader has.
func sum(ctx context.Context, r io.Reader, buffer []byte) (crc uint32, err error) {
	for {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		n, err := r.Read(buffer)
		crc = tranship.UpdateCRC32C(crc, buffer[:n])
		if err == io.EOF {
			return crc, nil
		}
		if err != nil {
			return 0, err
		}
	}
}

// rewrite replaces the journal by one of the next epoch that has only what holds.
// Nothing is overwritten before that is durable, for the old one may come back.
func (s *session) rewrite(ctx context.Context, spec tranship.Spec, durable bool) error {
	if s.doubted && durable {
		if err := s.store.system.sync(s.draft.file); err != nil {
			return finalError{fail("sync", spec.Path, err)}
		}
	}
	sound, err := s.verify(ctx)
	if err != nil {
		return err
	}
	entries := []entry{headerEntry(s.header(spec, s.epoch+1))}
	for _, n := range sound {
		entries = append(entries, partEntry(n, s.parts[n].written, s.parts[n].crc))
	}
	next := s.newJournal()
	if err := s.createJournal(next, newJournalName(s.id), entries); err != nil {
		return fail("write the journal of", spec.Path, err)
	}
	dir := s.draft.dir
	err = s.store.system.rename(dir, newJournalName(s.id), dir, journalName(s.id), true)
	if err != nil {
		_ = next.file.Close()
		_ = s.store.system.remove(dir, newJournalName(s.id))
		return fail("write the journal of", spec.Path, err)
	}
	_ = s.journal.file.Close() // nothing in it counts any more
	s.journal = next
	if err := s.store.syncer.Request(uploadsDirectory); err != nil {
		return finalError{err}
	}
	s.settled.Store(true)
	s.doubted = false
	s.mu.Lock()
	defer s.mu.Unlock()
	for n, p := range s.parts {
		p.recorded = slices.Contains(sound, n)
		if !p.recorded {
			p.written, p.crc = 0, 0
		}
		p.durable, p.durableCRC = p.recorded, p.crc
	}
	return nil
}

// cloneSpec keeps a spec from what its owner may do to what it points to.
func cloneSpec(spec tranship.Spec) tranship.Spec {
	if spec.Size != nil {
		spec.Size = new(*spec.Size)
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
