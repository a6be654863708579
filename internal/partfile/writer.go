package partfile

import (
	"context"
	"fmt"
	"io/fs"

	"github.com/tranship/tranship"
)

// Writer implements tranship.PartWriter, tranship.ChunkWriter, tranship.ZeroWriter and
// tranship.TailWriter for one part. One goroutine may use it at a time.
type Writer struct {
	ctx  context.Context
	file *File
	part *part
	// check fails if nothing may be written any more. It is called while the Gate is held.
	check  func() error
	number int64
	// offset is where the part begins, and most how many bytes it can have.
	offset, most int64
	// continued is how many bytes of the part are those of the tail that the writer continues.
	continued int64
	closed    bool
}

// AdmitPart fails for a number that no part can have.
func (f *File) AdmitPart(number int64) error {
	if number < 0 || number > 0 && number > (f.Size()-1)/f.config.PartSize {
		return &tranship.InvalidError{Field: "part", Rule: "a part's number must not be negative or beyond the upload's size"}
	}
	return nil
}

// Part begins a part, and ends its older writer. The context governs the writing, too.
// check is called before the part is begun and before each write, while the Gate is held;
// its error ends the writer.
func (f *File) Part(ctx context.Context, number int64, check func() error) (*Writer, error) {
	if err := f.AdmitPart(number); err != nil {
		return nil, err
	}
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
	w := &Writer{ctx: ctx, file: f, check: check, number: number, offset: number * f.config.PartSize, most: f.length(number)}
	part, err := f.lockPart(number, w.most)
	if err != nil {
		return nil, err
	}
	w.part = part
	defer part.mu.Unlock()
	if err := f.restartLocked(part, number); err != nil {
		return nil, err
	}
	part.writer = w
	part.written = 0
	part.crc = 0
	return w, nil
}

// Write implements io.Writer. After a failure nothing of data counts as written,
// and the same may be written again.
func (w *Writer) Write(data []byte) (int, error) {
	if err := w.WriteChunk(tranship.NewChunk([][]byte{data}, tranship.CRC32C(data), nil)); err != nil {
		return 0, err
	}
	return len(data), nil
}

// WriteChunk implements tranship.ChunkWriter.
func (w *Writer) WriteChunk(c tranship.Chunk) error {
	defer c.Release()
	return w.write(c, int64(c.Len()), false)
}

// WriteZeros implements tranship.ZeroWriter.
func (w *Writer) WriteZeros(n int64) error {
	return w.write(tranship.Chunk{CRC32C: tranship.ZerosCRC32C(n)}, n, true)
}

// write writes a chunk, or a run of length zeros, which takes no memory.
func (w *Writer) write(c tranship.Chunk, length int64, zeros bool) error {
	if w.closed {
		return fs.ErrClosed
	}
	if err := w.ctx.Err(); err != nil {
		return err
	}
	f := w.file
	f.Gate.RLock()
	defer f.Gate.RUnlock()
	part := w.part
	part.mu.Lock()
	defer part.mu.Unlock()
	if err := w.lostLocked(); err != nil {
		return err
	}
	if length > w.most-part.written {
		return &tranship.InvalidError{Field: "data", Rule: "bytes must not go beyond the end of the part or the upload's size"}
	}
	more := part.written + length - part.reached
	if space := f.config.Space; space != nil {
		if err := space.Resume(); err != nil {
			return err
		}
		if err := space.Spend(part.roomLocked(length, zeros)); err != nil {
			return err
		}
	}
	part.holed = part.holed || zeros
	if err := w.putLocked(c, length, zeros); err != nil {
		return f.config.Explain("write", err)
	}
	part.crc = tranship.CombineCRC32C(part.crc, c.CRC32C, length)
	part.written += length
	part.reached = max(part.reached, part.written)
	if f.config.Space != nil {
		if zeros && f.config.Size == nil {
			more = 0
		}
		f.config.Space.Used(max(more, 0))
	}
	return nil
}

// roomLocked returns how many bytes of room the next length bytes, or zeros, may take; at most 0
// if none. The caller holds the part.
func (p *part) roomLocked(length int64, zeros bool) int64 {
	switch {
	case zeros:
		return 0
	case p.holed:
		return length
	default:
		return p.written + length - p.reached
	}
}

// putLocked writes a chunk, or zeros, to the data file at the end of what the part has. The
// caller must hold the part.
func (w *Writer) putLocked(c tranship.Chunk, length int64, zeros bool) error {
	f, part := w.file, w.part
	from, to := part.written, part.written+length
	if zeros {
		return f.clear(part, w.offset, from, to)
	}
	if part.dirtyFrom == part.dirtyTo {
		part.dirtyFrom, part.dirtyTo = from, to
	}
	part.dirtyFrom, part.dirtyTo = min(part.dirtyFrom, from), max(part.dirtyTo, to)
	return f.writeAt(w.offset+from, c.Pieces)
}

// clear makes the data file read as zeros from from up to to in a part that begins at offset,
// and long enough for them. The caller must hold the part.
func (f *File) clear(part *part, offset, from, to int64) error {
	f.writing.Lock()
	defer f.writing.Unlock()
	info, err := f.data.Stat()
	if err != nil {
		return err
	}
	if info.Size() < offset+to {
		if err := f.config.System.Truncate(f.data, offset+to); err != nil {
			return err
		}
	}
	first, last := max(from, part.dirtyFrom), min(to, part.dirtyTo)
	if first >= last {
		return nil
	}
	if err := f.config.System.Clear(f.data, offset+first, last-first); err != nil {
		return err
	}
	if first == part.dirtyFrom {
		part.dirtyFrom = last
	}
	if last == part.dirtyTo {
		part.dirtyTo = max(first, part.dirtyFrom)
	}
	return nil
}

// writeAt writes to the data file, one write at a time. Otherwise the others would wait for
// the file system's lock of the file, and spin.
func (f *File) writeAt(offset int64, pieces [][]byte) error {
	f.writing.Lock()
	defer f.writing.Unlock()
	_, err := f.config.System.WriteAt(f.data, offset, pieces...)
	return err
}

// Close implements tranship.PartWriter.
func (w *Writer) Close() error {
	if w.closed {
		return nil
	}
	if err := w.ctx.Err(); err != nil {
		w.discard()
		return err
	}
	w.closed = true
	f := w.file
	f.Gate.RLock()
	defer f.Gate.RUnlock()
	due, err := w.finish()
	if err == nil && due {
		err = f.Flush()
	}
	return err
}

// discard ends the writer and forgets what it wrote.
func (w *Writer) discard() {
	w.closed = true
	w.file.Gate.RLock()
	defer w.file.Gate.RUnlock()
	w.part.mu.Lock()
	defer w.part.mu.Unlock()
	if w.lostLocked() == nil {
		w.part.written, w.part.crc = 0, 0
		w.part.writer = nil
	}
}

// finish ends the writer, and puts a whole part into the next group. due reports whether the
// caller has to sync the group now.
func (w *Writer) finish() (due bool, err error) {
	w.part.mu.Lock()
	defer w.part.mu.Unlock()
	if err := w.lostLocked(); err != nil {
		return false, err
	}
	w.part.writer = nil
	if w.continued > 0 && w.part.written < w.most {
		w.part.written, w.part.crc = 0, 0 // the tail stays as it was
		return false, nil
	}
	if w.file.journal != nil && w.part.written > 0 && w.part.written == w.most {
		due = w.file.completeLocked(w.part, w.number)
	}
	return due, nil
}

// Discard ends the writer and forgets what it wrote.
func (w *Writer) Discard() {
	w.closed = true
	w.file.Gate.RLock()
	defer w.file.Gate.RUnlock()
	w.part.mu.Lock()
	defer w.part.mu.Unlock()
	if w.lostLocked() == nil {
		w.part.written, w.part.crc = 0, 0
		w.part.writer = nil
	}
}

// lostLocked fails if the writer has lost its part to a newer writer, or to the end of the
// upload. The caller holds the Gate and the part.
func (w *Writer) lostLocked() error {
	if err := w.check(); err != nil {
		return err
	}
	if w.part.writer != w {
		return fmt.Errorf("%w: part %d of %s has a newer writer", tranship.ErrAborted, w.number, w.file.config.Path)
	}
	return nil
}
