package transfer

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	"github.com/tranship/tranship"
)

// TargetError means that this machine could not write a file, so that it is about the
// item's Path in a Dir rather than about its source.
type TargetError struct{ err error }

// Error implements error.
func (e *TargetError) Error() string { return e.err.Error() }

// Unwrap is the failure.
func (e *TargetError) Unwrap() error { return e.err }

// targetError is localError for what is written.
func targetError(err error) error { return &TargetError{localError(err)} }

// localError gives an error of the local system the meaning it has for a store.
// It drops the system call's name and the path, which the caller says better.
func localError(err error) error {
	reason := err
	for inner := errors.Unwrap(reason); inner != nil; inner = errors.Unwrap(reason) {
		reason = inner
	}
	for _, known := range []struct{ is, means error }{
		{fs.ErrNotExist, tranship.ErrNotFound},
		{fs.ErrPermission, tranship.ErrDenied},
		{syscall.ENOSPC, tranship.ErrNoSpace},
		{syscall.EDQUOT, tranship.ErrQuota},
		{syscall.ENAMETOOLONG, tranship.ErrInvalid},
	} {
		switch {
		case !errors.Is(err, known.is):
		case reason.Error() == known.means.Error():
			return known.means
		default:
			return fmt.Errorf("%w (%v)", known.means, reason)
		}
	}
	return reason
}
