package tranship

import (
	"context"
	"errors"
	"strings"
	"sync"
)

// TreeRemover is an ability of a Store: it removes all files below a directory in one
// call.
type TreeRemover interface {
	// RemoveAll removes all files below a directory, and thereby the directory itself. It
	// returns how many files it has removed, also with an error. If the directory does not
	// exist, or is a file, it removes nothing and succeeds. The directory "" is an
	// *InvalidError: a whole store cannot be removed in one call.
	//
	// RemoveAll ends at the first file that it cannot remove and returns the error of that
	// file; it also ends when ctx does, and at the first directory that it cannot read.
	// The files that it has removed by then stay removed, durably if the store makes its
	// changes durable. A file that another caller removes meanwhile is not an error. Files
	// that are added meanwhile may stay. What lists leave out stays, as do the directories
	// that contain it. Unfinished uploads continue: see AbortUploads.
	RemoveAll(ctx context.Context, directory string, options RemoveAllOptions) (removed int64, err error)
}

// RemoveAllOptions are settings of RemoveAll. The zero value is useful. Each function is
// called from arbitrary goroutines, but by one at a time, and must not block for long.
type RemoveAllOptions struct {
	// Allow, if not nil, is called before each file is removed. RemoveAll ends with the
	// error that it returns. Decorators check permissions with it.
	Allow func(path string) error
	// Progress, if not nil, is called after each file that was removed. A remote store may
	// call it with a delay, and cannot call it for files whose removal it did not learn of
	// because the connection broke.
	Progress func(path string)
}

// RemoveAll removes all files below a directory of a store, as TreeRemover.RemoveAll
// does: with the TreeRemover of the store if it has one, and otherwise, or if that returns
// ErrUnsupported, with RemoveEach.
func RemoveAll(ctx context.Context, store Store, directory string, options RemoveAllOptions) (removed int64, err error) {
	remover, ok := As[TreeRemover](store)
	if !ok {
		return RemoveEach(ctx, store, directory, options)
	}
	removed, err = remover.RemoveAll(ctx, directory, options)
	if removed == 0 && errors.Is(err, ErrUnsupported) {
		return RemoveEach(ctx, store, directory, options)
	}
	return removed, err
}

// removers is how many files RemoveEach removes at once. A store that makes removals
// durable can then sync several together.
const removers = 16

// RemoveEach does what TreeRemover.RemoveAll does, with the List of a store and a Remove
// for each file.
func RemoveEach(ctx context.Context, store Store, directory string, options RemoveAllOptions) (removed int64, err error) {
	if err := ValidatePath(directory); err != nil {
		return 0, err
	}
	removing, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	paths := make(chan string)
	var mu sync.Mutex // guards removed, and calls of Progress
	var group sync.WaitGroup
	for range removers {
		group.Go(func() {
			for path := range paths {
				err := store.Remove(removing, path, Precondition{})
				switch {
				case err == nil:
					mu.Lock()
					removed++
					if options.Progress != nil {
						options.Progress(path)
					}
					mu.Unlock()
				case !errors.Is(err, ErrNotFound):
					stop(err) // has no effect after the first failure
				}
			}
		})
	}
	failure := func() error {
		defer close(paths) // also if the store panics
		for entry, err := range store.List(removing, ListOptions{Directory: directory, Recursive: true}) {
			if err == nil && options.Allow != nil {
				err = options.Allow(entry.Path)
			}
			if err != nil {
				return err
			}
			select {
			case paths <- entry.Path:
			case <-removing.Done():
				return nil
			}
		}
		return nil
	}()
	group.Wait()
	if cause := context.Cause(removing); cause != nil {
		failure = cause // the error of the list only follows from it
	}
	return removed, failure
}

// AbortUploads aborts the unfinished uploads that a store lists and whose paths are below
// a directory. It returns how many it has aborted, also with an error. It complements
// RemoveAll: the commit of such an upload would make the directory again. An upload that
// ends meanwhile is not an error.
func AbortUploads(ctx context.Context, store Uploads, directory string) (aborted int64, err error) {
	if err := ValidatePath(directory); err != nil {
		return 0, err
	}
	var ids []string // aborting while listing would change the list
	for info, err := range store.ListUploads(ctx, directory) {
		if err != nil {
			return 0, err
		}
		if strings.HasPrefix(info.Path, directory+"/") {
			ids = append(ids, info.ID)
		}
	}
	for _, id := range ids {
		switch err := store.AbortUpload(ctx, id); {
		case err == nil:
			aborted++
		case !errors.Is(err, ErrNotFound):
			return aborted, err
		}
	}
	return aborted, nil
}
