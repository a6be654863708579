package httpadmission

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"unicode"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/failure"
)

// ErrorHeader is the header of a response that has the word for its error, such as "not_found".
const ErrorHeader = "Tranship-Error"

// statuses has the status of each kind of error. The first that an error matches counts.
func statuses() []kindStatus {
	return []kindStatus{
		{tranship.ErrUnauthenticated, http.StatusUnauthorized},
		{tranship.ErrDenied, http.StatusForbidden},
		{tranship.ErrNotFound, http.StatusNotFound},
		{tranship.ErrPrecondition, http.StatusPreconditionFailed},
		{tranship.ErrExists, http.StatusConflict},
		{tranship.ErrAborted, http.StatusConflict},
		{tranship.ErrInvalid, http.StatusBadRequest},
		{tranship.ErrIntegrity, http.StatusUnprocessableEntity},
		{tranship.ErrQuota, http.StatusInsufficientStorage},
		{tranship.ErrNoSpace, http.StatusInsufficientStorage},
		{tranship.ErrLimit, http.StatusRequestEntityTooLarge},
		{tranship.ErrUnsupported, http.StatusNotImplemented},
		{tranship.ErrUnavailable, http.StatusServiceUnavailable},
		{context.Canceled, http.StatusServiceUnavailable},
		{context.DeadlineExceeded, http.StatusServiceUnavailable},
	}
}

type kindStatus struct {
	kind   error
	status int
}

// Status returns the status of the response for an error: 429 for a limit that did not let the
// call begin, and 500 for an error of no kind.
func Status(err error) int {
	if coded, ok := errors.AsType[*statusError](err); ok {
		return coded.status
	}
	if _, ok := errors.AsType[*tranship.LimitError](err); ok && errors.Is(err, tranship.ErrUnavailable) {
		return http.StatusTooManyRequests
	}
	return kindOf(err).status
}

// kindOf returns the kind of an error, and its status. An error of no kind has the kind nil, and
// status 500.
func kindOf(err error) kindStatus {
	for _, known := range statuses() {
		if errors.Is(err, known.kind) {
			return known
		}
	}
	return kindStatus{nil, http.StatusInternalServerError}
}

// WithStatus returns err with another status than that of its kind.
func WithStatus(err error, status int) error { return &statusError{err, status} }

type statusError struct {
	error
	status int
}

func (e *statusError) Unwrap() error { return e.error }

// WithHeader returns err with a header for its response.
func WithHeader(err error, name, value string) error { return &headerError{err, name, value} }

type headerError struct {
	error
	name, value string
}

func (e *headerError) Unwrap() error { return e.error }

// Reworded returns told, another error of the same kind, with the status and the header of the
// response for err.
func Reworded(err, told error) error {
	told = WithStatus(told, Status(err))
	if more, ok := errors.AsType[*headerError](err); ok {
		told = WithHeader(told, more.name, more.value)
	}
	return told
}

// Fail answers a request with an error: its text as one line, and its word in ErrorHeader. Of an
// error of no kind, the client learns only that it is internal, and of the end of a context, which
// has no text for users, what it means here.
func Fail(w http.ResponseWriter, err error) {
	status, text := describe(w.Header(), err)
	w.WriteHeader(status)
	_, _ = w.Write(text) // the client may be gone
}

// describe sets the headers of the response for an error, and returns its status and body.
func describe(header http.Header, err error) (status int, body []byte) {
	status = Status(err)
	word, text := failure.Word(err), err.Error()
	switch kind := kindOf(err).kind; {
	case kind == nil:
		text = "internal error"
	case errors.Is(kind, context.Canceled):
		text = "the request was ended: the client has closed its side of the connection, or the server stops"
	case errors.Is(kind, context.DeadlineExceeded):
		text = "the request was ended: its time is over"
	}
	header.Set(ErrorHeader, word)
	header.Set("Content-Type", "text/plain; charset=utf-8")
	Protect(header)
	header.Set("Cache-Control", "no-store")
	if more, ok := errors.AsType[*headerError](err); ok {
		header.Set(more.name, more.value)
	}
	switch status {
	case http.StatusUnauthorized:
		header.Set("WWW-Authenticate", "Bearer")
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		header.Set("Retry-After", "1")
	}
	return status, []byte(oneLine(text) + "\n")
}

// oneLine replaces control characters by spaces.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "�"))
}
