package console

import (
	"errors"
	"io/fs"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/cmd/tranship/internal/usage"
	"github.com/tranship/tranship/transfer"
)

// Exit codes; they are part of the command line's contract.
const (
	exitDone      = 0
	ExitFailed    = 1
	ExitUsage     = 2
	ExitNotFound  = 3
	ExitDenied    = 4
	exitIntegrity = 5
	exitExists    = 6
)

// exitCodes says what each kind of error exits with; the first that matches. What
// matches none is exitFailed.
func exitCodes() []exitRule {
	return []exitRule{
		{usage.Err, ExitUsage},
		{transfer.ErrChanged, ExitFailed},
		{transfer.ErrSkipped, ExitFailed},
		{tranship.ErrNotFound, ExitNotFound},
		{fs.ErrNotExist, ExitNotFound},
		{tranship.ErrDenied, ExitDenied},
		{tranship.ErrUnauthenticated, ExitDenied},
		{fs.ErrPermission, ExitDenied},
		{tranship.ErrIntegrity, exitIntegrity},
		{tranship.ErrExists, exitExists},
		{tranship.ErrPrecondition, exitExists},
		{fs.ErrExist, exitExists},
	}
}

type exitRule struct {
	is   error
	code int
}

// ExitCode is what a command exits with after an error; ExitDone for nil.
func ExitCode(err error) int {
	if err == nil {
		return exitDone
	}
	for _, rule := range exitCodes() {
		if errors.Is(err, rule.is) {
			return rule.code
		}
	}
	return ExitFailed
}

// failures are those of one command.
type failures struct {
	codes map[int]bool
}

func (f *failures) Add(code int) {
	if f.codes == nil {
		f.codes = map[int]bool{}
	}
	f.codes[code] = true
}

// ExitCode is that of all failures if it is one, and otherwise exitFailed.
func (f *failures) ExitCode() int {
	if len(f.codes) > 1 {
		return ExitFailed
	}
	for code := range f.codes {
		return code
	}
	return exitDone
}
