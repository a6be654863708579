package disk

import (
	"context"
	"errors"
	"maps"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/failure"
	"github.com/tranship/tranship/internal/partfile"
)

// remembered is how long a commit is, 1 day.
const remembered = 24 * time.Hour

// commitment is what a store remembers of a resumable upload that was committed,
// in case the reply was lost.
type commitment struct {
	partfile.Outcome
	size int64
	// parts are the checksums of the parts, in their order.
	parts []uint32
}

// ranges are those of the parts.
func (c *commitment) ranges(partSize int64) []tranship.Range {
	var all []tranship.Range
	for i, crc := range c.parts {
		offset := int64(i) * partSize
		all = append(all, tranship.Range{Offset: offset, Length: min(partSize, c.size-offset), CRC32C: &crc})
	}
	return all
}

// newCommitment is nil if not all parts are known, or what they made is not.
func newCommitment(o partfile.Outcome, size, partSize int64, parts map[int64]uint32) *commitment {
	if o.Version == "" {
		return nil
	}
	c := &commitment{Outcome: o, size: size}
	for offset := int64(0); offset < size; offset += partSize {
		crc, ok := parts[offset/partSize]
		if !ok {
			return nil
		}
		c.parts = append(c.parts, crc)
	}
	return c
}

// remember closes the files of a session that has become file, and keeps the rest.
// The caller holds the gate.
func (s *session) remember(file tranship.File, crc uint32) error {
	s.owner = nil
	s.reserved.release()
	made := partfile.Outcome{Version: file.Version, CRC32C: crc, At: s.store.system.now()}
	s.committed = newCommitment(made, file.Size, s.parts.PartSize(), s.parts.TakeChecksums())
	if err := s.parts.Journal().Append(false, partfile.CommittedEntry(made)); err != nil {
		s.store.options.Logger.Warn("a commit will be forgotten when the store is opened again", "path", file.Path,
			"error", fail("record the commit of", file.Path, err))
	}
	s.spec.Attributes = tranship.Attributes{} // whatever resumes it has its own
	err := fail("close", file.Path, s.closeFiles())
	if s.committed == nil {
		s.remove()
	} else {
		s.store.note(s)
	}
	return err
}

// note remembers a commit, and forgets those that it takes the place of.
func (s *Store) note(made *session) {
	s.mu.Lock()
	old := s.commits.Add(made.resumption.owner, made.path, made)
	s.mu.Unlock()
	s.forget(old)
}

// forgetCommit forgets the upload that made the file at path, which is not there any
// more.
func (s *Store) forgetCommit(path string) {
	s.mu.Lock()
	old, ok := s.commits.Forget(path)
	s.mu.Unlock()
	if ok {
		s.forget([]*session{old})
	}
}

// forget removes what is kept of commits; of one that an upload has open, when that
// ends. The caller may hold the lock of a path, for which a session that is in use may
// wait: such a session is looked at again later.
func (s *Store) forget(commits []*session) {
	s.mu.Lock()
	commits = append(commits, s.stale...)
	s.stale = nil
	s.mu.Unlock()
	for _, old := range commits {
		if old.parts.Gate.TryLock() {
			if old.stale = true; old.owner == nil {
				old.remove()
			}
			old.parts.Gate.Unlock()
			continue
		}
		s.mu.Lock()
		s.stale = append(s.stale, old)
		s.mu.Unlock()
	}
}

// recall goes on with a session whose commit is remembered, unless its file is not
// there any more. The caller holds the gate.
func (s *session) recall(spec tranship.Spec) (*upload, error) {
	if err := s.store.admitAttributes(spec.Attributes); err != nil {
		return nil, err
	}
	file, err := s.store.stat(spec.Path)
	if err != nil && !errors.Is(err, tranship.ErrNotFound) {
		return nil, err
	}
	if err != nil || file.Version != s.committed.Version {
		s.remove()
		return nil, errGone
	}
	s.spec = spec
	return s.own(), nil
}

// commitAgain answers a commit whose reply may have been lost, or that somebody
// repeats with other attributes or more durability. The caller holds the gate.
func (s *session) commitAgain(ctx context.Context, commit tranship.Commit) (tranship.File, error) {
	if err := s.checkSum(s.committed.CRC32C, commit); err != nil {
		return tranship.File{}, err
	}
	spec := s.spec
	spec.Attributes = spec.Attributes.Override(commit.Attributes)
	file, err := s.store.recommit(ctx, spec, s.committed.Version)
	if final, ok := errors.AsType[partfile.FinalError](err); ok {
		s.remove() // it is unknown which bytes the file has after the next outage
		return tranship.File{}, final.Err
	}
	if err != nil {
		return tranship.File{}, err
	}
	s.owner = nil
	if s.stale {
		s.remove()
	}
	return file, nil
}

// recommit gives the version of a file that is there what its spec sets of attributes,
// and the spec's durability.
func (s *Store) recommit(ctx context.Context, spec tranship.Spec, version string) (tranship.File, error) {
	unlock, err := s.paths.Lock(ctx, spec.Path)
	if err != nil {
		return tranship.File{}, err
	}
	defer unlock()
	ancestors := s.ancestors(spec.Path)
	dir, file, found, err := s.find(spec.Path)
	if errors.Is(err, tranship.ErrNotFound) {
		return tranship.File{}, failure.WrongVersion(spec.Path, "", version)
	}
	if err != nil {
		return tranship.File{}, err
	}
	defer dir.Close()
	defer file.Close()
	if found.Version != version {
		return tranship.File{}, failure.WrongVersion(found.Path, found.Version, version)
	}
	if !hasAttributes(found.File, spec.Attributes) {
		if err := s.alter(dir, file, found, spec.Attributes); err != nil {
			return tranship.File{}, err
		}
	}
	// Who committed it, or changed its attributes since, may not have synced.
	if s.durability(spec.Durability) == tranship.DurabilityDurable {
		if err := s.system.sync(file); err != nil {
			return tranship.File{}, partfile.FinalError{Err: fail("sync", spec.Path, err)}
		}
		if err := s.syncPlaced(spec.Path, ancestors); err != nil {
			return tranship.File{}, partfile.FinalError{Err: err}
		}
	}
	again, err := s.describe(spec.Path, file)
	return again.File, err
}

// hasAttributes tells whether a file has all that is set in attributes.
func hasAttributes(file tranship.File, attributes tranship.Attributes) bool {
	want := attributes.Apply(file)
	return want.ModTime.Equal(file.ModTime) && want.Mode == file.Mode && maps.Equal(want.Metadata, file.Metadata)
}
