package failure

import (
	"fmt"

	"github.com/tranship/tranship"
)

// WrongVersion returns the error for a file at path that has the version have but must
// have want. have is empty if the file does not exist. The error is a *tranship.PathError
// that matches tranship.ErrPrecondition.
func WrongVersion(path, have, want string) error {
	at := &tranship.PathError{Path: path, Err: tranship.ErrPrecondition}
	if have == "" {
		return Worded(at, "%v: there is no file %s, which must have version %s", at.Err, path, want)
	}
	return Worded(at, "%v: %s has version %s, not %s", at.Err, path, have, want)
}

// WrongRevision is WrongVersion for the revision of a file.
func WrongRevision(path, have, want string) error {
	at := &tranship.PathError{Path: path, Err: tranship.ErrPrecondition}
	if have == "" {
		return Worded(at, "%v: there is no file %s, which must have revision %s", at.Err, path, want)
	}
	return Worded(at, "%v: %s has revision %s, not %s", at.Err, path, have, want)
}

// WrongChecksum returns the error for a file at path whose bytes have the CRC32C have but
// must have want. It is a *tranship.PathError that matches tranship.ErrIntegrity.
func WrongChecksum(path string, have, want uint32) error {
	at := &tranship.PathError{Path: path, Err: tranship.ErrIntegrity}
	return Worded(at, "%v: %s has CRC32C %08x, not %08x", at.Err, path, have, want)
}

// FilesBelow returns the error for a path that cannot be a file's, because files exist
// below it. It is a *tranship.PathError that matches tranship.ErrExists.
func FilesBelow(path string) error {
	at := &tranship.PathError{Path: path, Err: tranship.ErrExists}
	return Worded(at, "%v: there are files below %s", at.Err, path)
}

// PutTooLarge returns the error for a Put of size bytes, which exceeds what a store takes
// in one call. It is a *tranship.PathError and a *tranship.LimitError.
func PutTooLarge(path string, size int64) error {
	over := overPut(size, fmt.Sprintf("a put takes at most %d bytes, not %d: upload %s instead", tranship.MaxPutBytes, size, path))
	return Worded(&tranship.PathError{Path: path, Err: over}, "%v", over)
}

// FetchTooLarge returns the error for fetching a file of size bytes in one call. It is a
// *tranship.LimitError.
func FetchTooLarge(size int64) error {
	return overPut(size, fmt.Sprintf("a fetch takes at most %d bytes, not %d", tranship.MaxPutBytes, size))
}

func overPut(size int64, rule string) error {
	return &tranship.LimitError{Limit: tranship.LimitPutBytes, Allowed: tranship.MaxPutBytes, Asked: size, Rule: rule}
}
