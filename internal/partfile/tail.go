package partfile

import (
	"context"
	"errors"
	"fmt"

	"github.com/tranship/tranship"
)

// Tail is the beginning of a part whose rest has not come yet.
type Tail struct {
	// Number is that of the part. The tail has its first Length bytes, more than none and
	// less than the part has.
	Number, Length int64
	CRC32C         uint32
}

// Tail returns the tail that would outlive the process, or the machine if the file is Durable. It
// is false if there is none. The caller holds the Gate.
func (f *File) Tail() (Tail, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.tail == nil || f.filled || f.doubted {
		return Tail{}, false
	}
	return *f.tail, true
}

// hasTail reports whether the journal has a tail of a part.
func (f *File) hasTail(number int64) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.tail != nil && f.tail.Number == number
}

// dropTailLocked forgets the tail of a part, which the journal does not have any more. The caller
// holds mu.
func (f *File) dropTailLocked(number int64) {
	if f.tail != nil && f.tail.Number == number {
		f.tail, f.filled = nil, false
	}
}

// ContinuePart continues the part of the tail behind it, and ends the older writer of the part. It
// returns ErrNotFound if there is no tail. The context and check are those of Part.
func (f *File) ContinuePart(ctx context.Context, check func() error) (*Writer, error) {
	f.Gate.RLock()
	defer f.Gate.RUnlock()
	if err := check(); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if f.config.Space != nil {
		if err := f.config.Space.Resume(); err != nil {
			return nil, err
		}
	}
	for {
		tail, ok := f.Tail()
		if !ok {
			return nil, fmt.Errorf("%w: the upload of %s has no tail", tranship.ErrNotFound, f.config.Path)
		}
		most := f.length(tail.Number)
		part, err := f.lockPart(tail.Number, most)
		if err != nil {
			return nil, err
		}
		if now, ok := f.Tail(); !ok || now != tail { // it was replaced before the part was locked
			part.mu.Unlock()
			continue
		}
		w := &Writer{ctx: ctx, file: f, part: part, check: check, number: tail.Number, offset: tail.Number * f.config.PartSize, most: most, continued: tail.Length}
		part.writer, part.written, part.crc = w, tail.Length, tail.CRC32C
		if part.reached < tail.Length {
			// The part was forgotten since, and with it which of the bytes are holes.
			part.reached, part.holed = tail.Length, true
		}
		part.mu.Unlock()
		return w, nil
	}
}

// CloseTail implements tranship.TailWriter. Without a journal it is Close.
func (w *Writer) CloseTail() error {
	kept, err := w.keepTail()
	if errors.Is(err, errLong) && w.file.config.Shorten != nil {
		if err = w.file.config.Shorten(); err == nil {
			kept, err = w.keepTail()
		}
	}
	if err != nil {
		w.discard()
		return err
	}
	if kept {
		return nil
	}
	return w.Close()
}

// keepTail ends the writer and makes the bytes of its part the tail. kept is false if Close has to
// end the writer instead. After an error the writer is as it was.
func (w *Writer) keepTail() (kept bool, err error) {
	if w.closed || w.ctx.Err() != nil {
		return false, nil
	}
	f, part := w.file, w.part
	f.Gate.RLock()
	defer f.Gate.RUnlock()
	part.mu.Lock()
	defer part.mu.Unlock()
	if w.lostLocked() != nil || f.journal == nil || part.written == w.most {
		return false, nil
	}
	if part.written > w.continued {
		if err := f.recordTail(Tail{Number: w.number, Length: part.written, CRC32C: part.crc}); err != nil {
			return false, err
		}
	}
	part.written, part.crc = 0, 0
	part.writer, w.closed = nil, true
	return true, nil
}

// recordTail makes a tail durable, in the place of another one, and with it the parts that were
// closed before: one of them may be the rest of the other tail, which must not be lost with its
// beginning. The caller holds the Gate and the part. A sync reports the failure of another sync of
// the same file to only one of both, so one sync follows the other.
func (f *File) recordTail(tail Tail) error {
	f.flushing.Lock()
	defer f.flushing.Unlock()
	if err := f.Failure(); err != nil {
		return err
	}
	group := f.takePending()
	if err := f.flushGroup(group, TailEntry(tail)); err != nil {
		f.returnPending(group)
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tail, f.filled = &tail, false
	return nil
}
