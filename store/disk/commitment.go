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

// commitExpiry is how long a commit is remembered, 1 day.
const commitExpiry = 24 * time.Hour

// commitment is the remembered commit of a resumable upload. It answers a client that repeats
// the commit because the reply was lost.
type commitment struct {
	partfile.Outcome
	size int64
	// parts has the checksums of the parts, in their order.
	parts []uint32
}

// ranges returns the ranges of the parts.
func (c *commitment) ranges(partSize int64) []tranship.Range {
	var all []tranship.Range
	for i, crc := range c.parts {
		offset := int64(i) * partSize
		all = append(all, tranship.Range{Offset: offset, Length: min(partSize, c.size-offset), CRC32C: &crc})
	}
	return all
}

// newCommitment returns nil if the version of the file, or the checksum of a part, is
// unknown.
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

// rememberLocked closes the files of a session that was committed as file, and remembers the
// commit.
func (s *session) rememberLocked(file tranship.File, crc uint32) error {
	s.current = nil
	s.reserved.release()
	made := partfile.Outcome{Version: file.Version, CRC32C: crc, At: s.store.system.now()}
	s.committed = newCommitment(made, file.Size, s.parts.PartSize(), s.parts.TakeChecksums())
	if err := s.parts.Journal().Append(false, partfile.CommittedEntry(made)); err != nil {
		s.store.options.Logger.Warn("a commit will be forgotten when the store is opened again", "path", file.Path,
			"error", fail("record the commit of", file.Path, err))
	}
	s.spec.Attributes = tranship.Attributes{} // a Begin that resumes it has its own
	err := fail("close", file.Path, s.closeFiles())
	if s.committed == nil {
		s.removeLocked()
	} else {
		s.store.addCommit(s)
	}
	return err
}

// addCommit remembers a commit, and forgets those that it replaces.
func (s *Store) addCommit(made *session) {
	s.mu.Lock()
	old := s.commits.Add(made.resumption.owner, made.path, made)
	s.mu.Unlock()
	s.forget(old)
}

// forgetCommit forgets the commit of the file at path, which was removed or replaced.
func (s *Store) forgetCommit(path string) {
	s.mu.Lock()
	old, ok := s.commits.Forget(path)
	s.mu.Unlock()
	if ok {
		s.forget([]*session{old})
	}
}

// forget removes the sessions of commits. A session that an upload has open is removed when
// the upload ends. The caller may hold the lock of a path for which a busy session waits:
// forget does not wait for that session, but leaves it to a later call.
func (s *Store) forget(commits []*session) {
	s.mu.Lock()
	commits = append(commits, s.stale...)
	s.stale = nil
	s.mu.Unlock()
	for _, old := range commits {
		if old.parts.Gate.TryLock() {
			if old.stale = true; old.current == nil {
				old.removeLocked()
			}
			old.parts.Gate.Unlock()
			continue
		}
		s.mu.Lock()
		s.stale = append(s.stale, old)
		s.mu.Unlock()
	}
}

// recallLocked begins the next epoch of a session that was committed. It returns errGone if
// the committed file does not exist any more.
func (s *session) recallLocked(spec tranship.Spec) (*upload, error) {
	if err := s.store.admitAttributes(spec.Attributes); err != nil {
		return nil, err
	}
	file, err := s.store.stat(spec.Path)
	if err != nil && !errors.Is(err, tranship.ErrNotFound) {
		return nil, err
	}
	if err != nil || file.Version != s.committed.Version {
		s.removeLocked()
		return nil, errGone
	}
	s.spec = spec
	return s.nextEpochLocked(), nil
}

// recommitLocked answers a repeated commit. Its caller may have lost the first reply, or may
// ask for other attributes or more durability.
func (s *session) recommitLocked(ctx context.Context, commit tranship.Commit) (tranship.File, error) {
	if err := s.checkSum(s.committed.CRC32C, commit); err != nil {
		return tranship.File{}, err
	}
	spec := s.spec
	spec.Attributes = spec.Attributes.Override(commit.Attributes)
	file, err := s.store.recommit(ctx, spec, s.committed.Version)
	if final, ok := errors.AsType[partfile.FinalError](err); ok {
		s.removeLocked() // the content of the file after a power loss is unknown
		return tranship.File{}, final.Err
	}
	if err != nil {
		return tranship.File{}, err
	}
	s.current = nil
	if s.stale {
		s.removeLocked()
	}
	return file, nil
}

// recommit gives a committed file the attributes and the durability of spec. It fails if the
// file has another version.
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
		if err := s.changeAttributes(dir, file, found, spec.Attributes); err != nil {
			return tranship.File{}, err
		}
	}
	// The commit, or a later change of attributes, may not have synced the file.
	if s.durability(spec.Durability) == tranship.DurabilityDurable {
		if err := s.system.sync(file); err != nil {
			return tranship.File{}, partfile.FinalError{Err: fail("sync", spec.Path, err)}
		}
		if err := s.syncRenamed(spec.Path, ancestors); err != nil {
			return tranship.File{}, partfile.FinalError{Err: err}
		}
	}
	again, err := s.describe(spec.Path, file)
	return again.File, err
}

// hasAttributes reports whether a file has all attributes that are set.
func hasAttributes(file tranship.File, attributes tranship.Attributes) bool {
	want := attributes.Apply(file)
	return want.ModTime.Equal(file.ModTime) && want.Mode == file.Mode && maps.Equal(want.Metadata, file.Metadata)
}
