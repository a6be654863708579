package transfer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"sync"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/budget"
)

// ReaderOptions say how a Reader reads. The zero value reads the current version.
type ReaderOptions struct {
	// Version, when not empty, is the one to read. NewReader fails with
	// tranship.ErrPrecondition if the file has another.
	Version string
	// StallTimeout is how long a read waits for a byte before it is tried again; 0: 30 s.
	StallTimeout time.Duration
	// Attempts is how often a read is tried at most without a byte, while it fails in a way
	// that may pass, such as tranship.ErrUnavailable; 0: 16. Between attempts it waits
	// as Options.Attempts says.
	Attempts int
	// Patience is how long all reads go on while none of them succeeds; 0: 30 s.
	Patience time.Duration
}

// Reader reads one version of a file of a store, at any offset. It goes on after a lost
// connection. A file that was replaced since NewReader is tranship.ErrPrecondition: bytes
// of two versions are never mixed. Reads of consecutive bytes share a range that is open,
// and the next range is longer, so that reading in order costs few calls and reading here
// and there moves few bytes.
//
// Bytes that Read returns from the first to the last, in order, are verified against the
// checksum of the whole file, if the store knows it, before Read returns the last of them.
//
// ReadAt, Size, File and Close are safe for concurrent use; Read, Seek and WriteTo must be
// called by one goroutine at a time.
type Reader struct {
	ctx     context.Context
	cancel  context.CancelFunc
	source  Source
	file    tranship.File
	known   bool // file is what was opened; before, what is asked for
	options ReaderOptions
	budget  budget.Budget
	outage  *budget.Outage

	// offset is that of the next Read.
	offset int64
	// sum is the checksum of the first summed bytes.
	sum    uint32
	summed int64

	mu     sync.Mutex
	closed bool
	// idle are ranges that no read uses now, the latest last.
	idle []*openRange
}

var (
	_ io.ReadSeekCloser = (*Reader)(nil)
	_ io.ReaderAt       = (*Reader)(nil)
	_ io.WriterTo       = (*Reader)(nil)
)

const (
	// maxIdleRanges bounds the ranges that are open without being read.
	maxIdleRanges = 4
	// skipBytes is how far ahead of an open range another read may begin, for the bytes
	// between to be read and dropped rather than another range opened.
	skipBytes = 64 << 10
)

// NewReader opens the file at path. source is any store, or a Dir. Errors are those of
// tranship.Reader.Open. The context governs all reading. The caller must close the
// Reader.
func NewReader(ctx context.Context, source Source, path string, options ReaderOptions) (*Reader, error) {
	if err := validate("source", source); err != nil {
		return nil, err
	}
	if options.StallTimeout <= 0 {
		options.StallTimeout = 30 * time.Second
	}
	limits := budget.Budget{Attempts: options.Attempts, Patience: options.Patience}.WithDefaults()
	ctx, cancel := context.WithCancel(ctx)
	r := &Reader{
		ctx: ctx, cancel: cancel, source: source, options: options,
		file:   tranship.File{Path: path, Version: options.Version, Size: firstRange},
		budget: limits, outage: budget.NewOutage(limits.Patience),
	}
	var first *openRange
	err := r.try(func() (err error) {
		first, err = r.openRange(0, firstRange, nil)
		return err
	})
	if err == nil && first.file.Size < 0 {
		first.close()
		err = fmt.Errorf("%w: the size of %s is not known, and a Reader needs it", tranship.ErrUnsupported, path)
	}
	if err != nil {
		cancel()
		return nil, err
	}
	r.file, r.known = first.file, true
	first.end = min(firstRange, r.file.Size)
	r.give(first)
	return r, nil
}

// File describes the file as it was opened.
func (r *Reader) File() tranship.File { return tranship.Attributes{}.Apply(r.file) }

// Size is the length of the file in bytes.
func (r *Reader) Size() int64 { return r.file.Size }

// Read implements io.Reader.
func (r *Reader) Read(p []byte) (int, error) {
	if r.offset == 0 {
		r.sum, r.summed = 0, 0
	}
	n, err := r.readAt(p, r.offset)
	if n > 0 && r.offset == r.summed {
		r.sum = tranship.UpdateCRC32C(r.sum, p[:n])
		if r.summed += int64(n); r.summed == r.file.Size && r.file.CRC32C != nil && r.sum != *r.file.CRC32C {
			return 0, fmt.Errorf("%w: what was read of %s has CRC32C %08x, and the file %08x",
				tranship.ErrIntegrity, r.file.Path, r.sum, *r.file.CRC32C)
		}
	}
	r.offset += int64(n)
	return n, err
}

// WriteTo implements io.WriterTo: it writes all from the current offset to the end.
func (r *Reader) WriteTo(w io.Writer) (written int64, err error) {
	buffer := make([]byte, bufferBytes)
	for {
		n, err := r.Read(buffer)
		if n > 0 {
			n, err := w.Write(buffer[:n])
			written += int64(n)
			if err != nil {
				return written, err
			}
		}
		if errors.Is(err, io.EOF) {
			return written, nil
		}
		if err != nil {
			return written, err
		}
	}
}

// Seek implements io.Seeker. It moves no bytes. An offset beyond the end is allowed, and
// reads io.EOF.
func (r *Reader) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekStart:
	case io.SeekCurrent:
		offset += r.offset
	case io.SeekEnd:
		offset += r.file.Size
	default:
		return r.offset, &tranship.InvalidError{Field: "whence", Rule: "whence must be io.SeekStart, io.SeekCurrent or io.SeekEnd"}
	}
	if offset < 0 {
		return r.offset, errNegativeOffset()
	}
	r.offset = offset
	return offset, nil
}

func errNegativeOffset() error {
	return &tranship.InvalidError{Field: "offset", Rule: "an offset must not be negative"}
}

// ReadAt implements io.ReaderAt.
func (r *Reader) ReadAt(p []byte, offset int64) (n int, err error) {
	if offset < 0 {
		return 0, errNegativeOffset()
	}
	for n < len(p) && err == nil {
		var m int
		m, err = r.readAt(p[n:], offset+int64(n))
		n += m
	}
	return n, err
}

// readAt reads at least one byte, or fails. It tries again what may pass.
func (r *Reader) readAt(p []byte, offset int64) (n int, err error) {
	if err := r.usable(); err != nil {
		return 0, err
	}
	if len(p) == 0 {
		return 0, nil
	}
	if offset >= r.file.Size {
		return 0, io.EOF
	}
	err = r.try(func() (err error) {
		n, err = r.readOnce(p, offset)
		return err
	})
	if err != nil && r.usable() != nil {
		err = fs.ErrClosed
	}
	return n, err
}

// readOnce reads at least one byte, or fails.
func (r *Reader) readOnce(p []byte, offset int64) (int, error) {
	open, err := r.take(offset, len(p))
	if err != nil {
		return 0, err
	}
	n, err := r.readRange(open, p, offset)
	if err != nil {
		open.close()
		return 0, err
	}
	r.give(open)
	return n, nil
}

// try calls attempt until it succeeds, fails for good, or the budget has ended.
func (r *Reader) try(attempt func() error) error {
	var tries *budget.Tries
	for {
		err := attempt()
		if err == nil {
			r.outage.Over()
			return nil
		}
		if tries == nil {
			tries = r.budget.Begin(r.outage)
			tries.Attempt()
		}
		pause, final := tries.Failed(r.ctx, err)
		if final == nil {
			final = budget.Sleep(r.ctx, pause)
		}
		if final != nil {
			return final
		}
	}
}

// usable fails after Close.
func (r *Reader) usable() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return fs.ErrClosed
	}
	return nil
}

// take returns an open range that has offset, for one read at a time.
func (r *Reader) take(offset int64, wanted int) (*openRange, error) {
	r.mu.Lock()
	var found *openRange
	// The latest is the likeliest.
	for i, open := range slices.Backward(r.idle) {
		if ahead := offset - open.next; ahead >= 0 && ahead <= skipBytes && (ahead == 0 || offset < open.end) {
			found, r.idle = open, slices.Delete(r.idle, i, i+1)
			break
		}
	}
	r.mu.Unlock()
	if found != nil && found.next < found.end {
		return found, nil
	}
	return r.openRange(offset, int64(wanted), found)
}

// give keeps a range for the next read.
func (r *Reader) give(open *openRange) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		open.close()
		return
	}
	if len(r.idle) == maxIdleRanges {
		r.idle[0].close()
		r.idle = slices.Delete(r.idle, 0, 1)
	}
	r.idle = append(r.idle, open)
}

// Close ends all reads, which fail with fs.ErrClosed.
func (r *Reader) Close() error {
	r.cancel()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	for _, open := range r.idle {
		open.close()
	}
	r.idle = nil
	return nil
}
