package transfer

import (
	"fmt"
	"strings"
)

const (
	// MaxFileErrors is how many failures a FailedError names.
	MaxFileErrors = 1000
	// shownFileErrors are those in its message.
	shownFileErrors = 5
)

// FileError says why one file could not be copied.
type FileError struct {
	// Source is the item's name, Path where the file was to go.
	Source, Path string
	// Err is the reason. Result.Err says what it matches.
	Err error
}

// Error implements error.
func (e *FileError) Error() string {
	name := e.Source
	if name == "" {
		name = e.Path
	}
	return name + ": " + e.Err.Error()
}

// Unwrap is the reason.
func (e *FileError) Unwrap() error { return e.Err }

// FailedError says which files could not be copied. The others were. It matches, with
// errors.Is and errors.As, what any of its Files does.
type FailedError struct {
	// Failed is how many, of Total.
	Failed, Total int
	// Skipped of those that failed match ErrSkipped: nothing but what a store does not
	// have, or cannot be read, if it is equal to Failed.
	Skipped int
	// Files are the first MaxFileErrors of those that failed, in the order in which they
	// did. There is at least one.
	Files []*FileError
}

// Error implements error. It names the first files.
func (e *FailedError) Error() string {
	if e.Failed == 1 && e.Total == 1 {
		return e.Files[0].Error()
	}
	var text strings.Builder
	fmt.Fprintf(&text, "%d of %d files failed", e.Failed, e.Total)
	shown := min(len(e.Files), shownFileErrors)
	for i, file := range e.Files[:shown] {
		separator := "; "
		if i == 0 {
			separator = ": "
		}
		text.WriteString(separator + file.Error())
	}
	if more := e.Failed - shown; more > 0 {
		fmt.Fprintf(&text, "; and %d more", more)
	}
	return text.String()
}

// Unwrap are the failures.
func (e *FailedError) Unwrap() []error {
	all := make([]error, len(e.Files))
	for i, file := range e.Files {
		all[i] = file
	}
	return all
}
