package tranship

import "errors"

// PathError means that an operation failed on a path of a store. It matches, with
// errors.Is, what Err matches.
//
// A client returns the PathError that its server sent.
type PathError struct {
	// Op is the operation, a verb such as "read", "write" or "move". It is empty where
	// Err is enough, as with ErrNotFound and ErrExists. The error for a file that does not
	// exist has no Op, so that it is the same from every method and from a store that
	// hides files.
	Op string
	// Path is a path of the store, never of the machine that the store runs on.
	Path string
	// Err is the reason. It must not be nil, and its message must not repeat Path.
	Err error
}

// Error returns "cannot OP PATH: ERR", or "ERR: PATH" if Op is empty.
func (e *PathError) Error() string {
	if e.Op == "" {
		return e.Err.Error() + ": " + e.Path
	}
	return "cannot " + e.Op + " " + e.Path + ": " + e.Err.Error()
}

// Unwrap returns Err.
func (e *PathError) Unwrap() error { return e.Err }

// UploadNotFound returns the error of a store for the id of an upload that it does not
// have. It matches ErrNotFound. A store that hides the uploads of other callers must
// return it for them too.
func UploadNotFound(id string) error { return &uploadNotFound{id} }

type uploadNotFound struct{ id string }

func (e *uploadNotFound) Error() string {
	return ErrNotFound.Error() + ": there is no unfinished upload " + e.id
}

func (e *uploadNotFound) Unwrap() error { return ErrNotFound }

// WithoutPath returns the message of err for output that names path already. If err is a
// *PathError without Op for that path, its message is that of PathError.Err. The message
// of every other error is returned whole.
func WithoutPath(err error, path string) string {
	pathErr, ok := errors.AsType[*PathError](err)
	if !ok || pathErr.Op != "" || pathErr.Path != path || pathErr.Error() != err.Error() {
		return err.Error()
	}
	return pathErr.Err.Error()
}
