package filesrv

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"path"
	"slices"
	"strings"

	"github.com/tranship/tranship"
)

// A finder yields the paths of the files that a requested name stands for, in ascending
// order. After an error, also one of a file or directory that it could not read, it yields
// nothing more.
type finder func(ctx context.Context, store tranship.Reader, name string) iter.Seq2[string, error]

// literal is a finder that takes the name as a path, whether or not there is a file.
func literal(_ context.Context, _ tranship.Reader, name string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) { yield(name, nil) }
}

// match is a finder that takes the name as a path; or else as a directory, for all files below it;
// or else as a pattern. In patterns '*', '?' and '[...]' are special, as in
// path.Match, and none of them matches a '/'.
func match(ctx context.Context, store tranship.Reader, name string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		switch _, err := store.Stat(ctx, name); {
		case err == nil:
			yield(name, nil)
			return
		case !errors.Is(err, tranship.ErrNotFound):
			yield("", err)
			return
		}
		s := search{ctx: ctx, store: store, yield: yield}
		found := false
		for entry, err := range store.List(ctx, tranship.ListOptions{Directory: name, Recursive: true, ReportSkipped: true}) {
			found = true
			if skipped, ok := errors.AsType[*tranship.SkippedError](err); ok {
				s.leaveOut(skipped)
				continue
			}
			if !yield(entry.Path, err) || err != nil {
				return
			}
		}
		if !found {
			pattern := strings.Split(name, "/")
			if wild := len(pattern) - len(slices.DeleteFunc(slices.Clone(pattern), isWild)); wild > maxWild {
				yield("", &tranship.InvalidError{Field: "filename", Rule: fmt.Sprintf("a pattern has at most %d segments with wildcards, not %d", maxWild, wild)})
				return
			}
			if !s.walk("", pattern) {
				return
			}
		}
		if s.unread != nil {
			yield("", s.unread)
		}
	}
}

// search yields the files that match a pattern.
type search struct {
	ctx   context.Context
	store tranship.Reader
	yield func(string, error) bool
	// unread is the first error of a file or directory that could not be read. The protocol
	// has no message for it, so the caller yields it after the files.
	unread error
}

// leaveOut records what a list has left out. Entries that no store can have, such as
// links, match nothing.
func (s *search) leaveOut(skipped *tranship.SkippedError) {
	if skipped.Unreadable() && s.unread == nil {
		s.unread = skipped
	}
}

// maxWild bounds the segments with wildcards of a pattern, because each of them has a list
// under way at the same time.
const maxWild = 8

func isWild(segment string) bool { return strings.ContainsAny(segment, `*?[\`) }

// walk yields the files below directory that match a pattern, given as segments. It
// lists only directories that match the segments before. It returns false when it must
// stop.
func (s *search) walk(directory string, pattern []string) bool {
	segment, rest := pattern[0], pattern[1:]
	if !isWild(segment) {
		next := path.Join(directory, segment)
		if len(rest) > 0 {
			return s.walk(next, rest)
		}
		_, err := s.store.Stat(s.ctx, next)
		return errors.Is(err, tranship.ErrNotFound) || s.yield(next, err) && err == nil
	}
	for entry, err := range s.store.List(s.ctx, tranship.ListOptions{Directory: directory, ReportSkipped: true}) {
		skipped, isSkipped := errors.AsType[*tranship.SkippedError](err)
		if errors.Is(err, tranship.ErrDenied) && !isSkipped {
			s.leaveOut(&tranship.SkippedError{Path: directory, IsDir: true, Err: err})
			return true
		}
		if err != nil && !isSkipped {
			return s.yield("", err) && false
		}
		if isSkipped {
			entry = tranship.Entry{File: tranship.File{Path: skipped.Path}, IsDir: skipped.IsDir}
		}
		// A malformed pattern matches nothing.
		matched, _ := path.Match(segment, path.Base(entry.Path))
		switch {
		case !matched || entry.IsDir != (len(rest) > 0):
		case isSkipped:
			s.leaveOut(skipped)
		case entry.IsDir && !s.walk(entry.Path, rest):
			return false
		case !entry.IsDir && !s.yield(entry.Path, nil):
			return false
		}
	}
	return true
}
