package config

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/spf13/pflag"

	"github.com/tranship/tranship/cmd/tranship/internal/usage"
)

// Origin is where the value of a setting comes from. The zero value is the default of the
// flag.
type Origin struct {
	// Flag is set if the flag was passed.
	Flag bool
	// Variable is the environment variable, "" if it is none.
	Variable string
	// File is the file, "" if it is none, and Line the line in it, from 1.
	File string
	Line int
}

// String returns "flag", "environment VARIABLE", "FILE:LINE" or "default".
func (o Origin) String() string {
	switch {
	case o.Flag:
		return "flag"
	case o.Variable != "":
		return "environment " + o.Variable
	case o.File != "":
		return o.place()
	}
	return "default"
}

// place returns what stands before the text of a mistake; "" for a flag and a default.
func (o Origin) place() string {
	switch {
	case o.Variable != "":
		return o.Variable
	case o.File != "" && o.Line > 0:
		return o.File + ":" + strconv.Itoa(o.Line)
	}
	return o.File
}

// At returns err with a text that begins with the place of the origin.
func (o Origin) At(err error) error {
	if place := o.place(); place != "" {
		return &Mistake{Origin: o, Err: err}
	}
	return err
}

// Mistake is an error in a file or in an environment variable.
type Mistake struct {
	Origin Origin
	// Err has a text that names the key.
	Err error
}

// Error returns the place and the text of the mistake.
func (m *Mistake) Error() string { return m.Origin.place() + ": " + m.Err.Error() }

// Unwrap returns the mistake without its place.
func (m *Mistake) Unwrap() error { return m.Err }

// wrongValue returns the error of a text that a flag refuses with err.
func wrongValue(flag *pflag.Flag, text string, err error) error {
	if _, ok := errors.AsType[*strconv.NumError](err); ok {
		switch flag.Value.Type() {
		case "bool":
			err = errors.New("it must be true or false")
		case "float64":
			err = errors.New("it must be a number")
		default:
			err = errors.New("it must be a whole number")
		}
	}
	return fmt.Errorf("%s: the value %q: %w", flag.Name, text, err)
}

// Sort returns mistakes with those of a file first, by their line.
func Sort(mistakes usage.Mistakes) usage.Mistakes {
	slices.SortStableFunc(mistakes, func(a, b error) int { return cmp.Compare(line(a), line(b)) })
	return mistakes
}

// line returns the line of a mistake in a file, and a greater number for other mistakes.
func line(err error) int {
	if mistake, ok := errors.AsType[*Mistake](err); ok && mistake.Origin.File != "" {
		return mistake.Origin.Line
	}
	return math.MaxInt
}
