// Package hidden marks the errors by which a store hides files and uploads from callers
// that may not know of them. Such an error reads and matches as the one for something
// that is not there, and reaches a client as the same bytes. The server's own audit log
// can tell the two apart.
package hidden

import (
	"errors"
)

// Behind returns an error that reads and matches as absent, which is that of a file or an
// upload that is not there, although the caller was refused.
func Behind(absent error) error { return refused{absent} }

// Is reports whether err hides that the caller was refused.
func Is(err error) bool {
	_, ok := errors.AsType[refused](err)
	return ok
}

type refused struct{ error }

func (r refused) Unwrap() error { return r.error }
