package localdir

import "github.com/tranship/tranship/internal/localerr"

// Errors of sources. They are the same values as those of package transfer.
var (
	// ErrChanged means that a file was changed or replaced while it was read. The
	// bytes that were read are of no version of the file.
	ErrChanged = localerr.ErrChanged
	// ErrUnsized means that the size of a file is not the number of bytes that can be
	// read from it, as with files of /proc, which have size 0 and are made up while
	// they are read. Such an error also matches ErrChanged.
	ErrUnsized = localerr.ErrUnsized
	// ErrSkipped means that a walk goes on without something that it has come to: a
	// symbolic link, an empty directory, a special file, a directory that cannot be
	// read, or a name that cannot be part of a path.
	ErrSkipped = localerr.ErrSkipped
)

// TargetError means that this machine could not write a file. So it is about the path in
// the directory that was written to, and not about the source of the bytes.
type TargetError struct{ err error }

// Error implements error.
func (e *TargetError) Error() string { return e.err.Error() }

// Unwrap returns the failure.
func (e *TargetError) Unwrap() error { return e.err }

// targetError explains an error of the operating system, and marks it as one of writing.
func targetError(err error) error { return &TargetError{localerr.Explain(err)} }
