package program

import (
	"bytes"
	"context"
	"regexp"
	"sync"
	"testing"
	"time"
)

// Output keeps what a process prints. It can be read while the process runs, and is safe
// for concurrent use. The zero value is ready to use.
type Output struct {
	// Most is how many of the last bytes are kept; 0 means all. It must not change after
	// the first Write.
	Most int

	mu     sync.Mutex
	buffer bytes.Buffer
	// changed is closed at the next Write; nil if no caller waits for it.
	changed chan struct{}
}

// Write implements io.Writer.
func (o *Output) Write(data []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.buffer.Write(data)
	if extra := o.buffer.Len() - o.Most; o.Most > 0 && extra > 0 {
		o.buffer.Next(extra)
	}
	if o.changed != nil {
		close(o.changed)
		o.changed = nil
	}
	return len(data), nil
}

// String returns what is kept of the output so far.
func (o *Output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buffer.String()
}

// Len returns the length of String.
func (o *Output) Len() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buffer.Len()
}

// Await waits up to a minute until all words have been printed. Otherwise it fails the
// test.
func (o *Output) Await(t testing.TB, words ...string) {
	t.Helper()
	for _, word := range words {
		o.AwaitMatch(t, regexp.MustCompile(regexp.QuoteMeta(word)))
	}
}

// AwaitMatch waits up to a minute until the output matches words. Otherwise it fails the
// test.
func (o *Output) AwaitMatch(t testing.TB, words *regexp.Regexp) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for {
		text, changed := o.watch()
		if words.MatchString(text) {
			return
		}
		select {
		case <-changed:
		case <-ctx.Done():
			t.Fatalf("%v was not shown: %.1000q", words, text)
		}
	}
}

// watch returns what is kept, and a channel that is closed when more is printed.
func (o *Output) watch() (text string, changed <-chan struct{}) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.changed == nil {
		o.changed = make(chan struct{})
	}
	return o.buffer.String(), o.changed
}
