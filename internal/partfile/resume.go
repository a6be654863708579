package partfile

import (
	"context"
	"io"
	"maps"
	"slices"

	"github.com/tranship/tranship"
)

// Restore takes over the parts and the tail of a history, except those that end behind the end of the data
// file, which has dataSize bytes. complete reports whether there were none. Both
// files count as durable entries of their directory. Restore must be called before f is
// used.
func (f *File) Restore(h *History, dataSize int64) (complete bool) {
	f.settled.Store(true)
	f.stale = true
	complete = true
	for n, crc := range h.Parts {
		length := h.length(n)
		if n*h.PartSize+length > dataSize {
			complete = false
			continue
		}
		f.parts[n] = &part{written: length, crc: crc, reached: length, holed: true, dirtyTo: length, recorded: true, durable: true, durableCRC: crc}
		if f.config.Space != nil {
			f.config.Space.Used(length)
		}
	}
	if h.Tail == nil {
		return complete
	}
	if h.Tail.Number*h.PartSize+h.Tail.Length > dataSize {
		return false
	}
	f.tail = h.Tail
	if f.config.Space != nil {
		f.config.Space.Used(h.Tail.Length)
	}
	return complete
}

// Doubt says that parts have to be read before they count. The caller holds the Gate
// alone, or has not shared f yet.
func (f *File) Doubt() { f.doubted = true }

// IsDoubted reports whether parts have to be read before they count. The caller holds the
// Gate.
func (f *File) IsDoubted() bool { return f.doubted }

// Rewrite replaces the journal by one that has a header, the recorded parts and the tail. If they
// are doubted it reads them first, and leaves out those that do not have their recorded
// checksum. No part may be overwritten until the new journal is durable, because a crash may
// bring the old one back.
//
// replace creates the new journal with the entries, in the place of the old one and as a
// durable entry of its directory, and returns it. It may return both a journal and an error,
// if the journal is in its place but may not be durable. unreadable is called with each part
// that cannot be read; it must not be nil. The caller holds the Gate alone.
func (f *File) Rewrite(ctx context.Context, durable bool, header []byte, unreadable func(part int64, err error), replace func(entries []Entry) (*Journal, error)) error {
	if f.doubted && durable {
		if err := f.config.System.Sync(f.data); err != nil {
			return f.Fail(FinalError{f.config.Explain("sync", err)})
		}
	}
	sound, err := f.sound(ctx, unreadable)
	if err != nil {
		return err
	}
	entries := []Entry{HeaderEntry(header)}
	for _, n := range sound {
		entries = append(entries, PartEntry(n, f.parts[n].written, f.parts[n].crc))
	}
	tail, err := f.soundTail(ctx, unreadable)
	if err != nil {
		return err
	}
	if tail != nil {
		entries = append(entries, TailEntry(*tail))
	}
	old := f.journal.file
	next, err := replace(entries)
	if next != nil {
		if old != next.file {
			_ = old.Close() // it no longer counts
		}
		f.journal = next
	}
	if err != nil {
		return f.Fail(err)
	}
	f.settled.Store(true)
	doubted := f.doubted
	f.doubted = false
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tail = tail
	for n, p := range f.parts {
		p.recorded = slices.Contains(sound, n)
		if !p.recorded && doubted {
			p.written, p.crc = 0, 0
		}
		p.durable, p.durableCRC = p.recorded, p.crc
	}
	return nil
}

// sound returns the recorded parts. If the parts are doubted it reads them, and returns only
// those that have their recorded checksum.
func (f *File) sound(ctx context.Context, unreadable func(part int64, err error)) (sound []int64, err error) {
	buffer := make([]byte, verifyBuffer)
	for _, n := range slices.Sorted(maps.Keys(f.parts)) {
		p := f.parts[n]
		if !p.recorded {
			continue
		}
		if !f.doubted {
			sound = append(sound, n)
			continue
		}
		crc, err := sum(ctx, f.ReadPart(n), buffer)
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case err != nil: // a part that cannot be read is lost
			unreadable(n, err)
		case crc == p.crc:
			sound = append(sound, n)
		}
	}
	return sound, nil
}

// soundTail returns the tail; nil for none. If it is doubted it reads it, and returns it only if
// it has its recorded checksum.
func (f *File) soundTail(ctx context.Context, unreadable func(part int64, err error)) (*Tail, error) {
	tail := f.tail
	if tail == nil || !f.doubted {
		return tail, nil
	}
	data := io.NewSectionReader(f.data, tail.Number*f.config.PartSize, tail.Length)
	crc, err := sum(ctx, data, make([]byte, verifyBuffer))
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil:
		unreadable(tail.Number, err)
		return nil, nil
	case crc != tail.CRC32C:
		return nil, nil
	}
	return tail, nil
}

// verifyBuffer is how many bytes are read at once.
const verifyBuffer = 256 << 10

// ReadPart returns the bytes of a part in the data file.
func (f *File) ReadPart(number int64) io.Reader {
	return io.NewSectionReader(f.data, number*f.config.PartSize, f.length(number))
}

// sum returns the checksum of all bytes of a reader.
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
