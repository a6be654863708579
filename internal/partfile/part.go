package partfile

import (
	"maps"
	"slices"
	"sync"

	"github.com/tranship/tranship"
)

// part is what has been written of a part.
type part struct {
	// mu is held while the part is written, so that a newer writer begins after
	// the older's last write.
	mu sync.Mutex
	// writer is the one that may write; nil once it is closed.
	writer *Writer
	// dropped is true once the file has forgotten the part.
	dropped bool
	// written bytes have the checksum crc.
	written int64
	crc     uint32
	// reached is the most that any writer has written: room that is in use.
	reached int64
	// holed is true if the data file may have holes below reached: bytes there take room.
	holed bool
	// The data file may have other bytes than zeros in the part only from dirtyFrom up to
	// dirtyTo, counted from where the part begins.
	dirtyFrom, dirtyTo int64

	// recorded is true if the journal has the part, whole. The journal's lock guards it.
	recorded bool
	// round counts how often the part was begun. durable is true if the part would now
	// outlive the process or the machine, with the checksum durableCRC. The file's lock
	// guards them.
	round      uint64
	durable    bool
	durableCRC uint32
}

// MaxUnfinished is how many parts that are not whole a File of known size keeps in memory,
// beside the parts that are being written. That is more than a client has under way at once.
// A part that was forgotten only makes the answer of which bytes are missing less exact.
const MaxUnfinished = 256

// lockPart returns a part, locked.
func (f *File) lockPart(number, most int64) (*part, error) {
	for {
		part, err := f.part(number, most)
		if err != nil {
			return nil, err
		}
		part.mu.Lock()
		if !part.dropped {
			return part, nil
		}
		part.mu.Unlock()
	}
}

// part returns the part of a number, and makes room for a new one in a file of unknown
// size.
func (f *File) part(number, most int64) (*part, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if part := f.parts[number]; part != nil {
		return part, nil
	}
	if f.config.Size == nil && f.config.Space != nil {
		if err := f.config.Space.Grow(most); err != nil {
			return nil, err
		}
	}
	if f.config.Size != nil && len(f.parts) >= f.partsAtDrop+MaxUnfinished {
		f.dropUnfinishedLocked()
	}
	f.parts[number] = new(part)
	if f.stale {
		f.parts[number].dirtyTo = f.config.PartSize
	}
	return f.parts[number], nil
}

// dropUnfinishedLocked forgets parts that are not whole and not being written.
func (f *File) dropUnfinishedLocked() {
	for n, p := range f.parts {
		if !p.mu.TryLock() {
			continue // in use
		}
		if p.writer == nil && p.written < f.length(n) {
			p.dropped, f.stale = true, true
			delete(f.parts, n)
		}
		p.mu.Unlock()
	}
	f.partsAtDrop = len(f.parts)
}

// Parts returns how many parts are in memory.
func (f *File) Parts() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.parts)
}

// ForgetUnrecorded forgets all parts that the journal does not have. The caller holds the
// Gate alone.
func (f *File) ForgetUnrecorded() {
	f.stopTimer()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.pending, f.pendingBytes, f.filled = nil, 0, false
	for n, p := range f.parts {
		p.writer = nil
		if !p.recorded {
			p.written, p.crc = 0, 0
			f.stale = true
			delete(f.parts, n)
		}
	}
}

// DurableParts returns the ranges of the parts that would outlive the process, or the machine
// if the file is Durable. The caller holds the Gate.
func (f *File) DurableParts() []tranship.Range {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.doubted {
		return nil
	}
	var all []tranship.Range
	for _, n := range slices.Sorted(maps.Keys(f.parts)) {
		if p := f.parts[n]; p.durable {
			all = append(all, tranship.Range{Offset: n * f.config.PartSize, Length: f.length(n), CRC32C: new(p.durableCRC)})
		}
	}
	return all
}

// Checksum returns the checksum of a file of that size. If bytes are missing it fails with
// a *tranship.IncompleteError; if more were written, with a *tranship.InvalidError. The
// caller holds the Gate alone.
func (f *File) Checksum(size int64) (crc uint32, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var missing []tranship.Range
	var end int64
	for _, n := range slices.Sorted(maps.Keys(f.parts)) {
		part := f.parts[n]
		if part.written == 0 {
			continue
		}
		offset := n * f.config.PartSize
		if part.written > size-offset {
			return 0, &tranship.InvalidError{Field: "size", Rule: "the size must not be less than what was written"}
		}
		if offset > end {
			missing = append(missing, tranship.Range{Offset: end, Length: offset - end})
		}
		crc = tranship.CombineCRC32C(crc, part.crc, part.written)
		end = offset + part.written
	}
	if end < size {
		missing = append(missing, tranship.Range{Offset: end, Length: size - end})
	}
	if missing != nil {
		return 0, &tranship.IncompleteError{Missing: missing}
	}
	return crc, nil
}

// TakeChecksums returns the checksums of all parts that have bytes, and forgets the parts.
// The caller holds the Gate alone.
func (f *File) TakeChecksums() map[int64]uint32 {
	f.mu.Lock()
	defer f.mu.Unlock()
	sums := make(map[int64]uint32, len(f.parts))
	for n, p := range f.parts {
		if p.written > 0 {
			sums[n] = p.crc
		}
	}
	f.parts = nil
	return sums
}
