package transfer

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/silence"
)

const (
	// firstRange is the length of a Reader's first range: all of most files.
	firstRange = 1 << 20
	// leastRange is the length of a range that is read at no known pattern.
	leastRange = 128 << 10
	// rangeGrowth is how many times as long the next range of consecutive ones is.
	rangeGrowth = 4
	// largestRange is the longest range before one that goes to the end of the file.
	largestRange = 64 << 20
)

// openRange is a range of a Reader's file that is open. It is used by one read at a time.
type openRange struct {
	file    tranship.File
	content tranship.Content // nil once it has been read to its end
	watch   *silence.Watch
	stop    context.CancelFunc
	// next is the offset of the next byte, end that of the first byte behind the range,
	// and length how many it had.
	next, end, length int64
}

// openRange opens a range from offset, of at least wanted bytes if the file has them;
// before is the range that ends there, nil if none does.
func (r *Reader) openRange(offset, wanted int64, before *openRange) (*openRange, error) {
	length := max(wanted, leastRange)
	if before != nil {
		length = max(length, before.length*rangeGrowth)
	}
	if length > largestRange {
		length = max(length, r.file.Size-offset)
	}
	watch, stop := silence.New(r.ctx, r.options.StallTimeout, "no byte came")
	open := &openRange{watch: watch, stop: stop, next: offset, length: length, end: min(offset+length, r.file.Size)}
	content, err := r.source.Open(watch.Context(), r.file.Path, tranship.OpenOptions{
		Version: r.file.Version, Offset: offset, Length: &length,
	})
	if err != nil {
		stop()
		return nil, r.explain(watch.Explain(err))
	}
	if content == nil {
		stop()
		return nil, &tranship.InvalidError{Field: "source", Rule: "a source must open with content or an error"}
	}
	watch.Rest()
	open.content, open.file = content, content.File()
	if r.known && !sameContent(open.file, r.file) {
		open.close()
		return nil, r.replaced()
	}
	return open, nil
}

// replaced is the error of a file that is not any more the one that was opened.
func (r *Reader) replaced() error {
	return fmt.Errorf("%w: %s was replaced while it was read", tranship.ErrPrecondition, r.file.Path)
}

// explain is what an error of the source means for the caller.
func (r *Reader) explain(err error) error {
	switch {
	case errors.Is(err, ErrChanged):
		return fmt.Errorf("%w: %w", tranship.ErrPrecondition, err)
	case errors.Is(err, tranship.ErrInvalid) && r.file.Version == "" && r.known:
		return r.replaced() // the end is nearer now
	}
	return err
}

// readRange reads at offset, which is in the range, at least one byte. The last bytes of
// the range come only after the source has said that all were good.
func (r *Reader) readRange(o *openRange, p []byte, offset int64) (int, error) {
	o.watch.Moved()
	defer o.watch.Rest()
	if _, err := io.CopyN(io.Discard, o.content, offset-o.next); err != nil {
		return 0, r.readError(o, err)
	}
	o.next = offset
	p = p[:min(int64(len(p)), o.end-o.next)]
	n, err := io.ReadAtLeast(o.content, p, 1)
	if n == 0 {
		return 0, r.readError(o, err)
	}
	o.next += int64(n)
	if o.next < o.end {
		return n, nil
	}
	o.watch.Moved()
	more, err := readFull(o.content, make([]byte, 1))
	switch {
	case more > 0:
		return 0, r.replaced()
	case !errors.Is(err, io.EOF):
		return 0, r.readError(o, err)
	}
	o.close()
	return n, nil
}

// readError is the error of a range that could not be read.
func (r *Reader) readError(o *openRange, err error) error {
	if errors.Is(err, io.EOF) {
		return r.replaced()
	}
	return r.explain(o.watch.Explain(err))
}

// close lets go of the range.
func (o *openRange) close() {
	if o.content != nil {
		// It was only read from, and has said how that went.
		_ = o.content.Close()
		o.content = nil
	}
	o.stop()
}
