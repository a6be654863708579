package partfile

import (
	"errors"
	"time"
)

// Parts that were closed are made durable in groups, so that a large file on a fast
// link does not sync for each, and one on a slow link loses little.
const (
	groupBytes = 32 << 20
	// GroupDelay is how long a whole part waits at most for other parts of its group, if
	// groups are synced in the background.
	GroupDelay = 250 * time.Millisecond
)

// closedPart is the state of a part when its writer was closed.
type closedPart struct {
	*part
	number, length int64
	crc            uint32
	// round is the round of the part then. In a later round the bytes are those of
	// another writer.
	round uint64
}

// completeLocked puts a whole part into the next group. due reports whether the caller has to
// sync the group now. The caller holds the part.
func (f *File) completeLocked(p *part, number int64) (due bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.pending = append(f.pending, closedPart{part: p, number: number, length: p.written, crc: p.crc, round: p.round})
	f.pendingBytes += p.written
	if f.tail != nil && f.tail.Number == number {
		f.filled = true
	}
	full := f.pendingBytes >= groupBytes
	switch {
	case !f.config.Background:
		return full || !f.config.Durable()
	case f.timer == nil:
		delay := GroupDelay
		if full {
			delay = 0
		}
		f.timer = time.AfterFunc(delay, func() {
			// A caller that waits for the group, or commits, gets the error.
			_ = f.Sync()
		})
	case full:
		f.timer.Reset(0)
	}
	return false
}

func (f *File) stopTimer() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.timer != nil {
		f.timer.Stop()
		f.timer = nil
	}
}

// Sync makes the parts durable that were closed before. Calls at the same time share
// syncs. It does nothing if the files are closed.
func (f *File) Sync() error { return f.groups.Request("") }

// syncGroup is the Sync function of groups.
func (f *File) syncGroup() error {
	f.Gate.RLock()
	defer f.Gate.RUnlock()
	if f.data == nil {
		return nil // a caller that needs to know checks whether it is still the owner
	}
	return f.Flush()
}

// Flush makes the parts durable that were closed before. The caller holds the Gate.
func (f *File) Flush() error {
	f.flushing.Lock()
	defer f.flushing.Unlock()
	if err := f.Failure(); err != nil {
		return err
	}
	group := f.takePending()
	if len(group) == 0 {
		return nil
	}
	err := f.flushGroup(group)
	if err != nil {
		f.returnPending(group)
	}
	return err
}

func (f *File) takePending() []closedPart {
	f.stopTimer()
	f.mu.Lock()
	defer f.mu.Unlock()
	group := f.pending
	f.pending, f.pendingBytes = nil, 0
	return group
}

func (f *File) returnPending(group []closedPart) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.pending = append(group, f.pending...)
}

// flushGroup makes a group durable, and what the other entries say. It syncs the data before the
// journal has the parts.
func (f *File) flushGroup(group []closedPart, others ...Entry) error {
	if f.config.Durable() {
		if err := f.config.System.Sync(f.data); err != nil {
			return f.Fail(FinalError{f.config.Explain("sync", err)})
		}
	}
	if err := f.record(group, others...); err != nil {
		return f.Fail(err)
	}
	if err := f.settle(); err != nil {
		return f.Fail(err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range group {
		if c.part.round == c.round {
			c.durable, c.durableCRC = true, c.crc
		}
	}
	return nil
}

// record appends a group to the journal, without the parts that were begun again, and then
// the other entries.
func (f *File) record(group []closedPart, others ...Entry) error {
	f.journal.mu.Lock()
	defer f.journal.mu.Unlock()
	var current []closedPart
	var entries []Entry
	f.mu.Lock()
	for _, c := range group {
		if c.part.round == c.round {
			current = append(current, c)
			entries = append(entries, PartEntry(c.number, c.length, c.crc))
		}
	}
	f.mu.Unlock()
	entries = append(entries, others...)
	if len(entries) == 0 {
		return nil
	}
	err := f.journal.appendLocked(f.config.Durable(), entries...)
	if err == nil {
		f.mu.Lock()
		defer f.mu.Unlock()
		for _, c := range current {
			c.recorded = true
			f.dropTailLocked(c.number)
		}
	}
	return f.failJournal(err)
}

// RecordClosing records that the data file, which is synced, is about to become the file
// of a version; and the parts that were closed before. The caller holds the Gate alone.
func (f *File) RecordClosing(made Outcome) error {
	group := f.takePending()
	err := f.record(group, ClosingEntry(made))
	if err != nil {
		f.returnPending(group)
	}
	return err
}

// CountRecorded counts the parts that RecordClosing recorded for a commit which failed
// afterwards. The caller holds the Gate alone.
func (f *File) CountRecorded() error {
	if f.journal == nil {
		return nil
	}
	if err := f.settle(); err != nil {
		return f.Fail(err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, p := range f.parts {
		if p.recorded {
			p.durable, p.durableCRC = true, p.crc
		}
	}
	return nil
}

// settle makes the files durable entries of their directory.
func (f *File) settle() error {
	if f.config.Settle == nil || !f.config.Durable() || f.settled.Load() {
		return nil
	}
	if err := f.config.Settle(); err != nil {
		return FinalError{err}
	}
	f.settled.Store(true)
	return nil
}

// Settled reports whether the files are durable entries of their directory.
func (f *File) Settled() bool { return f.settled.Load() }

// restartLocked voids the record of a part, or of its beginning, before its first byte is overwritten. The caller
// holds the part.
func (f *File) restartLocked(p *part, number int64) error {
	if f.journal != nil {
		f.journal.mu.Lock()
		defer f.journal.mu.Unlock()
		if p.recorded || f.hasTail(number) {
			if err := f.journal.appendLocked(f.config.Durable(), VoidEntry(number)); err != nil {
				return f.Fail(f.failJournal(err))
			}
			p.recorded = false
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	p.round++
	p.durable = false
	f.dropTailLocked(number)
	return nil
}

// RecordHeader records the header of another epoch. The caller holds the Gate alone, or
// has not shared f yet.
func (f *File) RecordHeader(durable bool, content []byte) error {
	return f.Fail(f.failJournal(f.journal.Append(durable, HeaderEntry(content))))
}

// failJournal explains an error of the journal, and keeps a FinalError one.
func (f *File) failJournal(err error) error {
	const op = "write the journal of"
	final, ok := errors.AsType[FinalError](err)
	switch {
	case err == nil, errors.Is(err, errLong):
		return err
	case ok:
		return FinalError{f.config.Explain(op, final.Err)}
	}
	return f.config.Explain(op, err)
}
