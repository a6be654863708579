package disk

import (
	"context"
	"errors"
	"iter"
	"strings"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/rootfs"
)

// List implements tranship.Reader. It keeps at most listBytes of names in memory, and at most
// maxOpenDirs directories open, no matter how large or deep the directory is.
func (s *Store) List(ctx context.Context, options tranship.ListOptions) iter.Seq2[tranship.Entry, error] {
	return func(yield func(tranship.Entry, error) bool) {
		if err := options.Validate(); err != nil {
			yield(tranship.Entry{}, err)
			return
		}
		l := s.newLister(ctx)
		l.options, l.yield = options, yield
		if err := l.start(); err != nil && err != errEnough {
			yield(tranship.Entry{}, withoutMark(err))
		}
	}
}

// errEnough means that the list has ended by its limit or by the caller.
var errEnough = errors.New("enough")

// lister walks through directories, with a bounded number of names in memory and of open
// directories. It is not safe for concurrent use.
type lister struct {
	ctx    context.Context
	store  *Store
	budget nameBudget
	dirs   openDirs

	// options and yield are those of List.
	options tranship.ListOptions
	yield   func(tranship.Entry, error) bool
	// listed counts the entries that were yielded.
	listed int
}

func (s *Store) newLister(ctx context.Context) *lister {
	return &lister{ctx: ctx, store: s, budget: nameBudget{listBytes}, dirs: openDirs{root: s.root}}
}

func (l *lister) start() error {
	if err := l.ctx.Err(); err != nil {
		return err
	}
	if err := l.store.present(); err != nil {
		return err
	}
	dir, err := l.store.root.Walk(l.options.Directory)
	if rootfs.IsAbsent(err) {
		return nil
	}
	if err != nil {
		return failWalk("list", directoryName(l.options.Directory), err)
	}
	return l.within(l.options.Directory, dir, l.list)
}

// list yields the entries of a directory, which is the innermost open directory of the list.
func (l *lister) list(directory string) error {
	return l.each(directory, l.from(directory), l.options.ReportSkipped, func(dir *rootfs.Dir, child child) error {
		if l.options.Ends(child.key) {
			return errEnough
		}
		err := child.unserved
		if err == nil {
			err = l.child(dir, child)
		}
		if child.unserved != nil || isLocal(err) {
			return l.skip(child, err)
		}
		return err
	})
}

// child yields a file or a directory, or, in a recursive list, the files below a directory.
func (l *lister) child(dir *rootfs.Dir, child child) error {
	switch {
	case !child.IsDir():
		return l.file(dir, child)
	case l.options.Recursive:
		if !l.options.Overlaps(child.key) {
			return nil
		}
		return l.enter(dir, child, l.list)
	case l.options.Contains(child.key):
		return l.directory(dir, child)
	}
	return nil
}

// from returns the key in a directory at which the list begins.
func (l *lister) from(directory string) key {
	below := l.options.Low()
	if directory != "" {
		var inside bool
		if below, inside = strings.CutPrefix(below, directory+"/"); !inside {
			return key{}
		}
	}
	name, _, isDir := strings.Cut(below, "/")
	return key{name, isDir}
}

// each calls do for the files and directories in a directory, by ascending key, and with
// report also for entries that the store does not serve. The directory is the innermost open
// directory of the list. An error of the directory is local only before the first call of do,
// so that the list skips a whole directory or nothing of it.
func (l *lister) each(directory string, from key, report bool, do func(dir *rootfs.Dir, child child) error) error {
	names := window{budget: &l.budget, directory: directory, entries: l.store.system.entries, kept: l.store.keptNames, report: report, from: from}
	defer names.release()
	failed := failWalk
	for {
		child, ok := names.child()
		if !ok && names.complete {
			return nil
		}
		dir, err := l.dirs.open()
		if rootfs.IsAbsent(err) { // removed in the meantime
			return nil
		}
		if err != nil {
			return failed("list", directoryName(directory), err)
		}
		if !ok {
			more, err := l.fill(&names, dir)
			if l.ctx.Err() != nil {
				return l.ctx.Err()
			}
			if err != nil {
				return failed("list", directoryName(directory), err)
			}
			if !more {
				return nil
			}
			continue
		}
		if err := l.ctx.Err(); err != nil {
			return err
		}
		failed = fail
		if err := do(dir, child); err != nil {
			return err
		}
	}
}

// fill reads more names. If the caller's context ends, the window may be incomplete.
func (l *lister) fill(names *window, dir *rootfs.Dir) (more bool, err error) {
	turn := l.store.turns.start(l.ctx)
	defer turn.end()
	return names.fill(dir, turn)
}

// emit yields an entry. It returns errEnough if that was the last one of the list.
func (l *lister) emit(entry tranship.Entry) error {
	l.listed++
	if !l.yield(entry, nil) || l.listed == l.options.Limit {
		return errEnough
	}
	return nil
}

func (l *lister) file(dir *rootfs.Dir, child child) error {
	if !l.options.Contains(child.key) {
		return nil
	}
	inspect := l.store.inspectIn
	if l.options.Brief {
		inspect = l.store.glanceIn
	}
	file, err := inspect(dir, child.name, child.path)
	switch {
	case errors.Is(err, tranship.ErrNotFound) && child.unknown:
		return localTo(errUnknown) // it may be a directory
	case errors.Is(err, tranship.ErrNotFound): // removed in the meantime
		return nil
	case err != nil:
		return localTo(err)
	}
	return l.emit(tranship.Entry{File: file})
}

// errUnknown is the reason for skipping an entry whose type could not be read.
var errUnknown = errors.New("the store cannot tell whether it is a file or a directory")

func (l *lister) directory(dir *rootfs.Dir, child child) error {
	err := l.enter(dir, child, l.hasFile)
	if err != errFound && err != errUnclear {
		return err
	}
	return l.emit(tranship.Entry{File: tranship.File{Path: child.path}, IsDir: true})
}

// errFound and errUnclear are results of hasFile: a directory has a file below it, or may
// have one in a place that the store cannot read.
var (
	errFound   = errors.New("found")
	errUnclear = errors.New("unclear")
)

// hasFile returns errFound if a file is in a directory or below it, and errUnclear if one may
// be in a directory below it that cannot be read. The directory is the innermost open
// directory of the list.
func (l *lister) hasFile(directory string) error {
	unknown := false
	found, directories, err := l.scan(directory, func(entry rootfs.Entry) bool {
		unknown = unknown || entry.IsUnknown()
		return entry.Type().IsRegular() && isName(directory, entry.Name())
	})
	switch {
	case err != nil:
		return err
	case found:
		return errFound
	case unknown:
		return errUnclear
	case !directories:
		return nil
	}
	var unclear error
	err = l.each(directory, key{}, false, func(dir *rootfs.Dir, child child) error {
		if !child.IsDir() { // created in the meantime
			return errFound
		}
		err := l.enter(dir, child, l.hasFile)
		if err == errUnclear || isLocal(err) {
			unclear, err = errUnclear, nil
		}
		return err
	})
	if err != nil {
		return err
	}
	return unclear
}

// scan reports whether the innermost open directory of the list has a wanted entry. If not,
// it reports whether it has directories.
func (l *lister) scan(directory string, wanted func(rootfs.Entry) bool) (found, directories bool, err error) {
	dir, err := l.dirs.open()
	if rootfs.IsAbsent(err) { // removed in the meantime
		return false, false, nil
	}
	if err != nil {
		return false, false, failWalk("list", directoryName(directory), err)
	}
	turn := l.store.turns.start(l.ctx)
	defer turn.end()
	err = l.store.system.entries(dir, directory, func(entry rootfs.Entry) bool {
		found = wanted(entry)
		directories = directories || entry.IsDir()
		return !found && turn.next()
	})
	switch {
	case l.ctx.Err() != nil:
		return false, false, l.ctx.Err()
	case err != nil && !found && !rootfs.IsAbsent(err): // absent: removed after it was opened
		return false, false, failWalk("list", directoryName(directory), err)
	}
	return found, directories, nil
}

// enter calls do in a directory below the innermost open directory of the list. An absent
// directory is no error.
func (l *lister) enter(dir *rootfs.Dir, child child, do func(directory string) error) error {
	sub, err := dir.SubListed(child.name)
	if rootfs.IsAbsent(err) {
		return nil
	}
	if err != nil {
		return failWalk("list", child.path, err)
	}
	return l.within(child.path, sub, do)
}

// within calls do with dir as the innermost open directory. It closes dir.
func (l *lister) within(path string, dir *rootfs.Dir, do func(directory string) error) error {
	l.dirs.push(path, dir)
	defer l.dirs.pop()
	return do(path)
}

func join(directory, name string) string {
	if directory == "" {
		return name
	}
	return directory + "/" + name
}
