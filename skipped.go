package tranship

import (
	"errors"
	"strconv"
)

// SkippedError says that a list has left something out and goes on behind it. Lists
// yield it, with the zero Entry, only if ListOptions.ReportSkipped asks for it. It
// matches, with errors.Is, what Err does.
//
// Err matches ErrInvalid if what was left out has no valid path, and ErrUnsupported if
// it is of a kind that the store does not have, as a symbolic link or a special file.
// Otherwise it could not be read: ErrDenied, or an error of the store or its server.
type SkippedError struct {
	// Path is where it is, as the store names it: a string for people. It has at most
	// MaxSkippedPathBytes. It may break the rules of ValidatePath.
	Path string
	// IsDir: it is a directory, and the list has nothing of what is below it.
	IsDir bool
	// Err is why. Its message does not repeat Path.
	Err error
}

// MaxSkippedPathBytes bounds SkippedError.Path: a name in a directory whose path is as
// long as a path can be.
const MaxSkippedPathBytes = MaxPathBytes + 1 + MaxSegmentBytes

// Error implements error.
func (e *SkippedError) Error() string { return "left out " + e.Display() + ": " + e.Err.Error() }

// Display is Path in valid UTF-8. In one that is not a valid path, what cannot be
// printed is escaped as in a Go string: "a\xff".
func (e *SkippedError) Display() string {
	if ValidatePath(e.Path) == nil {
		return e.Path
	}
	quoted := strconv.Quote(e.Path)
	return quoted[1 : len(quoted)-1]
}

// Unwrap makes errors.Is look at Err.
func (e *SkippedError) Unwrap() error { return e.Err }

// Key is what it sorts by among the entries of a list: the path, followed by '/' if
// it is a directory.
func (e *SkippedError) Key() string {
	if e.IsDir {
		return e.Path + "/"
	}
	return e.Path
}

// Unreadable reports whether it could not be read, so that the list lacks what the
// store would have had. Otherwise the store cannot have it: it has no valid path, or is
// of a kind that the store does not have.
func (e *SkippedError) Unreadable() bool {
	return !errors.Is(e.Err, ErrInvalid) && !errors.Is(e.Err, ErrUnsupported)
}
