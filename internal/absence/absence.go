// Package absence says that something is not there, in the same words whoever says
// it: a store that has no such file, and who guards a store from somebody who may
// not learn whether it has. Those must not be told apart.
package absence

import (
	"errors"
	"fmt"

	"github.com/tranship/tranship"
)

// OfFile is the error of what needs a file at a path where there is none. It
// matches tranship.ErrNotFound.
func OfFile(path string) error {
	return fmt.Errorf("%w: %s", tranship.ErrNotFound, path)
}

// OfUpload is the error of naming an unfinished upload that there is not. It
// matches tranship.ErrNotFound.
func OfUpload(id string) error {
	return fmt.Errorf("%w: there is no unfinished upload %s", tranship.ErrNotFound, id)
}

// Pretend returns an error that reads and matches as the one it is given, for who
// must not learn that something was denied. IsPretended tells it on this side of the
// connection.
func Pretend(absence error) error { return pretended{absence} }

// IsPretended reports whether an error says that something is absent because it was
// denied.
func IsPretended(err error) bool {
	_, ok := errors.AsType[pretended](err)
	return ok
}

type pretended struct{ error }

func (p pretended) Unwrap() error { return p.error }
