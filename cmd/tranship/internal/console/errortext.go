package console

import (
	"github.com/tranship/tranship"
	"github.com/tranship/tranship/cmd/tranship/internal/location"
	"github.com/tranship/tranship/internal/budget"
)

// Subject is the name that stands before an error on its line.
type Subject struct {
	// Server is the server that the name begins with; the zero value means none.
	Server location.Server
	// Paths are the paths that the name stands for, in source and target.
	Paths []string
}

// Text returns the text of an error without the server and the path that are part of the
// subject's name.
func (s Subject) Text(err error) string {
	switch e := err.(type) { //nolint:errorlint // an error that wraps it has its own text
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

// Pathless returns err with a text without path, for lines that begin with the path.
func Pathless(err error, path string) error {
	if err == nil {
		return nil
	}
	return textError{Subject{Paths: []string{path}}.Text(err), err}
}

// textError replaces the text of an error.
type textError struct {
	text string
	err  error
}

func (e textError) Error() string { return e.text }
func (e textError) Unwrap() error { return e.err }

// Advised returns err with a text that already contains advice, so that Fail adds none.
func Advised(text string, err error) error { return advisedError{textError{text, err}} }

// advisedError is the error that Advised returns.
type advisedError struct{ textError }

// ServerError is the error of connecting to a server.
type ServerError struct {
	Server location.Server
	Err    error
}

func (e *ServerError) Error() string { return e.Server.String() + ": " + e.Err.Error() }
func (e *ServerError) Unwrap() error { return e.Err }
