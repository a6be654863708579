package transfer

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/budget"
	"github.com/tranship/tranship/internal/relist"
)

// Lister is the part of tranship.Reader that lists.
type Lister interface {
	List(ctx context.Context, options tranship.ListOptions) iter.Seq2[tranship.Entry, error]
}

// Tree is the part of tranship.Reader that whole directories are copied from.
type Tree interface {
	Source
	Lister
}

// Files yields all files below a directory of a store, each to go to the same
// place below the destination; "" is the root of either. What the store's list leaves
// out comes as an item with an error that matches ErrSkipped and *tranship.SkippedError.
// A list that breaks off goes on after its last entry, within the defaults of
// Options.Attempts and Options.Patience. The list is brief: the File of an item has Path, Size,
// ModTime and ModTimeUnit, and may lack the rest, which Copy takes from the opened source.
func Files(ctx context.Context, store Tree, directory, destination string) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		for entry, err := range list(ctx, store, directory) {
			item := Item{Source: store, SourcePath: entry.Path, File: entry.File}
			skipped, isSkipped := errors.AsType[*tranship.SkippedError](err)
			switch {
			case isSkipped:
				item.SourcePath, err = skipped.Display(), skippedError{skipped}
				// For people only: an item with an error is not copied.
				if path, outside := rebase(item.SourcePath, directory, destination); outside == nil {
					item.Path = path
				}
			case err == nil:
				item.Path, err = rebase(entry.Path, directory, destination)
			}
			if !yield(item, err) {
				return
			}
		}
	}
}

// skippedError is ErrSkipped for what a list has left out.
type skippedError struct{ skipped *tranship.SkippedError }

func (e skippedError) Error() string        { return ErrSkipped.Error() + ": " + e.skipped.Err.Error() }
func (e skippedError) Is(target error) bool { return target == ErrSkipped }
func (e skippedError) Unwrap() error        { return e.skipped }

// list is a recursive List that continues after an interruption. It yields what the
// list leaves out as *tranship.SkippedErrors.
func list(ctx context.Context, store Lister, directory string) iter.Seq2[tranship.Entry, error] {
	return listPatiently(ctx, store, tranship.ListOptions{Directory: directory, Recursive: true, ReportSkipped: true, Brief: true})
}

// listPatiently is a List that continues after an interruption.
func listPatiently(ctx context.Context, store Lister, options tranship.ListOptions) iter.Seq2[tranship.Entry, error] {
	tries := budget.Budget{}.Begin(budget.NewOutage(budget.DefaultPatience))
	return relist.List(ctx, store, options, tries, nil)
}

// rebase moves a path from one directory to another. A list must not be trusted: a path
// outside of the directory would be written outside of the destination.
func rebase(path, directory, destination string) (string, error) {
	relative := path
	if directory != "" {
		var below bool
		if relative, below = strings.CutPrefix(path, directory+"/"); !below {
			return "", fmt.Errorf("%w: the list of %q has the path %q", tranship.ErrInvalid, directory, path)
		}
	}
	return Join(destination, relative), nil
}

// Join puts a relative path below a directory, of which "" is the root.
func Join(directory, path string) string {
	if directory == "" {
		return path
	}
	return directory + "/" + path
}
