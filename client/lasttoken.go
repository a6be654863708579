package client

import (
	"context"
	"sync"
	"time"
)

// youngAge is how long a token that has replaced another counts as young. A server reads
// its file of tokens once a second, and so may not know a new one yet.
const youngAge = 2 * time.Second

// lastToken is the token that a client sent last, on any of its connections. It is safe for
// concurrent use.
type lastToken struct {
	now func() time.Time

	mu    sync.Mutex
	token string
	// since is when the token replaced another; the zero time for the first token.
	since time.Time
}

// note records a token that is sent.
func (l *lastToken) note(token string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if token == l.token {
		return
	}
	if l.token != "" {
		l.since = l.now()
	}
	l.token = token
}

// isYoung reports whether a token is the one that was sent last, and has just replaced
// another. A refusal of such a token is not final.
func (l *lastToken) isYoung(token string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return token != "" && token == l.token && !l.since.IsZero() && l.now().Sub(l.since) < youngAge
}

// sleep waits for a duration, or until the context ends.
func sleep(ctx context.Context, wait time.Duration) {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
