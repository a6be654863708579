package disk

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"

	"github.com/tranship/tranship"
)

// localError is an error of one file or directory. A walk can skip it and continue.
type localError struct{ error }

func (e localError) Unwrap() error { return e.error }

// localTo marks err as a localError, unless it concerns the whole store or the caller's
// context.
func localTo(err error) error {
	if err == nil || errors.Is(err, tranship.ErrUnavailable) ||
		errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return localError{err}
}

// isLocal reports whether a walk can continue after an error.
func isLocal(err error) bool {
	_, local := errors.AsType[localError](err)
	return local
}

// withoutMark removes the mark of localTo from an error that ends a walk.
func withoutMark(err error) error {
	if local, ok := errors.AsType[localError](err); ok {
		return local.error
	}
	return err
}

// failWalk is fail for a directory of a walk.
func failWalk(op, path string, err error) error { return localTo(fail(op, path, err)) }

// skip handles an entry that the list cannot yield because of err. If the options ask for it,
// skip yields a SkippedError. It returns the error that ends the list; nil if it continues.
func (l *lister) skip(child child, err error) error {
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

// isInside reports whether the list begins inside a directory: the caller has its earlier
// entries, or asks for some only. Such a list must fail if the rest cannot be read.
func (l *lister) isInside(child child) bool {
	inside := func(bound string) bool { return len(bound) > len(child.key) && strings.HasPrefix(bound, child.key) }
	return l.options.Recursive && child.IsDir() && (inside(l.options.StartAfter) || inside(l.options.Prefix))
}

// skipped returns the error that a list yields in place of the child.
func (c child) skipped(err error) *tranship.SkippedError {
	err = withoutMark(err)
	if errno, ok := errors.AsType[syscall.Errno](err); ok && errors.Is(err, tranship.ErrDenied) {
		err = fmt.Errorf("%w: the store cannot read it", tranship.ErrDenied)
	} else if ok {
		err = fmt.Errorf("the store cannot read it: %w", errno)
	}
	path := c.path
	if len(path) > tranship.MaxSkippedPathBytes { // some file systems have longer names
		path = path[:tranship.MaxSkippedPathBytes]
	}
	return &tranship.SkippedError{Path: path, IsDir: c.IsDir(), Err: err}
}

// kindError is the error for an entry that is neither a file nor a directory. It matches
// tranship.ErrUnsupported.
type kindError string

func (e kindError) Error() string        { return string(e) }
func (e kindError) Is(target error) bool { return target == tranship.ErrUnsupported }
