package hook

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/failure"
	"github.com/tranship/tranship/internal/printable"
)

// target is a hook with what counts for it.
type target struct {
	Hook
	// asking has an element for each question under way.
	asking chan struct{}
	counts counts
}

// counts are what Stats reports.
type counts struct {
	agreed, refused, unanswered, passed  atomic.Int64
	delivered, failed, rejected, damaged atomic.Int64
	// waiting and oldest are those of the latest look at the outbox.
	waiting, oldest atomic.Int64
}

func newTarget(hook Hook) *target {
	hook.Timeout = cmp.Or(hook.Timeout, DefaultTimeout)
	hook.Parallel = cmp.Or(hook.Parallel, DefaultParallel)
	hook.Batch = cmp.Or(hook.Batch, 1)
	return &target{Hook: hook, asking: make(chan struct{}, hook.Parallel)}
}

// asks reports whether a hook is asked before commits.
func (h *Hooks) asks() bool {
	for _, t := range h.targets {
		if t.has(BeforeCommit) {
			return true
		}
	}
	return false
}

// ask asks all hooks that select the path of a question, one after the other. It fails at the first
// that refuses. content returns the content from its beginning; it may be nil.
func (h *Hooks) ask(ctx context.Context, question Question, content contents) error {
	for _, t := range h.targets {
		if !t.selects(BeforeCommit, question.Path) {
			continue
		}
		question.ID, question.Time = rand.Text(), time.Now().UTC()
		question.Principal, question.Link = callerOf(ctx)
		answer, err := t.ask(ctx, question, content)
		switch {
		case err == nil && !answer.Refuse:
			t.counts.agreed.Add(1)
			continue
		case err == nil:
			t.counts.refused.Add(1)
			h.options.Logger.Info("a hook has refused a file", "hook", t.Name, "path", question.Path, "reason", reasonOf(answer))
			return refusal(t.Name, question.Path, answer)
		case ctx.Err() != nil:
			return ctx.Err()
		}
		t.counts.unanswered.Add(1)
		_, unasked := errors.AsType[*unaskedError](err)
		open := t.FailOpen && !unasked
		h.options.Logger.Warn("a hook does not answer before a commit", "hook", t.Name, "path", question.Path, "error", err, "open", open)
		if !open {
			at := &tranship.PathError{Op: "write", Path: question.Path, Err: tranship.ErrUnavailable}
			return failure.Worded(at, "%v: the hook %s, which has to agree to %s, does not answer: try again later", at.Err, t.Name, at.Path)
		}
		t.counts.passed.Add(1)
	}
	return nil
}

// unaskedError means that a hook could not be asked for a reason that clients can bring about. A
// file then does not become visible, also if the hook is open.
type unaskedError struct{ error }

func (e *unaskedError) Unwrap() error { return e.error }

// readContent is a content that remembers why it could not be read.
type readContent struct {
	io.Reader
	failed error
}

// Read implements io.Reader.
func (c *readContent) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	if err != nil && err != io.EOF { // only io.EOF itself is the end
		c.failed = err
	}
	return n, err
}

// ask asks the hook within its timeout, after it has waited for other questions for as long at most.
func (t *target) ask(ctx context.Context, question Question, content contents) (Answer, error) {
	waiting, stop := context.WithTimeout(ctx, t.Timeout)
	defer stop()
	select {
	case t.asking <- struct{}{}:
		defer func() { <-t.asking }()
	case <-waiting.Done():
		return Answer{}, &unaskedError{fmt.Errorf("%d other questions were not answered in time: %w", t.Parallel, waiting.Err())}
	}
	ctx, cancel := context.WithTimeout(ctx, t.Timeout)
	defer cancel()
	if !t.Content || content == nil {
		return t.Carrier.Ask(ctx, question)
	}
	opened, err := content(ctx)
	if err != nil {
		return Answer{}, &unaskedError{err}
	}
	defer opened.Close()
	reader := &readContent{Reader: opened}
	question.Content = reader
	answer, err := t.Carrier.Ask(ctx, question)
	if err != nil && reader.failed != nil {
		err = &unaskedError{err}
	}
	return answer, err
}

// refusal returns the error for a client whose file a hook has refused.
func refusal(name, path string, answer Answer) error {
	kind := answer.Kind
	if kind == nil {
		kind = tranship.ErrDenied
	}
	at := &tranship.PathError{Op: "write", Path: path, Err: kind}
	return failure.Worded(at, "%v: the hook %s refuses %s: %s", kind, name, path, reasonOf(answer))
}

// reasonOf returns the reason of an answer as one line.
func reasonOf(answer Answer) string {
	reason := answer.Reason
	if len(reason) > MaxReasonBytes {
		reason = strings.ToValidUTF8(reason[:MaxReasonBytes], "") + "…"
	}
	return cmp.Or(printable.Text(reason), "it gives no reason")
}
