package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/cmd/tranship/internal/console"
	"github.com/tranship/tranship/cmd/tranship/internal/copycmd"
	"github.com/tranship/tranship/cmd/tranship/internal/location"
	"github.com/tranship/tranship/cmd/tranship/internal/usage"
	"github.com/tranship/tranship/store/retry"
)

// removals is the number of files that are removed concurrently.
const removals = 32

func newRm(g *globals) *cobra.Command {
	var recursive, dryRun bool
	cmd := &cobra.Command{
		Use:   "rm [-n] [-r] LOCATION...",
		Short: "Remove files on a server",
		Args:  arguments(1, -1, "tranship rm [-n] [-r] LOCATION..."),
		RunE: func(cmd *cobra.Command, args []string) error {
			locations, err := g.remotes(args)
			if err != nil {
				return err
			}
			for _, p := range locations {
				if p.Path == "" {
					return usage.Errorf("%s: rm does not remove a whole store; name the files and directories in it", p.Arg)
				}
			}
			if err := g.checkDryRun(dryRun); err != nil {
				return err
			}
			does := changes
			if dryRun {
				does = reads
			}
			return g.each(cmd.Context(), does, locations, func(ctx context.Context, store *retry.Store, p location.Location) error {
				if dryRun {
					return g.listRemovals(ctx, store, p, recursive)
				}
				return g.rm(ctx, store, p, recursive)
			})
		},
	}
	recursiveFlag(cmd, &recursive, "remove directories and everything in them")
	dryRunFlag(cmd, &dryRun)
	g.completeLocations(cmd, false, 0)
	g.jsonFlag(cmd)
	return cmd
}

func (g *globals) rm(ctx context.Context, store *retry.Store, p location.Location, recursive bool) error {
	if !p.Slash {
		file, err := store.Stat(ctx, p.Path)
		switch {
		case retry.IsOutage(err) || ctx.Err() != nil:
			return console.Pathless(err, p.Path)
		case err != nil:
			// A policy may allow the caller to remove the file but not to see it.
			file = tranship.File{Path: p.Path}
		}
		err = store.RemoveFile(ctx, file, tranship.Precondition{})
		if err == nil {
			return g.printRemoved(p.Path)
		}
		if !errors.Is(err, tranship.ErrNotFound) {
			return console.Pathless(err, p.Path)
		}
	}
	_, isDirectory, err := copycmd.Lookup(ctx, store, p)
	switch {
	case err != nil:
		return console.Pathless(err, p.Path)
	case !isDirectory:
		// The file was made after RemoveFile did not find it.
		if err := store.Remove(ctx, p.Path, tranship.Precondition{}); err != nil {
			return console.Pathless(err, p.Path)
		}
		return g.printRemoved(p.Path)
	case !recursive:
		return errors.New("is a directory; use -r to remove it and everything in it")
	}
	return g.removeAll(ctx, store, p)
}

// removeAll removes every file below a directory, and with the last file the directory.
// The server removes what it can in one call; the files that remain are removed one by
// one. A file that fails does not stop the others, unless the server cannot be reached.
func (g *globals) removeAll(ctx context.Context, store *retry.Store, p location.Location) error {
	var failed error
	var options tranship.RemoveAllOptions
	if g.JSON {
		options.Progress = func(path string) { failed = cmp.Or(failed, g.printRemoved(path)) }
	}
	_, err := store.RemoveAll(ctx, p.Path, options)
	switch {
	case failed != nil:
		return failed
	case ctx.Err() != nil:
		return ctx.Err()
	case retry.IsOutage(err):
		return fmt.Errorf("%w; files listed before it were removed", err)
	}
	// Each file that remains is tried again, so that its own error is reported.
	return g.removeEach(ctx, store, p)
}

// removeEach is removeAll with a call for each file.
func (g *globals) removeEach(ctx context.Context, store *retry.Store, p location.Location) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var group errgroup.Group
	group.SetLimit(removals)
	var mu sync.Mutex
	for entry, err := range store.List(ctx, tranship.ListOptions{Directory: p.Path, Recursive: true, ReportSkipped: true}) {
		if skipped, ok := console.SkippedOf(err); ok {
			mu.Lock()
			g.FailSkipped(p.Server, "not removed", skipped)
			mu.Unlock()
			continue
		}
		if err != nil {
			_ = group.Wait()
			return cmp.Or(context.Cause(ctx), err)
		}
		group.Go(func() error {
			err := store.RemoveFile(ctx, entry.File, tranship.Precondition{})
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				err = g.printRemoved(entry.Path)
			} else if errors.Is(err, tranship.ErrNotFound) {
				err = nil
			}
			switch {
			case err == nil || ctx.Err() != nil:
			case retry.IsOutage(err):
				stop(fmt.Errorf("%w; files listed before it were removed", err))
			default:
				g.Fail(fmt.Errorf("%s: %w", p.Server.At(entry.Path), console.Pathless(err, entry.Path)))
			}
			return nil
		})
	}
	_ = group.Wait()
	return context.Cause(ctx)
}

func (g *globals) printRemoved(path string) error {
	if !g.JSON {
		return nil
	}
	return console.PrintJSON(g.Out, console.FileObject{Path: path})
}
