package filesrv

import (
	"context"
	"errors"
	"iter"
	"path"
	"strings"

	"github.com/tranship/tranship"
)

// A finder yields the paths of the files that a requested name stands for, in
// ascending order; of none, nothing. After an error it yields nothing more.
type finder func(ctx context.Context, store tranship.Reader, name string) iter.Seq2[string, error]

// literal is a finder that takes the name as a path. It does not look whether there
// is a file.
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
		found := false
		for entry, err := range store.List(ctx, tranship.ListOptions{Directory: name, Recursive: true}) {
			found = true
			if !yield(entry.Path, err) || err != nil {
				return
			}
		}
		if !found {
			walk(ctx, store, "", strings.Split(name, "/"), yield)
		}
	}
}

// walk yields the files below directory that match a pattern, given as segments. It
// looks only into directories that match as far. It returns false when it must
// stop.
func walk(ctx context.Context, store tranship.Reader, directory string, pattern []string, yield func(string, error) bool) bool {
	segment, rest := pattern[0], pattern[1:]
	if !strings.ContainsAny(segment, `*?[\`) {
		next := path.Join(directory, segment)
		if len(rest) > 0 {
			return walk(ctx, store, next, rest, yield)
		}
		_, err := store.Stat(ctx, next)
		return errors.Is(err, tranship.ErrNotFound) || yield(next, err) && err == nil
	}
	for entry, err := range store.List(ctx, tranship.ListOptions{Directory: directory}) {
		if err != nil {
			return yield("", err) && false
		}
		// A malformed pattern matches nothing.
		matched, _ := path.Match(segment, path.Base(entry.Path))
		switch {
		case !matched || entry.IsDir != (len(rest) > 0):
		case entry.IsDir && !walk(ctx, store, entry.Path, rest, yield):
			return false
		case !entry.IsDir && !yield(entry.Path, nil):
			return false
		}
	}
	return true
}
