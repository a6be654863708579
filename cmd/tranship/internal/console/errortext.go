package console

import (
	"github.com/tranship/tranship"
	"github.com/tranship/tranship/cmd/tranship/internal/location"
	"github.com/tranship/tranship/internal/budget"
)

// Subject is what a line is about: the name that stands before an error on it.
type Subject struct {
	// Server is the server that the name begins with; the zero value for none.
	Server location.Server
	// Paths are those that the name stands for, in the stores that are involved.
	Paths []string
}

// Text is what an error says behind the subject's name, without the server and the path
// that the name has.
func (s Subject) Text(err error) string {
	switch e := err.(type) { //nolint:errorlint // what wraps it has words of its own
	case *ServerError:
		if e.Server == s.Server {
			return s.Text(e.Err)
		}
	case *budget.Error:
		inner := *e
		inner.Err = textError{s.Text(e.Err), e.Err}
		return inner.Error()
	}
	for _, path := range s.Paths {
		if text := tranship.WithoutPath(err, path); text != err.Error() {
			return text
		}
	}
	return err.Error()
}

// Pathless is an error without a path that stands before it.
func Pathless(err error, path string) error {
	if err == nil {
		return nil
	}
	return textError{Subject{Paths: []string{path}}.Text(err), err}
}

// textError is an error with another text.
type textError struct {
	text string
	err  error
}

func (e textError) Error() string { return e.text }
func (e textError) Unwrap() error { return e.err }

// Advised is err with a text that says already what can be done.
func Advised(text string, err error) error { return advisedError{textError{text, err}} }

// advisedError is a textError whose text says already what can be done.
type advisedError struct{ textError }

// ServerError is the error of a connection to a server.
type ServerError struct {
	Server location.Server
	Err    error
}

func (e *ServerError) Error() string { return e.Server.String() + ": " + e.Err.Error() }
func (e *ServerError) Unwrap() error { return e.Err }
