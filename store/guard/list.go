package guard

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"slices"
	"strings"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/access/policy"
)

// List implements tranship.Reader. It has the files that the caller may list, and
// those directories that have one below them; where there is none it yields nothing,
// as for a directory that is not there. Checksums and metadata take the right to read
// as well.
//
// It looks at nothing else: a caller who may list one of a hundred thousand
// directories has a list as fast as if there were no other.
func (s *store) List(ctx context.Context, options tranship.ListOptions) iter.Seq2[tranship.Entry, error] {
	return func(yield func(tranship.Entry, error) bool) {
		caller := access.FromContext(ctx)
		listed := s.policy.Prefixes(caller, access.List)
		l := lister{ctx: ctx, inner: s.inner, options: options, yield: yield, readable: s.policy.Prefixes(caller, access.Read), listed: new(int)}
		var err error
		switch directory := options.Directory; {
		case options.Validate() != nil:
			err = options.Validate()
		case ctx.Err() != nil:
			err = ctx.Err()
		case listed.Contain(directory):
			err = l.below(options)
		default:
			err = l.some(below(listed, directory))
		}
		if err != nil && err != errEnough {
			yield(tranship.Entry{}, err)
		}
	}
}

// below are the prefixes below a directory that is in none of them.
func below(prefixes policy.Prefixes, directory string) []string {
	return slices.DeleteFunc(slices.Clone(prefixes), func(prefix string) bool {
		return directory != "" && !strings.HasPrefix(prefix, directory+"/")
	})
}

// errEnough says that the caller has stopped the list, errFound that there is a file, errUnclear
// that there may be one.
var (
	errEnough  = errors.New("enough")
	errFound   = errors.New("found")
	errUnclear = errors.New("unclear")
)

type lister struct {
	ctx     context.Context
	inner   tranship.Store
	options tranship.ListOptions
	yield   func(tranship.Entry, error) bool
	// readable is what the caller may read.
	readable policy.Prefixes
	// listed counts the entries that were yielded, of all pieces of the list.
	listed *int
}

// source is a piece of a list: what is at a path, or, with a '/' behind it in its
// key, what is below.
type source struct {
	key, path string
	// roots are the prefixes of what the caller may list there.
	roots []string
}

func (s source) isBelow() bool { return len(s.key) > len(s.path) }

// some lists what is at and below some prefixes only.
func (l lister) some(prefixes []string) error {
	for _, source := range l.sources(prefixes) {
		if err := l.ctx.Err(); err != nil {
			return err
		}
		begun := false
		piece := l
		piece.yield = func(entry tranship.Entry, err error) bool {
			begun = true
			return l.yield(entry, err)
		}
		var err error
		switch {
		case !source.isBelow():
			err = piece.at(source.path)
		case l.options.Recursive:
			options := l.options
			options.Directory = source.path
			options.Limit = max(l.options.Limit-*l.listed, 0)
			err = piece.below(options)
		default:
			err = piece.directory(source)
		}
		if err != nil && !begun {
			err = l.leaveOut(source, err)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// sources are the pieces of the list, in its order.
func (l lister) sources(prefixes []string) []source {
	byKey := make(map[string]*source)
	add := func(key, path, root string) {
		if byKey[key] == nil {
			byKey[key] = &source{key: key, path: path}
		}
		byKey[key].roots = append(byKey[key].roots, root)
	}
	for _, prefix := range prefixes {
		path := prefix
		if !l.options.Recursive {
			path = l.child(prefix)
		}
		if path == prefix {
			add(path, path, prefix)
		}
		add(path+"/", path, prefix)
	}
	var all []source
	for _, source := range byKey {
		wanted := l.options.Contains(source.key)
		if source.isBelow() && l.options.Recursive { // all keys below begin with the directory's own
			wanted = l.options.Overlaps(source.key)
		}
		if wanted {
			all = append(all, *source)
		}
	}
	slices.SortFunc(all, func(a, b source) int { return cmp.Compare(a.key, b.key) })
	return all
}

// child is what of the listed directory a path below it is, or is in.
func (l lister) child(path string) string {
	start := 0
	if l.options.Directory != "" {
		start = len(l.options.Directory) + 1
	}
	if end := strings.IndexByte(path[start:], '/'); end >= 0 {
		return path[:start+end]
	}
	return path
}

// at yields the file at a path, if there is one.
func (l lister) at(path string) error {
	file, err := l.inner.Stat(l.ctx, path)
	if errors.Is(err, tranship.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return l.entry(tranship.Entry{File: file}, false)
}

// below yields what the inner store lists.
func (l lister) below(options tranship.ListOptions) error {
	readable := l.readable.Contain(options.Directory)
	for entry, err := range l.inner.List(l.ctx, options) {
		switch _, skipped := errors.AsType[*tranship.SkippedError](err); {
		case err == nil:
			err = l.entry(entry, readable)
		case !skipped:
		case l.yield(tranship.Entry{}, err): // it is below what the caller may list
			err = nil
		default:
			err = errEnough
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// leaveOut reports a piece of the list that the store cannot read, of which the caller has
// nothing yet, if that is asked for, and returns what ends the list.
func (l lister) leaveOut(source source, err error) error {
	switch {
	case err == errEnough, !l.options.ReportSkipped, !isLocal(l.ctx, err):
		return err
	case source.key < l.options.Low(): // the list begins in the middle of it
		return err
	case source.key == l.options.StartAfter:
		return nil
	case !l.yield(tranship.Entry{}, &tranship.SkippedError{Path: source.path, IsDir: source.isBelow(), Err: err}):
		return errEnough
	}
	return nil
}

// isLocal reports whether an error of the store is one of a single file or directory.
func isLocal(ctx context.Context, err error) bool {
	return ctx.Err() == nil && !errors.Is(err, tranship.ErrUnavailable)
}

// entry yields one, as the caller may see it.
func (l lister) entry(entry tranship.Entry, readable bool) error {
	if !readable && !entry.IsDir && !l.readable.Contain(entry.Path) {
		entry.File = withhold(entry.File)
	}
	*l.listed++
	if !l.yield(entry, nil) || *l.listed == l.options.Limit {
		return errEnough
	}
	return nil
}

// directory yields one that has a file below it, or may have one where the store
// cannot read.
func (l lister) directory(source source) error {
	entry := tranship.Entry{File: tranship.File{Path: source.path}, IsDir: true}
	unclear := false
	for _, root := range source.roots {
		switch err := l.hasFile(root, root != source.path); {
		case err == nil:
		case err == errFound:
			return l.entry(entry, false)
		case err == errUnclear, root != source.path && isLocal(l.ctx, err):
			unclear = true
		default:
			return err
		}
	}
	if !unclear {
		return nil
	}
	return l.entry(entry, false)
}

// hasFile is errFound if there is a file below a path, or, if that counts, at it. It
// is errUnclear if there may be one below it, where the store cannot read.
func (l lister) hasFile(path string, at bool) error {
	if at {
		_, err := l.inner.Stat(l.ctx, path)
		if err == nil {
			return errFound
		}
		if !errors.Is(err, tranship.ErrNotFound) {
			return err
		}
	}
	var unclear error
	for _, err := range l.inner.List(l.ctx, tranship.ListOptions{Directory: path, Recursive: true, ReportSkipped: true, Limit: 1}) {
		skipped, ok := errors.AsType[*tranship.SkippedError](err)
		switch {
		case err == nil:
			return errFound
		case !ok:
			return err
		case skipped.Unreadable():
			unclear = errUnclear
		}
	}
	return unclear
}
