package tranship

import (
	"errors"
	"strconv"
)

// SkippedError means that a list has left out a file or directory, and continues. Lists
// yield it, with the zero Entry, only if ListOptions.ReportSkipped is set. It matches,
// with errors.Is, what Err matches.
//
// Err matches ErrInvalid if the file or directory has no valid path, and ErrUnsupported if
// it is of a kind that the store does not have, such as a symbolic link or a special file.
// Otherwise it could not be read, and Err is ErrDenied or another error of the store or
// its server.
type SkippedError struct {
	// Path is where the file or directory is, as the store names it: a string for people.
	// It has at most MaxSkippedPathBytes bytes, and may break the rules of ValidatePath.
	Path string
	// IsDir is true for a directory, which the list leaves out with everything below it.
	IsDir bool
	// Err is the reason. Its message does not repeat Path.
	Err error
}

// MaxSkippedPathBytes is the maximum length of SkippedError.Path in bytes: a name in a
// directory whose path is as long as a path can be.
const MaxSkippedPathBytes = MaxPathBytes + 1 + MaxSegmentBytes

// Error implements error.
func (e *SkippedError) Error() string { return "left out " + e.Display() + ": " + e.Err.Error() }

// Display returns Path in valid UTF-8. If Path is not a valid path, bytes and characters
// that cannot be printed are escaped as in a Go string: "a\xff".
func (e *SkippedError) Display() string {
	if ValidatePath(e.Path) == nil {
		return e.Path
	}
	quoted := strconv.Quote(e.Path)
	return quoted[1 : len(quoted)-1]
}

// Unwrap returns Err.
func (e *SkippedError) Unwrap() error { return e.Err }

// Key returns the key by which lists sort it among their entries, as Entry.Key does: the
// path, followed by '/' for a directory.
func (e *SkippedError) Key() string {
	if e.IsDir {
		return e.Path + "/"
	}
	return e.Path
}

// Unreadable reports whether the file or directory could not be read, so that the list
// may lack files of the store. Otherwise it cannot be a file of the store, because it has
// no valid path or is of a kind that the store does not have.
func (e *SkippedError) Unreadable() bool {
	return !errors.Is(e.Err, ErrInvalid) && !errors.Is(e.Err, ErrUnsupported)
}
