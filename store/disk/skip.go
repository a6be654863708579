package disk

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"

	"github.com/tranship/tranship"
)

// localError is an error of one file or directory, past which a walk goes on.
type localError struct{ error }

func (e localError) Unwrap() error { return e.error }

// localTo marks an error as one of a single file or directory, unless it is one of
// the whole store or of the caller.
func localTo(err error) error {
	if err == nil || errors.Is(err, tranship.ErrUnavailable) ||
		errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return localError{err}
}

// isLocal reports whether a walk goes on after an error.
func isLocal(err error) bool {
	_, local := errors.AsType[localError](err)
	return local
}

// withoutMark takes the mark off an error that a walk does not go on past.
func withoutMark(err error) error {
	if local, ok := errors.AsType[localError](err); ok {
		return local.error
	}
	return err
}

// failWalk is fail for a directory of a walk.
func failWalk(op, path string, err error) error { return localTo(fail(op, path, err)) }

// leaveOut reports what a list goes on without, if that is asked for. err is why. It
// returns what ends the list.
func (l *lister) leaveOut(child child, err error) error {
	switch {
	case child.unserved == nil && (!l.options.ReportSkipped || l.isInside(child)):
		return withoutMark(err)
	case !l.options.ReportSkipped, !l.options.Contains(child.key):
		return nil
	case !l.yield(tranship.Entry{}, child.skipped(err)):
		return errEnough
	}
	return nil
}

// isInside reports whether the list begins in the middle of a directory: the caller has
// what comes before, or wants only some of it, and must be told that the rest is missing.
func (l *lister) isInside(child child) bool {
	inside := func(bound string) bool { return len(bound) > len(child.key) && strings.HasPrefix(bound, child.key) }
	return l.options.Recursive && child.IsDir() && (inside(l.options.StartAfter) || inside(l.options.Prefix))
}

// skipped is the error of a list that goes on without the child.
func (c child) skipped(err error) *tranship.SkippedError {
	err = withoutMark(err)
	if errno, ok := errors.AsType[syscall.Errno](err); ok && errors.Is(err, tranship.ErrDenied) {
		err = fmt.Errorf("%w: the store cannot read it", tranship.ErrDenied)
	} else if ok {
		err = fmt.Errorf("the store cannot read it: %w", errno)
	}
	path := c.path
	if len(path) > tranship.MaxSkippedPathBytes { // there are file systems with longer names
		path = path[:tranship.MaxSkippedPathBytes]
	}
	return &tranship.SkippedError{Path: path, IsDir: c.IsDir(), Err: err}
}

// kindError says that something is neither a file nor a directory. It matches
// tranship.ErrUnsupported.
type kindError string

func (e kindError) Error() string        { return string(e) }
func (e kindError) Is(target error) bool { return target == tranship.ErrUnsupported }
