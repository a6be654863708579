package console

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sync"
)

// Output is the standard output of a command. It remembers the first error, so that no
// command succeeds whose result was lost. It is safe for concurrent use if its writer is.
type Output struct {
	writer io.Writer

	mu  sync.Mutex
	err error
}

// NewOutput returns the Output that writes to a writer.
func NewOutput(writer io.Writer) *Output { return &Output{writer: writer} }

// Write implements io.Writer. Its errors are *OutputError.
func (o *Output) Write(data []byte) (int, error) {
	n, err := o.writer.Write(data)
	if err == nil {
		return n, nil
	}
	err = &OutputError{err}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err == nil {
		o.err = err
	}
	return n, err
}

// Unwrap returns the writer.
func (o *Output) Unwrap() io.Writer { return o.writer }

// Err returns the first error of Write, if there was one.
func (o *Output) Err() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.err
}

// OutputError is the error of a write to the standard output.
type OutputError struct{ Err error }

// Error implements error.
func (e *OutputError) Error() string {
	reason := e.Err
	if path, ok := errors.AsType[*fs.PathError](reason); ok {
		reason = path.Err
	}
	return fmt.Sprintf("cannot write to the standard output: %v", reason)
}

// Unwrap returns the reason.
func (e *OutputError) Unwrap() error { return e.Err }

// IsClosed reports whether a standard stream was closed when the process started, so that
// nothing can be read from it or written to it. On Unix, the runtime of Go then opens
// /dev/null for reading and writing in its place, which keeps other files from getting its
// number. IsClosed is also true if the parent did so.
func IsClosed(stream any) bool {
	if output, ok := stream.(*Output); ok {
		stream = output.Unwrap()
	}
	file, ok := stream.(interface {
		Stat() (fs.FileInfo, error)
	})
	return ok && isClosed(file)
}
