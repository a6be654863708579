// Package console prints the results, errors and warnings of a command, and computes its
// exit code. Each error is one line, which names a location once and the flag of a limit.
package console

import (
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/tranship/tranship/internal/printable"
)

// Streams are the standard streams of a command.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
}

// Console prints results, errors and warnings of a command, and counts failures. Its methods
// must not be called concurrently unless they are documented as safe for concurrent use.
type Console struct {
	Streams
	// JSON prints results as JSON.
	JSON bool
	// Quiet prints errors only.
	Quiet bool
	// Verbose prints retries even without a terminal.
	Verbose bool
	// Watched reports that the standard error is a terminal, or that progress is shown.
	Watched bool
	// Failures are the exit codes of the failures so far.
	Failures failures

	printing sync.Mutex // guards Err
	warned   sync.Map   // the warnings that were printed
	retries  retryLog
}

// Fail prints an error as one line and remembers it for the exit code.
func (c *Console) Fail(err error) {
	c.Failures.Add(ExitCode(err))
	text := err.Error()
	if _, advised := errors.AsType[advisedError](err); !advised {
		text += LimitAdvice(err)
	}
	c.PrintError(text)
}

// Notice prints one line of text to the standard error, unless Quiet is set.
// It is safe for concurrent use.
func (c *Console) Notice(text string) {
	if !c.Quiet {
		c.PrintError(text)
	}
}

// PrintError prints the text of an error as one line to the standard error.
// It is safe for concurrent use.
func (c *Console) PrintError(text string) {
	c.printing.Lock()
	defer c.printing.Unlock()
	_, _ = fmt.Fprintf(c.Err, "tranship: %s\n", printable.Text(text))
}

// Warn prints a warning. Repeated warnings with the same text are printed once.
// It is safe for concurrent use.
func (c *Console) Warn(text string) {
	if _, printed := c.warned.LoadOrStore(text, nil); !printed {
		c.Notice("warning: " + text)
	}
}

// retryInterval is the minimum time between two retries that are printed: after a lost
// connection, all files in flight are retried at once.
const retryInterval = 5 * time.Second

// retryLog has the time when the last retry was printed.
type retryLog struct {
	mu   sync.Mutex
	last time.Time
}

// NotifyRetry prints that an operation on subject is retried after a wait, and why. It prints
// only if Verbose or Watched, and at most one line per retryInterval. It is safe for
// concurrent use.
func (c *Console) NotifyRetry(subject string, wait time.Duration, err error) {
	if !c.Verbose && !c.Watched {
		return
	}
	c.retries.mu.Lock()
	now := time.Now()
	printed := now.Sub(c.retries.last) < retryInterval
	if !printed {
		c.retries.last = now
	}
	c.retries.mu.Unlock()
	if !printed {
		c.Notice(fmt.Sprintf("%s: retrying in %v: %v", subject, wait.Round(100*time.Millisecond), err))
	}
}
