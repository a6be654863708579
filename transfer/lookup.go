package transfer

import (
	"context"
	"errors"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/budget"
)

// Lookup finds out what is at a path of a store: a file, which it describes, or a
// directory, which is a path with files below it. "" is the root, a directory also if it
// is empty. With directoryOnly it does not look for a file.
//
// ErrNotFound: there is neither. A directory that cannot be read is tranship.ErrDenied,
// and isDirectory is true.
func Lookup(ctx context.Context, store tranship.Reader, path string, directoryOnly bool) (file tranship.File, isDirectory bool, err error) {
	// Both questions are asked at once, to wait for one round trip.
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var listErr error
	listed := make(chan struct{})
	go func() {
		defer close(listed)
		isDirectory, listErr = hasFiles(ctx, store, path)
	}()
	if path != "" && !directoryOnly {
		file, err = store.Stat(ctx, path)
		if err == nil || !errors.Is(err, tranship.ErrNotFound) {
			cancel()
			<-listed
			return file, false, err
		}
	}
	if <-listed; listErr != nil {
		return tranship.File{}, errors.Is(listErr, tranship.ErrDenied), listErr
	}
	if isDirectory || path == "" {
		return tranship.File{}, true, nil
	}
	return tranship.File{}, false, &tranship.PathError{Path: path, Err: tranship.ErrNotFound}
}

// hasFiles reports whether there is anything below a directory of a store: files, or what
// a list leaves out.
func hasFiles(ctx context.Context, store Lister, directory string) (bool, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	// Without a limit, a server would look into many of the directories in it.
	for _, err := range store.List(ctx, tranship.ListOptions{Directory: directory, Limit: 1, ReportSkipped: true, Brief: true}) {
		if _, skipped := errors.AsType[*tranship.SkippedError](err); skipped {
			return true, nil
		}
		return err == nil, err
	}
	return false, nil
}

// lookupPatiently is Lookup, tried again like a file's copy.
func lookupPatiently(ctx context.Context, store tranship.Reader, path string, options Options) (file tranship.File, isDirectory bool, err error) {
	limits := budget.Budget{Attempts: options.Attempts, Patience: options.Patience}.WithDefaults()
	tries := limits.Begin(budget.NewOutage(limits.Patience))
	for {
		tries.Attempt()
		file, isDirectory, err = Lookup(ctx, store, path, false)
		if err == nil {
			return file, isDirectory, nil
		}
		pause, final := tries.Failed(ctx, err)
		if final == nil {
			final = budget.Sleep(ctx, pause)
		}
		if final != nil {
			return tranship.File{}, false, final
		}
	}
}
