package failure

import "fmt"

// Worded returns err with another message. The result unwraps to err, which keeps its
// type, fields and class. It is for messages that have a path or a limit in the middle.
func Worded(err error, format string, args ...any) error {
	return &worded{err, fmt.Sprintf(format, args...)}
}

type worded struct {
	err  error
	text string
}

func (w *worded) Error() string { return w.text }
func (w *worded) Unwrap() error { return w.err }
