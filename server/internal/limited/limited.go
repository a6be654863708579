// Package limited makes the errors of limits that callers may try again after: each
// names its limit, matches tranship.ErrUnavailable, and says whether the call was begun.
package limited

import (
	"fmt"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/failure"
)

// Refused returns the error of a call or a connection that limit did not let begin.
// Repeating it is safe.
func Refused(limit tranship.Limit, format string, args ...any) error {
	return failure.Mark(CutOff(limit, format, args...), failure.Refused)
}

// CutOff returns the error of a call that limit ended while it was under way. The call
// may have taken effect.
func CutOff(limit tranship.Limit, format string, args ...any) error {
	return &tranship.LimitError{Limit: limit, Rule: fmt.Sprintf(format, args...), Err: tranship.ErrUnavailable}
}
