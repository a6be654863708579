package main

import (
	"errors"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/budget"
	"github.com/tranship/tranship/transfer"
)

// subject is what a line is about: the name that stands before an error on it.
type subject struct {
	// server is the server that the name begins with; the zero value for none.
	server serverPlace
	// paths are those that the name stands for, in the stores that are involved.
	paths []string
}

// text is what an error says behind the subject's name, without the server and the path
// that the name has.
func (s subject) text(err error) string {
	switch e := err.(type) { //nolint:errorlint // what wraps it has words of its own
	case *serverError:
		if e.server == s.server {
			return s.text(e.err)
		}
	case *budget.Error:
		inner := *e
		inner.Err = textError{s.text(e.Err), e.Err}
		return inner.Error()
	}
	for _, path := range s.paths {
		if text := tranship.WithoutPath(err, path); text != err.Error() {
			return text
		}
	}
	return err.Error()
}

// pathless is an error without a path that stands before it.
func pathless(err error, path string) error {
	if err == nil {
		return nil
	}
	return textError{subject{paths: []string{path}}.text(err), err}
}

// textError is an error with another text.
type textError struct {
	text string
	err  error
}

func (e textError) Error() string { return e.text }
func (e textError) Unwrap() error { return e.err }

// advisedError is a textError whose text says already what can be done.
type advisedError struct{ textError }

// serverError is the error of a connection to a server.
type serverError struct {
	server serverPlace
	err    error
}

func (e *serverError) Error() string { return e.server.String() + ": " + e.err.Error() }
func (e *serverError) Unwrap() error { return e.err }

// inWords is what an error of a copy says behind a subject's name: a copy that can be
// resumed is a command that can be run again.
func (t *target) inWords(err error, of subject) string {
	resumable, ok := errors.AsType[*transfer.ResumableError](err)
	if !ok || err != error(resumable) {
		return of.text(err) + limitAdvice(err)
	}
	text := of.text(resumable.Err) + limitAdvice(err)
	if errors.Is(err, tranship.ErrAborted) {
		// Another client removed the upload, or goes on with it.
		return text
	}
	return text + "; " + t.again() + " to go on from here"
}
