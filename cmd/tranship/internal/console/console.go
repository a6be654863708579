// Package console is where a command prints its results, errors and warnings, and what it
// exits with. It words the errors: each is one line, which names a place once and the flag
// of a limit.
package console

import (
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/tranship/tranship/internal/printable"
)

// Streams are where a command reads and writes.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
}

// Console is where a command prints results, errors and warnings, and counts failures.
// Its methods are safe for concurrent use unless they say otherwise.
type Console struct {
	Streams
	// json: results are printed as JSON.
	JSON bool
	// Verbose: tell what is tried again, also where there is no terminal.
	Verbose bool
	// Watched: the standard error is a terminal.
	Watched  bool
	Failures failures

	complaining sync.Mutex
	warned      sync.Map // the warnings that were printed
	retries     retryLog
}

// Fail prints an error as one line and remembers it for the exit code.
func (c *Console) Fail(err error) {
	c.Failures.Add(ExitCode(err))
	text := err.Error()
	if _, advised := errors.AsType[advisedError](err); !advised {
		text += LimitAdvice(err)
	}
	c.Complain(text)
}

// Complain prints one line of text to the standard error.
// It is safe for concurrent use.
func (c *Console) Complain(text string) {
	c.complaining.Lock()
	defer c.complaining.Unlock()
	_, _ = fmt.Fprintf(c.Err, "tranship: %s\n", printable.Text(text))
}

// Warn prints a warning, once, however often what it is about is tried again.
// It is safe for concurrent use.
func (c *Console) Warn(text string) {
	if _, told := c.warned.LoadOrStore(text, nil); !told {
		c.Complain("warning: " + text)
	}
}

// retryInterval is between two retries that are told: when a connection is lost,
// all files in flight are tried again.
const retryInterval = 5 * time.Second

// retryLog is when the last retry was told.
type retryLog struct {
	mu   sync.Mutex
	last time.Time
}

// TellRetry tells those who watch that something is tried again after a wait, unless that
// was told of anything a moment ago. It is safe for concurrent use.
func (c *Console) TellRetry(what string, wait time.Duration, err error) {
	if !c.Verbose && !c.Watched {
		return
	}
	c.retries.mu.Lock()
	now := time.Now()
	told := now.Sub(c.retries.last) < retryInterval
	if !told {
		c.retries.last = now
	}
	c.retries.mu.Unlock()
	if !told {
		c.Complain(fmt.Sprintf("%s: tried again in %v: %v", what, wait.Round(100*time.Millisecond), err))
	}
}
