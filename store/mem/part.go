package mem

import (
	"context"
	"fmt"
	"io/fs"
	"math"
	"time"

	"github.com/tranship/tranship"
)

// part has the data of one writer. A newer writer replaces it in the session, which ends
// the older writer.
type part struct {
	data   []byte
	crc    uint32
	closed bool
}

// Part implements tranship.Upload.
func (u *upload) Part(ctx context.Context, n int) (tranship.PartWriter, error) {
	u.store.mu.Lock()
	defer u.store.mu.Unlock()
	most, err := u.partLocked(ctx, n)
	if err != nil {
		return nil, err
	}
	w := &writer{ctx: ctx, upload: u, n: n, part: new(part), most: most}
	u.session.parts[n] = w.part
	u.session.dropTailLocked(n)
	return w, nil
}

// CopyPart implements tranship.Upload.
func (u *upload) CopyPart(ctx context.Context, n int, source string, options tranship.OpenOptions) error {
	u.store.mu.Lock()
	defer u.store.mu.Unlock()
	most, err := u.partLocked(ctx, n)
	if err != nil {
		return err
	}
	options.Length = &most
	_, data, err := u.store.readLocked(source, options)
	if err != nil {
		return err
	}
	if int64(len(data)) < most {
		return &tranship.InvalidError{Field: "offset", Rule: fmt.Sprintf("the source must have %d bytes from the offset, the length of the part", most)}
	}
	data = data[:most:most]
	u.session.parts[n] = &part{data: data, crc: tranship.CRC32C(data), closed: true}
	u.session.dropTailLocked(n)
	u.session.used = time.Now()
	return nil
}

// partLocked checks whether part n may be written, and returns its maximum length in bytes.
func (u *upload) partLocked(ctx context.Context, n int) (most int64, err error) {
	size := int64(math.MaxInt64)
	if u.session.spec.Size != nil {
		size = *u.session.spec.Size
	}
	if n < 0 || n > 0 && int64(n) > (size-1)/u.session.partSize {
		return 0, &tranship.InvalidError{Field: "part", Rule: "a part's number must not be negative or beyond the upload's size"}
	}
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	if err := u.endedLocked(); err != nil {
		return 0, err
	}
	if u.session.committed != "" {
		return 0, fmt.Errorf("%w: the upload of %s was committed", tranship.ErrAborted, u.session.spec.Path)
	}
	return min(u.session.partSize, size-int64(n)*u.session.partSize), nil
}

// writer implements tranship.PartWriter.
type writer struct {
	ctx    context.Context
	upload *upload
	n      int
	part   *part
	// most is the maximum length of the part in bytes.
	most int64
	// continued is how many bytes of the part are those of the tail that the writer continues.
	continued int64
	closed    bool
}

func (w *writer) Write(data []byte) (int, error) {
	w.upload.store.mu.Lock()
	defer w.upload.store.mu.Unlock()
	if w.closed {
		return 0, fs.ErrClosed
	}
	if err := w.ctx.Err(); err != nil {
		return 0, err
	}
	if err := w.endedLocked(); err != nil {
		return 0, err
	}
	if int64(len(data)) > w.most-int64(len(w.part.data)) {
		return 0, &tranship.InvalidError{Field: "data", Rule: "bytes must not go beyond the end of the part or the upload's size"}
	}
	w.part.data = append(w.part.data, data...)
	w.part.crc = tranship.UpdateCRC32C(w.part.crc, data)
	w.upload.session.used = time.Now()
	return len(data), nil
}

func (w *writer) Close() error {
	w.upload.store.mu.Lock()
	defer w.upload.store.mu.Unlock()
	return w.closeLocked()
}

func (w *writer) closeLocked() error {
	if w.closed {
		return nil
	}
	w.closed = true
	if err := w.endedLocked(); err != nil {
		return err
	}
	if err := w.ctx.Err(); err != nil {
		delete(w.upload.session.parts, w.n)
		return err
	}
	if w.continued > 0 && int64(len(w.part.data)) < w.most {
		delete(w.upload.session.parts, w.n) // the tail stays as it was
		return nil
	}
	w.part.closed = true
	if int64(len(w.part.data)) == w.most {
		w.upload.session.dropTailLocked(w.n)
	}
	return nil
}

// endedLocked fails if the part has a newer writer, or the upload has ended.
func (w *writer) endedLocked() error {
	if err := w.upload.endedLocked(); err != nil {
		return err
	}
	if w.upload.session.parts[w.n] != w.part {
		return fmt.Errorf("%w: part %d of %s has a newer writer", tranship.ErrAborted, w.n, w.upload.session.spec.Path)
	}
	return nil
}
