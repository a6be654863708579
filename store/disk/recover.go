package disk

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/partfile"
	"github.com/tranship/tranship/internal/rootfs"
)

// recover registers the resumable uploads of an earlier process, and removes the files that
// belong to none. It commits nothing.
func (s *Store) recover() error {
	dir := s.state.uploads
	entries, err := dir.ReadDir()
	if err != nil {
		return err
	}
	keep := make(map[string]bool)
	for _, e := range entries {
		id, ok := strings.CutSuffix(e.Name(), journalName(""))
		if !ok {
			continue
		}
		found, err := s.recoverSession(id)
		if err != nil {
			// The disk may be able to read it the next time.
			s.options.Logger.Warn("an unfinished upload cannot be read", "id", id, "error", rootfs.Cause(err))
			keep[id], keep[journalName(id)] = true, true
			continue
		}
		if found != nil && s.admitRecovered(found, keep) {
			keep[id], keep[journalName(id)] = found.committed == nil, true
		}
	}
	for _, old := range s.rememberRecovered() {
		s.deregister(old)
		delete(keep, journalName(old.id))
	}
	for _, e := range entries {
		if keep[e.Name()] {
			continue
		}
		if err := s.removeForeign(e); err != nil {
			s.options.Logger.Warn("an unknown file in the directory of uploads cannot be removed", "name", e.Name(), "error", rootfs.Cause(err))
		}
	}
	return nil
}

// rememberRecovered remembers the commits that were found, and returns the oldest ones that
// exceed the limit.
func (s *Store) rememberRecovered() (forgotten []*session) {
	var found []*session
	for _, session := range s.allSessions() {
		if session.committed != nil {
			found = append(found, session)
		}
	}
	slices.SortFunc(found, func(a, b *session) int { return a.committed.At.Compare(b.committed.At) })
	for _, session := range found {
		forgotten = append(forgotten, s.commits.Add(session.resumption.owner, session.path, session)...)
	}
	return forgotten
}

// admitRecovered registers a session, unless another session with the same resumption was used
// later. It reports whether it did.
func (s *Store) admitRecovered(found *session, keep map[string]bool) bool {
	if other := s.sessionFor(found.resumption); other != nil {
		if other.used.Load() >= found.used.Load() {
			return false
		}
		s.deregister(other)
		delete(keep, other.id)
		delete(keep, journalName(other.id))
	}
	return s.register(found)
}

// removeForeign removes a file or directory that belongs to no upload.
func (s *Store) removeForeign(e rootfs.Entry) error {
	if e.IsDir() {
		return s.state.uploads.RemoveDir(e.Name())
	}
	return s.system.remove(s.state.uploads, e.Name())
}

// recoverSession returns the session of a journal and the data beside it; nil if the upload
// cannot be resumed.
func (s *Store) recoverSession(id string) (*session, error) {
	log, written, torn, err := s.loadJournal(id)
	if err != nil || log == nil {
		return nil, err
	}
	found := s.recoveredSession(log)
	// Data that was written but not synced may be lost after another boot. The minimum
	// durability may have been raised since.
	unsynced := log.header.spec.Durability != tranship.DurabilityDurable
	lost := unsynced && (log.header.boot == "" || log.header.boot != s.system.boot())
	if torn || lost || unsynced && found.durable() {
		found.parts.Doubt()
	}
	data, err := s.state.uploads.Lstat(id)
	gone := errors.Is(err, fs.ErrNotExist)
	if err != nil && !gone {
		return nil, err
	}
	if !gone && !data.Mode().IsRegular() {
		return nil, nil
	}
	if log.Closing != nil {
		made, err := s.outcomeOf(log, data)
		if err != nil {
			return nil, err
		}
		if made != nil {
			if made.At.IsZero() {
				made.At = written
			}
			found.committed = newCommitment(*made, *log.header.spec.Size, found.parts.PartSize(), log.Parts)
			if found.committed == nil || lost { // the content of the file is unknown
				return nil, nil
			}
			found.used.Store(written.UnixNano())
			found.reserved.release()
			found.spec.Attributes = tranship.Attributes{}
			return found, nil
		}
	}
	if gone {
		return nil, nil
	}
	if log.header.spec.Transient {
		return nil, nil
	}
	if !found.parts.Restore(&log.History, data.Size()) { // the data was truncated by hand
		found.parts.Doubt()
	}
	if data.ModTime().After(written) && log.Closing == nil { // a commit sets the time to that of the source
		written = data.ModTime()
	}
	found.used.Store(written.UnixNano())
	return found, nil
}

// recoveredSession returns a session for a journal, without parts and current upload.
func (s *Store) recoveredSession(log *history) *session {
	h := log.header
	found := &session{
		store:    s,
		id:       h.id,
		created:  h.created,
		reserved: &reservation{space: s.space, owner: &h.spec.Owner, left: *h.spec.Size, suspended: true},
		path:     h.spec.Path,
		declared: h.spec.Size,
		spec:     h.spec,
		epoch:    h.epoch,
		draft:    &draft{dir: s.state.uploads, name: h.id},
	}
	found.parts = found.newFile(h.partSize)
	journal := found.newJournal()
	journal.Continue(&log.History)
	found.parts.Open(nil, journal)
	found.resumption = resumptionOf(h.spec)
	return found
}

// loadJournal reads a journal and the time of its last write. log is nil if the file is not a
// valid journal. torn reports whether its end is damaged.
func (s *Store) loadJournal(id string) (log *history, written time.Time, torn bool, err error) {
	file, info, err := s.state.uploads.OpenFile(journalName(id))
	if rootfs.IsAbsent(err) {
		return nil, time.Time{}, false, nil
	}
	if err != nil {
		return nil, time.Time{}, false, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, partfile.MaxJournal+1))
	if err != nil {
		return nil, time.Time{}, false, err
	}
	h, ok := readJournal(id, data)
	if !ok {
		return nil, time.Time{}, false, nil
	}
	return &h, info.ModTime(), h.Bytes < int64(len(data)), nil
}

// outcomeOf returns the outcome of a session whose commit had begun; nil if the commit has not
// taken effect. data describes the data of the session; nil if it is absent.
func (s *Store) outcomeOf(log *history, data fs.FileInfo) (*partfile.Outcome, error) {
	if data == nil {
		return log.Closing, nil
	}
	// If the rename was not synced, a committed session may still have its data. Or the file
	// has both names, if only one directory was synced.
	target, err := s.lstat(log.header.spec.Path)
	if err != nil || target == nil {
		return nil, err
	}
	if os.SameFile(target, data) {
		return log.Closing, nil
	}
	file, err := s.stat(log.header.spec.Path)
	if errors.Is(err, tranship.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("checking the committed file: %w", err)
	}
	if log.Closing.Version != "" && file.Version == log.Closing.Version {
		return log.Closing, nil
	}
	return nil, nil
}

// lstat returns the info of the file or directory at a path; nil if it is absent.
func (s *Store) lstat(path string) (fs.FileInfo, error) {
	directory, name := rootfs.Split(path)
	dir, err := s.root.Walk(directory)
	if rootfs.IsAbsent(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	info, err := dir.Lstat(name)
	if rootfs.IsAbsent(err) {
		return nil, nil
	}
	return info, err
}
