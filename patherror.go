package tranship

import "errors"

// PathError says which path of a store an operation failed on, and why. It matches,
// with errors.Is, what Err does.
//
// A client returns the PathError that its server sent.
type PathError struct {
	// Op is what was attempted, a verb such as "read", "write" or "move". It is empty
	// where Err alone says what is wrong, as with ErrNotFound and ErrExists. The error
	// for a file that is not there has no Op, so that it is the same from every method
	// and from a store that hides files.
	Op string
	// Path is a path of the store, never of the machine that the store runs on.
	Path string
	// Err is why. It must not be nil, and its message does not repeat Path.
	Err error
}

// Error is "cannot OP PATH: ERR", or "ERR: PATH" without an Op.
func (e *PathError) Error() string {
	if e.Op == "" {
		return e.Err.Error() + ": " + e.Path
	}
	return "cannot " + e.Op + " " + e.Path + ": " + e.Err.Error()
}

// Unwrap is Err.
func (e *PathError) Unwrap() error { return e.Err }

// UploadNotFound is the error for an unfinished upload that a store does not have. It
// matches ErrNotFound. A store that hides the uploads of other callers must return it
// for them too.
func UploadNotFound(id string) error { return &uploadNotFound{id} }

type uploadNotFound struct{ id string }

func (e *uploadNotFound) Error() string {
	return ErrNotFound.Error() + ": there is no unfinished upload " + e.id
}

func (e *uploadNotFound) Unwrap() error { return ErrNotFound }

// WithoutPath is err's message for a reader who has been told the path: the message of
// a *PathError for that path has the path left out, if it ends with it. Any other error
// keeps its whole message.
func WithoutPath(err error, path string) string {
	pathErr, ok := errors.AsType[*PathError](err)
	if !ok || pathErr.Op != "" || pathErr.Path != path || pathErr.Error() != err.Error() {
		return err.Error()
	}
	return pathErr.Err.Error()
}
