package transfer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sync"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/sequential"
)

// Writer writes one file of a store, from its first byte to its last. Nothing of it is
// visible before Close, which commits it as a whole and verified; a file that was at the
// path stays until then. Abort gives it up.
//
// The caller must end it with Close or Abort. Because Close after half of the content
// would commit the half, a caller that fails in between calls Abort:
//
//	w, err := transfer.NewWriter(ctx, store, tranship.Spec{Path: "report.csv"})
//	if err != nil {
//		return err
//	}
//	defer w.Abort() // does nothing after Close
//	if err := write(w); err != nil {
//		return err
//	}
//	return w.Close()
//
// Abort and File may be called at any time, from any goroutine. Write, ReadFrom and Close
// must be called by one goroutine at a time.
type Writer struct {
	ctx    context.Context
	cancel context.CancelCauseFunc
	writer *sequential.Writer
	// abort removes the upload, once. It does nothing after a commit.
	abort func() error
	// unwatch ends the removal at the end of the context.
	unwatch func() bool

	mu    sync.Mutex
	state writerState
	// err is why a Write failed, and then what Close returns.
	err  error
	file tranship.File
}

// writerState is how far a Writer is.
type writerState int

const (
	writerOpen writerState = iota
	writerClosing
	writerClosed
	writerAborted
)

var (
	_ io.WriteCloser  = (*Writer)(nil)
	_ io.ReaderFrom   = (*Writer)(nil)
	_ io.StringWriter = (*Writer)(nil)
)

// errAborted is what a Writer fails with after Abort.
var errAborted = fmt.Errorf("%w: the writer was aborted", tranship.ErrAborted)

// NewWriter returns a writer of the file that spec describes, whose size need not be
// known. Errors are those of tranship.Writer.Begin: an invalid path is an
// *tranship.InvalidError, a precondition that does not hold tranship.ErrExists or
// tranship.ErrPrecondition. spec.ResumeKey must be empty, for a stream cannot be
// resumed.
//
// The context governs the writer until Close returns. When it ends before, nothing is
// committed and what was written is removed, even if the caller never calls Abort.
func NewWriter(ctx context.Context, store tranship.Writer, spec tranship.Spec) (*Writer, error) {
	if err := validate("store", store); err != nil {
		return nil, err
	}
	if spec.ResumeKey != "" {
		return nil, &tranship.InvalidError{Field: "resume_key", Rule: "a writer cannot be resumed: its spec must have no resume key"}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	upload, err := store.Begin(ctx, spec)
	if err != nil {
		cancel(nil)
		return nil, err
	}
	w := &Writer{ctx: ctx, cancel: cancel, writer: sequential.NewWriter(ctx, upload)}
	w.abort = sync.OnceValue(func() error {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTimeout)
		defer cancel()
		return upload.Abort(ctx)
	})
	w.unwatch = context.AfterFunc(ctx, func() {
		// An upload that cannot be removed now expires in its store.
		_ = w.abort()
	})
	return w, nil
}

// Write appends data, of which it keeps nothing. It may return before the store has the
// data. After an error every later Write, and Close, fails with that error.
func (w *Writer) Write(data []byte) (int, error) {
	if err := w.usable(); err != nil {
		return 0, err
	}
	n, err := w.writer.Write(data)
	return n, w.explain(err)
}

// WriteString is Write of a string.
func (w *Writer) WriteString(text string) (int, error) { return w.Write([]byte(text)) }

// ReadFrom appends all of r, in pieces of 256 KiB. An error of r is returned, and does
// not end the writer: the caller may write more, or Abort.
func (w *Writer) ReadFrom(r io.Reader) (total int64, err error) {
	buffer := make([]byte, bufferBytes)
	for {
		n, failed := readFull(r, buffer)
		if n > 0 {
			n, err := w.Write(buffer[:n])
			total += int64(n)
			if err != nil {
				return total, err
			}
		}
		if errors.Is(failed, io.EOF) {
			return total, nil
		}
		if failed != nil {
			return total, failed
		}
	}
}

// usable fails if no more can be written.
func (w *Writer) usable() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.err != nil:
		return w.err
	case w.state != writerOpen:
		return fs.ErrClosed
	}
	return nil
}

// explain returns what ended the context in place of err, which that caused. It keeps the
// first failure.
func (w *Writer) explain(err error) error {
	if err == nil {
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err == nil {
		w.err = err
		if cause := context.Cause(w.ctx); cause != nil {
			w.err = cause
		}
	}
	return w.err
}

// Close commits what was written, and returns once the store has the whole file, as
// durable as spec.Durability asks for. If it fails, or a Write has failed, or the context
// has ended, the path is as it was before, and what was written is removed. Fewer bytes
// than spec.Size are an error, too. A store that has other bytes than were written, as it
// says after the commit, is tranship.ErrIntegrity, and the file is there. Close after
// Close returns the same; after Abort it fails with tranship.ErrAborted.
func (w *Writer) Close() error {
	w.mu.Lock()
	if w.state != writerOpen {
		defer w.mu.Unlock()
		return w.err
	}
	w.state = writerClosing
	failed := w.err
	w.mu.Unlock()

	var file tranship.File
	if failed == nil {
		file, failed = w.commit()
		failed = w.explain(failed)
	}
	w.unwatch()
	if failed != nil {
		// Why the file was not committed matters more than what is left of it.
		_ = w.abort()
	}
	w.cancel(nil)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.state, w.file = writerClosed, file
	return failed
}

// commit makes the file visible.
func (w *Writer) commit() (tranship.File, error) {
	if err := w.ctx.Err(); err != nil {
		return tranship.File{}, err
	}
	file, err := w.writer.Commit()
	if err != nil {
		return tranship.File{}, err
	}
	return file, arrived(file, w.writer.Size(), w.writer.CRC32C())
}

// Abort gives the file up and removes what was written, also after the context has ended.
// A Write that is under way fails with tranship.ErrAborted, and so does a Close, unless it
// has committed. After Close, Abort does nothing.
func (w *Writer) Abort() error {
	w.mu.Lock()
	state := w.state
	if state == writerOpen {
		w.state, w.err = writerAborted, errAborted
	}
	w.mu.Unlock()
	if state == writerClosed {
		return nil
	}
	w.cancel(errAborted)
	if state == writerClosing {
		return nil // Close removes it, unless it has committed
	}
	return w.abort()
}

// File describes the file that Close has committed. It is the zero File before.
func (w *Writer) File() tranship.File {
	w.mu.Lock()
	defer w.mu.Unlock()
	return tranship.Attributes{}.Apply(w.file)
}
