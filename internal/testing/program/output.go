package program

import (
	"bytes"
	"sync"
)

// Output is what a process prints. It can be read while the process runs, and is safe for
// concurrent use.
type Output struct {
	// Most is how many bytes are kept, which are the last; 0 means all. It must not
	// change once something was printed.
	Most int

	mu     sync.Mutex
	buffer bytes.Buffer
}

// Write implements io.Writer.
func (o *Output) Write(data []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.buffer.Write(data)
	if extra := o.buffer.Len() - o.Most; o.Most > 0 && extra > 0 {
		o.buffer.Next(extra)
	}
	return len(data), nil
}

// String is what is kept of what was printed so far.
func (o *Output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buffer.String()
}

// Len is the length of String.
func (o *Output) Len() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buffer.Len()
}
