package failure

import (
	"context"
	"errors"

	"github.com/tranship/tranship"
)

// words pairs errors with their words, in the order in which they are tried.
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

// Internal is the word for an error that has no other. Its message is not for clients.
const Internal = "internal"

// Word returns one word for an error, for logs and for protocols: "not_found" for one
// that matches tranship.ErrNotFound, and Internal for one that matches nothing of package
// tranship or context. err must not be nil.
func Word(err error) string {
	for _, row := range words {
		if errors.Is(err, row.err) {
			return row.word
		}
	}
	return Internal
}
