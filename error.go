package tranship

import (
	"errors"
	"fmt"
)

// Every error of a store, a server or a client matches, with errors.Is, one of
// these, an error of package context, or none, which means an internal failure.
// Messages name paths of the store, never of the machine it runs on. The error of an
// operation on one path usually is, or wraps, a *PathError.
var (
	// ErrInvalid means that the request can never succeed as it is. It usually
	// comes as an *InvalidError.
	ErrInvalid = errors.New("invalid")
	// ErrNotFound means that there is no such file or upload.
	ErrNotFound = errors.New("not found")
	// ErrExists means that a file is where none may be: at the path, above it
	// (a file blocks the paths below it) or below it; or at another spelling that
	// the store's file system takes for the path or a directory above it.
	ErrExists = errors.New("exists already")
	// ErrPrecondition means that a file has not the version that was asked for,
	// or that an upload lacks bytes (then as an *IncompleteError).
	ErrPrecondition = errors.New("precondition failed")
	// ErrIntegrity means that bytes are not those that a checksum promises.
	ErrIntegrity = errors.New("integrity check failed")
	// ErrLimit means that the request is over a limit. It usually comes as a
	// *LimitError, which names the limit.
	ErrLimit = errors.New("limit exceeded")
	// ErrNoSpace means that the store is full.
	ErrNoSpace = errors.New("no space left")
	// ErrQuota means that the request is over the caller's quota. It usually comes as
	// a *LimitError.
	ErrQuota = errors.New("quota exceeded")
	// ErrDenied means that the caller may not do this.
	ErrDenied = errors.New("permission denied")
	// ErrUnauthenticated means that the caller has no or no valid identity. It comes as
	// a *CredentialsError if the caller showed no credentials.
	ErrUnauthenticated = errors.New("unauthenticated")
	// ErrAborted means that an upload or writer was ended by a newer one or by
	// an abort. It is not to be retried with the same upload.
	ErrAborted = errors.New("aborted")
	// ErrUnavailable means that it may work later.
	ErrUnavailable = errors.New("unavailable")
	// ErrUnsupported means that this store or server cannot do it.
	ErrUnsupported = errors.New("not supported")
)

// InvalidError says which field of a request was invalid, and why. It matches
// ErrInvalid.
type InvalidError struct {
	// Field is the field's name, in the words of the protocol: "path".
	Field string
	// Rule is the rule that it broke, as a sentence about valid values.
	Rule string
}

// Error implements error.
func (e *InvalidError) Error() string {
	return fmt.Sprintf("invalid %s: %s", e.Field, e.Rule)
}

// Is implements the matching of ErrInvalid.
func (e *InvalidError) Is(target error) bool { return target == ErrInvalid }

// IncompleteError says which bytes an upload lacks. It matches ErrPrecondition.
type IncompleteError struct {
	// Missing has at least one range, in ascending order, without checksums.
	Missing []Range
}

// Error implements error.
func (e *IncompleteError) Error() string {
	var total int64
	for _, r := range e.Missing {
		total += r.Length
	}
	return fmt.Sprintf("upload is incomplete: %d bytes are missing, the first at offset %d", total, e.Missing[0].Offset)
}

// Is implements the matching of ErrPrecondition.
func (e *IncompleteError) Is(target error) bool { return target == ErrPrecondition }
