// Package localerr has the errors that transfer and store/localdir share: store/localdir
// returns them, and transfer checks for them. Each package exports those that its callers
// need. Because of this package, neither has to import the other.
package localerr

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	"github.com/tranship/tranship"
)

var (
	// ErrChanged means that a source was changed or replaced while it was read.
	ErrChanged = errors.New("changed while it was read")
	// ErrUnsized means that the size of a file is not the number of bytes that can be
	// read from it.
	ErrUnsized = errors.New("its size is not what can be read from it")
	// ErrSkipped means that a walk leaves out a file or directory and continues.
	ErrSkipped = errors.New("not copied")
	// ErrEmptyDirectory is the ErrSkipped for an empty directory, which has no content to
	// lose.
	ErrEmptyDirectory = fmt.Errorf("%w: it is an empty directory", ErrSkipped)
)

// Explain translates an error of the operating system into the corresponding error of
// package tranship. It drops the name of the system call and the path, which the caller
// adds itself. err must not be nil.
func Explain(err error) error {
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
