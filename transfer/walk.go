package transfer

import (
	"context"
	"fmt"
	"iter"

	"github.com/tranship/tranship"
)

// Walker is a Source that lists the files below a directory itself, in any order that
// suits it, such as a localdir.Dir. admit is called with the path of each file and
// directory before it is looked at; its error leaves out the file, or the directory and
// all below it. What the walk goes on without comes as a File that has only a Path, with
// an error that matches ErrSkipped. When ctx ends, so does the walk, with its error.
type Walker interface {
	Source
	Walk(ctx context.Context, directory string, admit func(path string) error) iter.Seq2[tranship.File, error]
}

// Walk yields all files below a directory of a source, each to go to the same place below
// the destination; "" is the root of either. What the source leaves out, and what cannot
// have a path at the destination, comes as an item with an error that matches ErrSkipped.
func Walk(ctx context.Context, source Walker, directory, destination string) iter.Seq2[Item, error] {
	target := func(path string) (string, error) {
		if path == directory { // what is wrong with the directory itself
			return destination, nil
		}
		return rebase(path, directory, destination)
	}
	// The whole path is longer than its parts, so it is the one to be valid.
	admit := func(path string) error {
		path, err := target(path)
		if err != nil {
			return err
		}
		if err := tranship.ValidatePath(path); err != nil {
			return fmt.Errorf("cannot be stored as %q: %w", path, err)
		}
		return nil
	}
	return func(yield func(Item, error) bool) {
		for file, err := range source.Walk(ctx, directory, admit) {
			if err != nil && ctx.Err() != nil {
				yield(Item{}, ctx.Err())
				return
			}
			item := Item{Source: source, SourcePath: file.Path, File: file}
			if file.Path == "" {
				item.Name = "."
			}
			path, outside := target(file.Path)
			if item.Path = path; err == nil {
				err = outside
			}
			if !yield(item, err) {
				return
			}
		}
	}
}
