// Package localerr has the errors that transfer and store/localdir share: transfer
// decides by them, and store/localdir returns them. Each package exports those that its
// callers need. Neither package has to import the other for them.
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
	// ErrUnsized means that the size of a file is not the number of bytes that can be read
	// from it.
	ErrUnsized = errors.New("its size is not what can be read from it")
	// ErrSkipped means that a walk goes on without something that it has come to.
	ErrSkipped = errors.New("not copied")
	// ErrEmptyDirectory is ErrSkipped for an empty directory, of which no content is lost.
	ErrEmptyDirectory = fmt.Errorf("%w: it is an empty directory", ErrSkipped)
)

// Explain gives an error of the operating system the meaning that it has for a store. It
// drops the name of the system call and the path, which the caller adds in its own words.
// err must not be nil.
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
