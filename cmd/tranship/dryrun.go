package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/cmd/tranship/internal/console"
	"github.com/tranship/tranship/cmd/tranship/internal/copycmd"
	"github.com/tranship/tranship/cmd/tranship/internal/location"
	"github.com/tranship/tranship/cmd/tranship/internal/usage"
	"github.com/tranship/tranship/internal/printable"
	"github.com/tranship/tranship/store/retry"
)

// dryRunFlag adds -n.
func dryRunFlag(cmd *cobra.Command, dryRun *bool) {
	cmd.Flags().BoolVarP(dryRun, "dry-run", "n", false, "print what would be done, and write nothing at either end")
}

// checkDryRun fails if a flag makes a dry run write: --tofu records the key of a server.
func (g *globals) checkDryRun(dryRun bool) error {
	if dryRun && g.tls.tofu {
		return usage.New("-n and --tofu cannot be used together: --tofu records the keys of new servers, and -n writes nothing")
	}
	return nil
}

// printDryRun prints what would be done with a file: an object with --json, else the text.
func (g *globals) printDryRun(object console.FileObject, format string, args ...any) error {
	if g.JSON {
		object.DryRun = true
		return console.PrintJSON(g.Out, object)
	}
	_, err := fmt.Fprintln(g.Out, printable.Text(fmt.Sprintf(format, args...)))
	return err
}

// listRemovals prints what rm would remove.
func (g *globals) listRemovals(ctx context.Context, store *retry.Store, p location.Location, recursive bool) error {
	print := func(file tranship.File) error {
		object := console.FileObject{Path: file.Path, Size: new(file.Size)}
		return g.printDryRun(object, "would remove %s", p.Server.At(file.Path))
	}
	file, isDirectory, err := copycmd.Lookup(ctx, store, p)
	switch {
	case err != nil:
		return console.Pathless(err, p.Path)
	case !isDirectory:
		return print(file)
	case !recursive:
		return errors.New("is a directory; use -r to remove it and everything in it")
	}
	for entry, err := range store.List(ctx, tranship.ListOptions{Directory: p.Path, Recursive: true, ReportSkipped: true}) {
		if skipped, ok := console.SkippedOf(err); ok {
			g.FailSkipped(p.Server, "not removed", skipped)
			continue
		}
		if err == nil {
			err = print(entry.File)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
