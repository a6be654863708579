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
	// RemoveAll removes all files below a directory, and so the directory, and returns
	// how many it has removed, also with an error. A directory that does not exist, or is
	// a file, has nothing to remove. "" is an *InvalidError: a whole store is not removed
	// in one call.
	//
	// It ends with the first file that it cannot remove, with that file's error, or when
	// ctx ends; what has been removed until then stays removed, and is durable if changes
	// of the store are. A file that another caller has removed is no failure. Files that
	// come meanwhile may stay. What a list leaves out stays, and so do directories with
	// something left in them; what cannot be read ends it with an error. Unfinished uploads
	// go on: see AbortUploads.
	RemoveAll(ctx context.Context, directory string, options RemoveAllOptions) (removed int64, err error)
}

// RemoveAllOptions are settings of RemoveAll. The zero value is useful. The functions are
// called one at a time, each from any goroutine, and must not block for long.
type RemoveAllOptions struct {
	// Allow, when not nil, is asked before each file. Its error ends the removal, and is
	// returned. A decorator checks each file with it.
	Allow func(path string) error
	// Progress, when not nil, is called after each file that was removed. A remote store
	// calls it later, and not for files of which it lost the news.
	Progress func(path string)
}

// RemoveAll removes all files below a directory of a store, as TreeRemover has it: by the
// store's own RemoveAll if it has one, and otherwise, or if that is ErrUnsupported, by
// RemoveEach.
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

// removers is how many files RemoveEach removes at once: a store that makes each durable
// does so for several together.
const removers = 16

// RemoveEach implements the RemoveAll of a TreeRemover with List and Remove of a store, a
// call for each file.
func RemoveEach(ctx context.Context, store Store, directory string, options RemoveAllOptions) (removed int64, err error) {
	if err := ValidatePath(directory); err != nil {
		return 0, err
	}
	removing, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	paths := make(chan string)
	var mu sync.Mutex // one call of Progress at a time
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
					stop(err) // nothing if another has failed before
				}
			}
		})
	}
	failure := func() error {
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
	close(paths)
	group.Wait()
	if cause := context.Cause(removing); cause != nil {
		failure = cause // the list ends because of it
	}
	return removed, failure
}

// AbortUploads removes the unfinished uploads of a store whose paths are below a
// directory, as far as the store lists them, and returns how many it has removed, also
// with an error. Before or after RemoveAll it keeps them from making the directory again.
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
