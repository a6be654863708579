package tranship

import (
	"errors"
	"fmt"
)

// An error of a store, a server or a client matches, with errors.Is, one of these or an
// error of package context. An error that matches none of them is an internal failure.
// Messages contain paths of the store, never of the machine that the store runs on. The
// error of an operation on one path usually is, or wraps, a *PathError.
var (
	// ErrInvalid means that the request is wrong in itself and cannot succeed. The error
	// usually is an *InvalidError, which names the field.
	ErrInvalid = errors.New("invalid")
	// ErrNotFound means that the file or upload does not exist, or that the caller may not
	// know that it does.
	ErrNotFound = errors.New("not found")
	// ErrExists means that a file is in the way: at the path, above it (a file blocks the
	// paths below it) or below it; or at another spelling that the store's file system
	// takes for the path or a directory above it.
	ErrExists = errors.New("exists already")
	// ErrPrecondition means that a file does not have the version or revision that was
	// asked for, or that an upload lacks bytes, in which case the error is an
	// *IncompleteError.
	ErrPrecondition = errors.New("precondition failed")
	// ErrIntegrity means that bytes do not match their checksum.
	ErrIntegrity = errors.New("integrity check failed")
	// ErrLimit means that the request exceeds a limit. The error usually is a *LimitError,
	// which names the limit.
	ErrLimit = errors.New("limit exceeded")
	// ErrNoSpace means that the store is full.
	ErrNoSpace = errors.New("no space left")
	// ErrQuota means that the request exceeds the caller's quota. The error usually is a
	// *LimitError.
	ErrQuota = errors.New("quota exceeded")
	// ErrDenied means that the caller does not have the permission that the request needs.
	ErrDenied = errors.New("permission denied")
	// ErrUnauthenticated means that the caller has not proved its identity, or that a
	// client does not trust the server. The error is a *CredentialsError if the call had
	// no credentials.
	ErrUnauthenticated = errors.New("unauthenticated")
	// ErrAborted means that an upload or writer was ended by a newer one or by an abort.
	// The caller must not retry with the same upload.
	ErrAborted = errors.New("aborted")
	// ErrUnavailable means that the same request may succeed later.
	ErrUnavailable = errors.New("unavailable")
	// ErrUnsupported means that this store or server does not have the operation.
	ErrUnsupported = errors.New("not supported")
)

// InvalidError means that a field of a request is invalid. It matches ErrInvalid.
//
// A client returns the InvalidError that its server sent.
type InvalidError struct {
	// Field is the name of the field in the protocol, such as "path".
	Field string
	// Rule is the rule that the value breaks, as a sentence about valid values.
	Rule string
}

// Error implements error.
func (e *InvalidError) Error() string {
	return fmt.Sprintf("invalid %s: %s", e.Field, e.Rule)
}

// Is reports whether target is ErrInvalid.
func (e *InvalidError) Is(target error) bool { return target == ErrInvalid }

// IncompleteError means that an upload lacks bytes. It matches ErrPrecondition.
type IncompleteError struct {
	// Missing has the ranges that the upload lacks, at least one, in ascending order and
	// without checksums.
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

// Is reports whether target is ErrPrecondition.
func (e *IncompleteError) Is(target error) bool { return target == ErrPrecondition }
