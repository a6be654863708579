package links

import (
	"errors"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/failure"
	"github.com/tranship/tranship/server/internal/httpadmission"
)

// Told returns an error as the caller of a link is told it: without paths, because those above the
// link are not the caller's to know, and without the difference between what the issuer may not do
// and what is not there.
func Told(err error) error {
	if err == nil || errors.Is(err, errNoLink) || errors.Is(err, errManyOpen) {
		return err
	}
	if errors.Is(err, tranship.ErrDenied) || errors.Is(err, tranship.ErrNotFound) {
		return errNoLink
	}
	if !mayName(err) {
		return err
	}
	for _, known := range []struct {
		kind error
		text string
	}{
		{tranship.ErrExists, "a file is there already, or a directory: choose another name"},
		{tranship.ErrPrecondition, "the condition of the request does not hold"},
		{tranship.ErrIntegrity, "the content is damaged"},
		{tranship.ErrQuota, "it does not fit beside the other files that are stored"},
		{tranship.ErrNoSpace, "there is no space left"},
		{tranship.ErrAborted, "the transfer was ended"},
		{tranship.ErrUnavailable, "try again"},
		{tranship.ErrLimit, "it is more than the server takes"},
		{tranship.ErrInvalid, "the request is not valid"},
	} {
		if errors.Is(err, known.kind) {
			return httpadmission.Reworded(err, failure.Worded(known.kind, "%v: %s", known.kind, known.text))
		}
	}
	return err // an internal one, whose text no client is told
}

// mayName reports whether the text of an error may have the path of a file in the store, or the name
// of the principal that has made the link. Of the kinds of errors below, stores also return some that
// are no tranship.PathError.
func mayName(err error) bool {
	if _, named := errors.AsType[*tranship.PathError](err); named {
		return true
	}
	for _, kind := range []error{tranship.ErrExists, tranship.ErrQuota, tranship.ErrNoSpace, tranship.ErrAborted, tranship.ErrUnavailable} {
		if errors.Is(err, kind) {
			return true
		}
	}
	return false
}
