package failure

import (
	"context"
	"errors"

	"github.com/tranship/tranship"
)

// words maps errors to their words, in the order in which they are checked.
var words = []struct {
	err  error
	word string
}{
	{tranship.ErrInvalid, "invalid"},
	{tranship.ErrNotFound, "not_found"},
	{tranship.ErrExists, "exists"},
	{tranship.ErrPrecondition, "precondition"},
	{tranship.ErrIntegrity, "integrity"},
	{tranship.ErrLimit, "limit"},
	{tranship.ErrNoSpace, "no_space"},
	{tranship.ErrQuota, "quota"},
	{tranship.ErrDenied, "denied"},
	{tranship.ErrUnauthenticated, "unauthenticated"},
	{tranship.ErrAborted, "aborted"},
	{tranship.ErrUnavailable, "unavailable"},
	{tranship.ErrUnsupported, "unsupported"},
	{context.Canceled, "cancelled"},
	{context.DeadlineExceeded, "deadline_exceeded"},
}

// Internal is the word for all other errors, whose messages clients must not see.
const Internal = "internal"

// Word returns one word for an error, for logs and protocols, such as "not_found" for an
// error that matches tranship.ErrNotFound. It returns Internal for an error that matches
// nothing of package tranship or context. err must not be nil.
func Word(err error) string {
	for _, row := range words {
		if errors.Is(err, row.err) {
			return row.word
		}
	}
	return Internal
}
