package transfer

import (
	"context"
	"fmt"
	"io"
	"sync/atomic"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/localerr"
	"github.com/tranship/tranship/internal/sequential"
)

// pipe is implemented by a Source or tranship.Writer whose bytes pass once, and whose
// other end may take any time: a person who reads page by page, or a program that computes
// what it writes. Copy does not retry an item with a pipe, and a wait for a pipe is not a
// stall.
type pipe interface{ isPipe() }

func isPipe(end any) bool {
	_, ok := end.(pipe)
	return ok
}

func (*Stdin) isPipe() {}
func (Stdout) isPipe() {}

// Stdin is a Source of one content of unknown size that can be read once: what a pipe
// has. Copy takes its item to be Once, whatever the item says, opens it once, and waits
// for it without a timeout. Use a pointer to it: a Stdin remembers that it was opened.
type Stdin struct {
	// Reader has the content. It may still be in a Read when a copy that was
	// stopped has returned.
	Reader io.Reader

	opened atomic.Bool
}

// errReadOnce is the error of a second Open: its content would lack what the first has
// read.
func errReadOnce() error {
	return &tranship.InvalidError{Field: "source", Rule: "a stream can be read only once"}
}

// validate implements validator.
func (s *Stdin) validate() error {
	if s.Reader == nil {
		return &tranship.InvalidError{Field: "source", Rule: "a Stdin must have a Reader"}
	}
	return nil
}

// Open implements Source. It ignores the path. A second call fails with
// tranship.ErrInvalid, and so does one of a Stdin without a Reader.
func (s *Stdin) Open(ctx context.Context, name string, _ tranship.OpenOptions) (tranship.Content, error) {
	if err := s.validate(); err != nil {
		return nil, err
	}
	if s.opened.Swap(true) {
		return nil, errReadOnce()
	}
	// A pipe cannot be told to stop reading, so a goroutine of its own reads.
	reader, writer := io.Pipe()
	go func() {
		// The struct hides a file's WriteTo, which would not use the buffer.
		_, err := io.CopyBuffer(writer, struct{ io.Reader }{s.Reader}, make([]byte, 256<<10))
		writer.CloseWithError(err)
	}()
	stop := context.AfterFunc(ctx, func() { reader.CloseWithError(context.Cause(ctx)) })
	return &streamContent{reader, name, stop}, nil
}

type streamContent struct {
	*io.PipeReader
	name string
	stop func() bool
}

// File implements tranship.Content.
func (c *streamContent) File() tranship.File { return tranship.File{Path: c.name, Size: -1} }

// Close implements io.Closer.
func (c *streamContent) Close() error {
	c.stop()
	return c.PipeReader.Close()
}

// Stdout is a tranship.Writer that writes each file's content, in order, to a
// stream. What has been written cannot be taken back: should a file fail, some of it
// may be out already. So Copy takes every item for it to be Once; it waits for the
// stream without end. Only one file at a time may be written.
type Stdout struct {
	Writer io.Writer
}

// validate implements validator.
func (s Stdout) validate() error {
	if s.Writer == nil {
		return &tranship.InvalidError{Field: "destination", Rule: "a Stdout must have a Writer"}
	}
	return nil
}

// Put implements tranship.Writer.
func (s Stdout) Put(_ context.Context, spec tranship.Spec, data []byte) (tranship.File, error) {
	crc := tranship.CRC32C(data)
	if spec.CRC32C != nil && *spec.CRC32C != crc {
		return tranship.File{}, fmt.Errorf("%w: the content has CRC32C %08x, not %08x", tranship.ErrIntegrity, crc, *spec.CRC32C)
	}
	if _, err := s.Writer.Write(data); err != nil {
		return tranship.File{}, writeError(err)
	}
	return tranship.File{Path: spec.Path, Size: int64(len(data)), CRC32C: &crc}, nil
}

// writeError is the error of a write to a Stdout. The error of a source reads the same.
func writeError(err error) error {
	return fmt.Errorf("cannot write to the standard output: %w", localerr.Explain(err))
}

// Begin implements tranship.Writer.
func (s Stdout) Begin(_ context.Context, spec tranship.Spec) (tranship.Upload, error) {
	return sequential.NewUpload(&streamSink{s.Writer, spec.Path}, spec), nil
}

// streamSink implements sequential.Sink.
type streamSink struct {
	writer io.Writer
	path   string
}

// Write implements io.Writer.
func (s *streamSink) Write(data []byte) (int, error) {
	n, err := s.writer.Write(data)
	if err != nil {
		return n, writeError(err)
	}
	return n, nil
}

// Commit implements sequential.Sink.
func (s *streamSink) Commit(size int64, crc uint32) (tranship.File, error) {
	return tranship.File{Path: s.path, Size: size, CRC32C: &crc}, nil
}

// Abort implements sequential.Sink. What was written cannot be taken back, nor a
// Write be ended.
func (s *streamSink) Abort() {}
