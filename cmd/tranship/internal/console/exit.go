package console

import (
	"errors"
	"io/fs"
	"sync"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/cmd/tranship/internal/usage"
	"github.com/tranship/tranship/transfer"
)

// The exit codes are part of the documented interface of the command.
const (
	exitDone      = 0
	ExitFailed    = 1
	ExitUsage     = 2
	ExitNotFound  = 3
	ExitDenied    = 4
	exitIntegrity = 5
	exitExists    = 6
)

// exitCodes returns the exit code of each kind of error. The first rule that matches counts;
// an error that matches none is ExitFailed.
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

// ExitCode returns the exit code of a command that fails with err; 0 for nil.
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

// failures has the exit codes of the failures of one command.
// It is safe for concurrent use.
type failures struct {
	mu    sync.Mutex
	codes map[int]bool
}

// Add adds the exit code of a failure.
func (f *failures) Add(code int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.codes == nil {
		f.codes = map[int]bool{}
	}
	f.codes[code] = true
}

// ExitCode returns the exit code that all failures have in common, ExitFailed if they
// differ, and 0 without failures.
func (f *failures) ExitCode() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.codes) > 1 {
		return ExitFailed
	}
	for code := range f.codes {
		return code
	}
	return exitDone
}
