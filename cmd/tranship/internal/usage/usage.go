// Package usage has the errors of wrong command lines.
package usage

import (
	"errors"
	"fmt"
	"strings"
)

// Err is the sentinel that every Error matches with errors.Is.
var Err = errors.New("usage")

// Error describes a mistake in a command line.
type Error struct{ message string }

func (e Error) Error() string { return e.message }

// Is implements the matching of Err.
func (e Error) Is(t error) bool { return t == Err }

// New returns an Error with a message.
func New(message string) error { return Error{message} }

// Errorf returns an Error with a formatted message.
func Errorf(format string, args ...any) error {
	return Error{fmt.Sprintf(format, args...)}
}

// FlagError is a mistake in the value of one flag, or in a combination of flags that the flag
// is part of. Its text names the flag.
type FlagError struct {
	// Flag is the name of the flag, without dashes.
	Flag string
	// Item is the number of the value that is wrong, from 1, of a flag that may be repeated; 0
	// means that it is not one of them.
	Item int
	Err  error
}

// AtItem returns the mistake err of the value with an index, from 0, of the flag with a name.
func AtItem(name string, index int, err error) error {
	return &FlagError{Flag: name, Item: index + 1, Err: err}
}

// AtFlag returns the mistake err of the flag with a name.
func AtFlag(name string, err error) error { return &FlagError{Flag: name, Err: err} }

// Error returns the text of the mistake.
func (e *FlagError) Error() string { return e.Err.Error() }

// Unwrap returns the mistake.
func (e *FlagError) Unwrap() error { return e.Err }

// Is implements the matching of Err, whatever the mistake is.
func (e *FlagError) Is(t error) bool { return t == Err }

// Mistakes are several mistakes of one command line, each of which is reported by itself.
type Mistakes []error

// Add adds an error, and those of Mistakes one by one. It ignores nil.
func (m *Mistakes) Add(errs ...error) {
	for _, err := range errs {
		if several, ok := err.(Mistakes); ok { //nolint:errorlint // one that is wrapped has its own text
			*m = append(*m, several...)
		} else if err != nil {
			*m = append(*m, err)
		}
	}
}

// If adds a mistake of the flag with a name if wrong is true.
func (m *Mistakes) If(wrong bool, flag, format string, args ...any) {
	if wrong {
		m.Add(AtFlag(flag, Errorf(format, args...)))
	}
}

// Err returns the mistakes; nil if there is none.
func (m Mistakes) Err() error {
	switch len(m) {
	case 0:
		return nil
	case 1:
		return m[0]
	}
	return m
}

// Error returns the texts of all mistakes.
func (m Mistakes) Error() string {
	texts := make([]string, len(m))
	for i, err := range m {
		texts[i] = err.Error()
	}
	return strings.Join(texts, "; ")
}

// Unwrap returns the mistakes.
func (m Mistakes) Unwrap() []error { return m }
