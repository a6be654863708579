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

// List implements tranship.Reader. It yields the files that the caller may list, and the
// directories that have such a file below them. Where the caller may list nothing, it
// yields nothing, as for a missing directory. Checksums and metadata need the right to
// read as well.
//
// List reads nothing else from the inner store: the time it takes does not depend on files
// that the caller may not list.
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
			err = l.prefixed(below(listed, directory))
		}
		if err != nil && err != errEnough {
			yield(tranship.Entry{}, err)
		}
	}
}

// below returns those prefixes that are below a directory which none of them contains.
func below(prefixes policy.Prefixes, directory string) []string {
	return slices.DeleteFunc(slices.Clone(prefixes), func(prefix string) bool {
		return directory != "" && !strings.HasPrefix(prefix, directory+"/")
	})
}

// errEnough means that the list has ended by its limit or by the caller. errFound and
// errUnclear are results of hasFile: a file exists, or may exist.
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
	// readable has the prefixes that the caller may read.
	readable policy.Prefixes
	// listed counts the entries that were yielded, of all sections of the list.
	listed *int
}

// section is one section of a list: the file at a path, or, if the key ends in '/', all
// below the path.
type section struct {
	key, path string
	// roots are the prefixes in this section that the caller may list.
	roots []string
}

func (s section) isBelow() bool { return len(s.key) > len(s.path) }

// prefixed lists only what is at and below the prefixes.
func (l lister) prefixed(prefixes []string) error {
	for _, section := range l.sections(prefixes) {
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
		case !section.isBelow():
			err = piece.at(section.path)
		case l.options.Recursive:
			options := l.options
			options.Directory = section.path
			options.Limit = max(l.options.Limit-*l.listed, 0)
			err = piece.below(options)
		default:
			err = piece.directory(section)
		}
		if err != nil && !begun {
			err = l.skip(section, err)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// sections returns the sections of the list, in its order.
func (l lister) sections(prefixes []string) []section {
	byKey := make(map[string]*section)
	add := func(key, path, root string) {
		if byKey[key] == nil {
			byKey[key] = &section{key: key, path: path}
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
	var all []section
	for _, section := range byKey {
		wanted := l.options.Contains(section.key)
		if section.isBelow() && l.options.Recursive { // all keys below begin with the directory's own
			wanted = l.options.Overlaps(section.key)
		}
		if wanted {
			all = append(all, *section)
		}
	}
	slices.SortFunc(all, func(a, b section) int { return cmp.Compare(a.key, b.key) })
	return all
}

// child returns the path of the direct child of the listed directory that path is, or is
// below.
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

// at yields the file at a path, if it exists.
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

// below yields the entries of a list of the inner store.
func (l lister) below(options tranship.ListOptions) error {
	readable := l.readable.Contain(options.Directory)
	for entry, err := range l.inner.List(l.ctx, options) {
		switch _, skipped := errors.AsType[*tranship.SkippedError](err); {
		case err == nil:
			err = l.entry(entry, readable)
		case !skipped:
		case l.yield(tranship.Entry{}, err): // its path is below a prefix that the caller may list
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

// skip handles an error of the store in a section of which nothing was yielded yet. If the
// options ask for it, skip yields a SkippedError and returns nil, and the list continues.
// Otherwise it returns the error that ends the list.
func (l lister) skip(section section, err error) error {
	switch {
	case err == errEnough, !l.options.ReportSkipped, !isLocal(l.ctx, err):
		return err
	case section.key < l.options.Low(): // the list begins inside the section
		return err
	case section.key == l.options.StartAfter:
		return nil
	case !l.yield(tranship.Entry{}, &tranship.SkippedError{Path: section.path, IsDir: section.isBelow(), Err: err}):
		return errEnough
	}
	return nil
}

// isLocal reports whether an error of the store concerns a single file or directory.
func isLocal(ctx context.Context, err error) bool {
	return ctx.Err() == nil && !errors.Is(err, tranship.ErrUnavailable)
}

// entry yields an entry with the fields that the caller may see.
func (l lister) entry(entry tranship.Entry, readable bool) error {
	if !readable && !entry.IsDir && !l.readable.Contain(entry.Path) {
		entry.File = withholdContent(entry.File)
	}
	*l.listed++
	if !l.yield(entry, nil) || *l.listed == l.options.Limit {
		return errEnough
	}
	return nil
}

// directory yields the directory of a section if a file is below it. It also does so if
// the store cannot read a place where a file may be.
func (l lister) directory(section section) error {
	entry := tranship.Entry{File: tranship.File{Path: section.path}, IsDir: true}
	unclear := false
	for _, root := range section.roots {
		switch err := l.hasFile(root, root != section.path); {
		case err == nil:
		case err == errFound:
			return l.entry(entry, false)
		case err == errUnclear, root != section.path && isLocal(l.ctx, err):
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

// hasFile returns errFound if a file is below the path or, with at, at the path. It returns
// errUnclear if the store cannot read a place below the path where a file may be.
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
