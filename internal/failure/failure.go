// Package failure classifies errors of stores: whether repeating an operation can help,
// and whether the failed operation may have taken effect. It is independent of the
// transport. A transport marks the errors that it makes, and all retries in this module
// call Of.
package failure

import (
	"context"
	"errors"

	"github.com/tranship/tranship"
)

// Class is what a caller may do after an error.
type Class int

const (
	// Final means that repeating the operation does not help.
	Final Class = iota
	// Refused means that the operation was not begun and may succeed later.
	Refused
	// Unknown means that the operation may succeed later, and that this attempt may
	// have taken effect: its outcome was lost.
	Unknown
)

// String returns "final", "refused" or "unknown".
func (c Class) String() string {
	switch c {
	case Refused:
		return "refused"
	case Unknown:
		return "unknown"
	default:
		return "final"
	}
}

// Classified is an error that knows its class.
type Classified interface {
	error
	// Class returns the class of the error.
	Class() Class
}

// Mark returns err with a class, which replaces an earlier one. Mark(nil, class) is nil.
func Mark(err error, class Class) error {
	if err == nil {
		return nil
	}
	return &marked{err, class}
}

type marked struct {
	error
	class Class
}

func (m *marked) Class() Class  { return m.class }
func (m *marked) Unwrap() error { return m.error }

// Of returns the class of an error of an operation that ran under ctx. Once ctx has
// ended, every error is Final. An error that was not marked is Unknown if it matches
// tranship.ErrUnavailable, or if it is a cancellation or an exceeded deadline: because
// ctx has not ended, that comes from a hop on the way. All others are Final.
func Of(ctx context.Context, err error) Class {
	if err == nil || ctx.Err() != nil {
		return Final
	}
	if classified, ok := errors.AsType[Classified](err); ok {
		return classified.Class()
	}
	for _, passing := range []error{tranship.ErrUnavailable, context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, passing) {
			return Unknown
		}
	}
	return Final
}

// IsPassing reports whether repeating the operation that failed with err may help.
func IsPassing(ctx context.Context, err error) bool { return Of(ctx, err) != Final }
