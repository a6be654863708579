// Package usage has the errors of wrong command lines.
package usage

import (
	"errors"
	"fmt"
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
