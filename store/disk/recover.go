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

// recover takes up the resumable uploads of an earlier process, and removes what
// belongs to none. It commits nothing.
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
			// It may be there again when the disk is read the next time.
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
			s.options.Logger.Warn("something in the directory of uploads cannot be removed", "name", e.Name(), "error", rootfs.Cause(err))
		}
	}
	return nil
}

// rememberRecovered enters the commits that were found, and returns those that are too
// many.
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

// admitRecovered is false if the session has an heir: one of the same file, used
// later.
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

func (s *Store) removeForeign(e rootfs.Entry) error {
	if e.IsDir() {
		return s.state.uploads.RemoveDir(e.Name())
	}
	return s.system.remove(s.state.uploads, e.Name())
}

// recoverSession makes sense of a journal and the data beside it; nil if there is
// none to make.
func (s *Store) recoverSession(id string) (*session, error) {
	log, written, torn, err := s.loadJournal(id)
	if err != nil || log == nil {
		return nil, err
	}
	found := s.recoveredSession(log)
	// What was only written may be lost with the machine; and a minimum may have been
	// raised.
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
			if found.committed == nil || lost { // its file may have any bytes
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
	if !found.parts.Restore(&log.History, data.Size()) { // the data was cut by hand
		found.parts.Doubt()
	}
	if data.ModTime().After(written) && log.Closing == nil { // a commit sets it to the source's
		written = data.ModTime()
	}
	found.used.Store(written.UnixNano())
	return found, nil
}

// recoveredSession is one without parts, which nobody owns.
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

// loadJournal reads a journal and when it was written last; nil when it is none. It
// is torn if not all of it makes sense.
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

// outcomeOf is the file that a session has become; nil if it is still open. data
// describes its data; nil when that is gone.
func (s *Store) outcomeOf(log *history, data fs.FileInfo) (*partfile.Outcome, error) {
	if data == nil {
		return log.Closing, nil
	}
	// Even what was committed may still be open, if renaming was not synced. Or it
	// has both names, if only one side of that is there.
	target, err := s.lookAt(log.header.spec.Path)
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
		return nil, fmt.Errorf("looking at the file: %w", err)
	}
	if log.Closing.Version != "" && file.Version == log.Closing.Version {
		return log.Closing, nil
	}
	return nil, nil
}

// lookAt describes what is at a path; nil when there is nothing.
func (s *Store) lookAt(path string) (fs.FileInfo, error) {
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
