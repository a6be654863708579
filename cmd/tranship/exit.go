package main

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/printable"
	"github.com/tranship/tranship/transfer"
)

// Exit codes; they are part of the command line's contract.
const (
	exitDone      = 0
	exitFailed    = 1
	exitUsage     = 2
	exitNotFound  = 3
	exitDenied    = 4
	exitIntegrity = 5
	exitExists    = 6
)

// exitCodes says what each kind of error exits with; the first that matches. What
// matches none is exitFailed.
func exitCodes() []exitRule {
	return []exitRule{
		{errUsage, exitUsage},
		{transfer.ErrChanged, exitFailed},
		{transfer.ErrSkipped, exitFailed},
		{tranship.ErrNotFound, exitNotFound},
		{fs.ErrNotExist, exitNotFound},
		{tranship.ErrDenied, exitDenied},
		{tranship.ErrUnauthenticated, exitDenied},
		{fs.ErrPermission, exitDenied},
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

func exitCode(err error) int {
	if err == nil {
		return exitDone
	}
	for _, rule := range exitCodes() {
		if errors.Is(err, rule.is) {
			return rule.code
		}
	}
	return exitFailed
}

// errUsage is what every usageError matches.
var errUsage = errors.New("usage")

// usageError says what is wrong with a command line.
type usageError struct{ message string }

func (e usageError) Error() string   { return e.message }
func (e usageError) Is(t error) bool { return t == errUsage }

func usagef(format string, args ...any) error {
	return usageError{fmt.Sprintf(format, args...)}
}

// failures are those of one command.
type failures struct {
	codes map[int]bool
}

func (f *failures) add(code int) {
	if f.codes == nil {
		f.codes = map[int]bool{}
	}
	f.codes[code] = true
}

// exitCode is that of all failures if it is one, and otherwise exitFailed.
func (f *failures) exitCode() int {
	if len(f.codes) > 1 {
		return exitFailed
	}
	for code := range f.codes {
		return code
	}
	return exitDone
}

// fail prints an error as one line and remembers it for the exit code.
func (g *globals) fail(err error) {
	g.failures.add(exitCode(err))
	text := err.Error()
	if _, advised := errors.AsType[advisedError](err); !advised {
		text += limitAdvice(err)
	}
	g.complain(text)
}

// complain prints one line of text to the standard error.
// It is safe for concurrent use.
func (g *globals) complain(text string) {
	g.complaining.Lock()
	defer g.complaining.Unlock()
	_, _ = fmt.Fprintf(g.err, "tranship: %s\n", printable.Text(text))
}

// warn prints a warning, once, however often what it is about is tried again.
// It is safe for concurrent use.
func (g *globals) warn(text string) {
	if _, told := g.warned.LoadOrStore(text, nil); !told {
		g.complain("warning: " + text)
	}
}
