package disk

import (
	"errors"
	"time"
)

// Parts that were closed are made durable in groups, so that a large file on a fast
// link does not sync for each, and one on a slow link loses little.
const (
	groupBytes = 32 << 20
	groupDelay = 250 * time.Millisecond
)

// closedPart is a part as it was when its writer was closed.
type closedPart struct {
	*part
	number, length int64
	crc            uint32
	// round is that of the part: in a later one it is another's.
	round uint64
}

// complete puts a whole part into the next group. The caller holds the part.
func (s *session) complete(p *part, number int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pending = append(s.pending, closedPart{part: p, number: number, length: p.written, crc: p.crc, round: p.round})
	s.pendingBytes += p.written
	full := s.pendingBytes >= groupBytes
	switch {
	case s.timer == nil:
		delay := groupDelay
		if full {
			delay = 0
		}
		s.timer = time.AfterFunc(delay, func() {
			// Who waits for the group, or commits, hears of a failure.
			_ = s.groups.Request(s.id)
		})
	case full:
		s.timer.Reset(0)
	}
}

func (s *session) stopTimer() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.timer != nil {
		s.timer.Stop()
		s.timer = nil
	}
}

// syncGroup is what groups does.
func (s *session) syncGroup() error {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if s.gone || s.committed != nil || s.draft.file == nil {
		return nil // whoever wants to know asks who the owner is
	}
	return s.flush()
}

// flush makes the parts durable that were closed before. The caller holds the gate,
// at least for reading; but only one flushes at a time.
func (s *session) flush() error {
	if err := s.failure(); err != nil {
		return err
	}
	group := s.takePending()
	if len(group) == 0 {
		return nil
	}
	err := s.flushGroup(group)
	if err != nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.pending = append(group, s.pending...)
	}
	return err
}

func (s *session) takePending() []closedPart {
	s.stopTimer()
	s.mu.Lock()
	defer s.mu.Unlock()
	group := s.pending
	s.pending, s.pendingBytes = nil, 0
	return group
}

// flushGroup syncs the data before the journal says that it is there.
func (s *session) flushGroup(group []closedPart) error {
	if s.durable() {
		if err := s.store.system.sync(s.draft.file); err != nil {
			return s.fail(finalError{fail("sync", s.path, err)})
		}
	}
	if err := s.record(group); err != nil {
		return s.fail(err)
	}
	if err := s.settle(); err != nil {
		return s.fail(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range group {
		if c.part.round == c.round {
			c.durable, c.durableCRC = true, c.crc
		}
	}
	return nil
}

// record writes a group to the journal, except for parts that were begun again, and
// then other entries.
func (s *session) record(group []closedPart, others ...entry) error {
	s.journal.mu.Lock()
	defer s.journal.mu.Unlock()
	var current []closedPart
	var entries []entry
	s.mu.Lock()
	for _, c := range group {
		if c.part.round == c.round {
			current = append(current, c)
			entries = append(entries, partEntry(c.number, c.length, c.crc))
		}
	}
	s.mu.Unlock()
	entries = append(entries, others...)
	if len(entries) == 0 {
		return nil
	}
	err := s.journal.append(s.durable(), entries...)
	if err == nil {
		for _, c := range current {
			c.recorded = true
		}
	}
	return failJournal(s.path, err)
}

// recordClosing says that the draft, which is synced, is about to become the file
// of a version.
func (s *session) recordClosing(version string, crc uint32) error {
	group := s.takePending()
	err := s.record(group, closingEntry(outcome{version: version, crc: crc}))
	if err != nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.pending = append(group, s.pending...)
		return err
	}
	return nil
}

// countRecorded reports the parts that a commit recorded which failed afterwards.
// The caller holds the gate.
func (s *session) countRecorded() error {
	if !s.resumable() {
		return nil
	}
	if err := s.settle(); err != nil {
		return s.fail(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.parts {
		if p.recorded {
			p.durable, p.durableCRC = true, p.crc
		}
	}
	return nil
}

// settle makes the session's files durable entries of their directory.
func (s *session) settle() error {
	if !s.durable() || s.settled.Load() {
		return nil
	}
	if err := s.store.syncer.Request(uploadsDirectory); err != nil {
		return finalError{err}
	}
	s.settled.Store(true)
	return nil
}

// restart takes back what was recorded of a part, before its first byte is
// overwritten. The caller holds the part.
func (s *session) restart(p *part, number int64) error {
	if s.journal != nil {
		s.journal.mu.Lock()
		defer s.journal.mu.Unlock()
		if p.recorded {
			if err := s.journal.append(s.durable(), voidEntry(number)); err != nil {
				return s.fail(failJournal(s.path, err))
			}
			p.recorded = false
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	p.round++
	p.durable = false
	return nil
}

// failJournal is fail, and keeps a finalError one.
func failJournal(path string, err error) error {
	final, ok := errors.AsType[finalError](err)
	if ok {
		return finalError{fail("write the journal of", path, final.error)}
	}
	return fail("write the journal of", path, err)
}
