package transfer

import "errors"

// ErrResumable is matched by the error of a file of which the destination keeps what
// it got: the same copy, made again, goes on with it. The error comes as a
// *ResumableError.
var ErrResumable = errors.New("what was sent is kept, and the same copy goes on with it")

// ResumableError is the error of a file, or of a whole Copy, that can be resumed. It
// matches ErrResumable, and what Err matches.
type ResumableError struct {
	// Err is why the file or the copy failed. It is not nil.
	Err error
}

// Error is the message of Err, followed by that of ErrResumable.
func (e *ResumableError) Error() string { return e.Err.Error() + "; " + ErrResumable.Error() }

// Is implements the matching of ErrResumable.
func (e *ResumableError) Is(target error) bool { return target == ErrResumable }

// Unwrap is Err.
func (e *ResumableError) Unwrap() error { return e.Err }
