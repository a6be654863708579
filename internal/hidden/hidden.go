// Package hidden marks the errors by which a store hides files and uploads from callers
// without permission. Such an error has the text of the error for a missing file or upload,
// matches it, and reaches a client as the same bytes. Only the server can tell the two
// apart, for its audit log.
package hidden

import (
	"errors"
)

// Behind returns the error for a caller that was refused. It has the text of absent, which
// is the error for a missing file or upload, and matches it.
func Behind(absent error) error { return refused{absent} }

// Is reports whether err was returned by Behind, or wraps such an error.
func Is(err error) bool {
	_, ok := errors.AsType[refused](err)
	return ok
}

type refused struct{ error }

func (r refused) Unwrap() error { return r.error }
