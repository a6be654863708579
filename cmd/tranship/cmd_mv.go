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
	"github.com/tranship/tranship/store/retry"
	"github.com/tranship/tranship/transfer"
)

func newMv(g *globals) *cobra.Command {
	var dryRun bool
	cmd := &cobra.Command{
		Use:   "mv [-n] SRC... DST",
		Short: "Move files on a server",
		Long: `Move files on a server. A file is renamed atomically; a directory is moved
file by file. SRC goes into DST, under its own name, if DST is a directory or
ends in '/'; otherwise it becomes DST. If several sources have the same name,
only the first is moved; the others fail, because they would replace it.`,
		Args: arguments(2, -1, "tranship mv [-n] SRC... DST"),
		RunE: func(cmd *cobra.Command, args []string) error {
			locations, err := g.remotes(args)
			if err != nil {
				return err
			}
			return g.mv(cmd.Context(), locations[:len(locations)-1], locations[len(locations)-1], dryRun)
		},
	}
	dryRunFlag(cmd, &dryRun)
	g.completeLocations(cmd, false, 0)
	g.jsonFlag(cmd)
	return cmd
}

func (g *globals) mv(ctx context.Context, sources []location.Location, to location.Location, dryRun bool) (err error) {
	for _, source := range sources {
		if source.Server != to.Server {
			return usage.New("mv works on one server only; between two, use cp and rm")
		}
		if source.Contents {
			return usage.Errorf("%s: mv needs a file or directory with a name", source.Arg)
		}
	}
	if err := g.checkDryRun(dryRun); err != nil {
		return err
	}
	if err := g.bind(append(sources, to)); err != nil {
		return err
	}
	connections := g.connections()
	if !dryRun {
		connections.changed = []location.Location{to}
	}
	connections.lookups = lookups(sources, to)
	defer func() { err = errors.Join(err, connections.close()) }()
	target, err := copycmd.OpenNativeTarget(ctx, connections, to)
	if err != nil {
		return err
	}
	if len(sources) > 1 && !target.IsDirectory {
		return usage.Errorf("%s is not a directory, and there are several sources; end it with '/'", to.Arg)
	}
	return g.eachOver(ctx, connections, sources, func(ctx context.Context, store *retry.Store, source location.Location) error {
		file, isDirectory, err := connections.Lookup(ctx, source)
		switch {
		case err != nil:
			return console.Pathless(err, source.Path)
		case isDirectory:
			return g.moveDirectory(ctx, store, source, target, dryRun)
		}
		destination := target.File(source)
		if err := target.Claim(destination); err != nil {
			return err
		}
		return g.moveFile(ctx, store, file, location.Location{Server: source.Server, Path: destination}, dryRun)
	})
}

func (g *globals) moveFile(ctx context.Context, store *retry.Store, source tranship.File, to location.Location, dryRun bool) error {
	destination := to.Path
	if source.Path == destination {
		return errors.New("source and target are the same file")
	}
	if dryRun {
		object := console.FileObject{Path: destination, Size: new(source.Size)}
		return g.printDryRun(object, "would move %s to %s", to.Server.At(source.Path), to.Server.At(destination))
	}
	file, err := store.MoveFile(ctx, source, destination, tranship.Precondition{})
	if err != nil || !g.JSON {
		return err
	}
	return console.PrintJSON(g.Out, console.ObjectOf(tranship.Entry{File: file}))
}

func (g *globals) moveDirectory(ctx context.Context, store *retry.Store, source location.Location, target *copycmd.Target, dryRun bool) error {
	destination, err := target.Directory(source)
	if err != nil {
		return err
	}
	if copycmd.IsBelow(destination, source.Path) {
		return errors.New("a directory cannot be moved into itself")
	}
	// The directory is claimed as a whole, so that two sources never mix in one target.
	if err := target.Claim(destination); err != nil {
		return err
	}
	for item, err := range transfer.Files(ctx, store, source.Path, destination) {
		if skipped, ok := console.SkippedOf(err); ok {
			g.FailSkipped(source.Server, "not moved", skipped)
			continue
		}
		if err == nil {
			err = g.moveFile(ctx, store, item.File, location.Location{Server: source.Server, Path: item.Path}, dryRun)
			if err != nil && console.IsOfOneFile(ctx, err) {
				g.Fail(fmt.Errorf("%s: %w", source.Server.At(item.SourcePath), console.Pathless(err, item.SourcePath)))
				continue
			}
		}
		if err != nil && dryRun {
			return err
		}
		if err != nil {
			return fmt.Errorf("%w; files listed before it were moved", err)
		}
	}
	return nil
}
