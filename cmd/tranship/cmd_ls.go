package main

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/cmd/tranship/internal/console"
	"github.com/tranship/tranship/cmd/tranship/internal/copycmd"
	"github.com/tranship/tranship/cmd/tranship/internal/location"
	"github.com/tranship/tranship/internal/bytesize"
	"github.com/tranship/tranship/internal/printable"
	"github.com/tranship/tranship/store/retry"
)

func newLs(g *globals) *cobra.Command {
	var recursive, long, human bool
	cmd := &cobra.Command{
		Use:   "ls [-r] [-l] [-h] LOCATION...",
		Short: "List files on a server",
		Long: `List files on a server, sorted by name. Directories are printed with a '/' at the
end. -l also shows mode, size in bytes and modified time (UTC); with -h, sizes are
rounded, such as 1.5 GiB. -r lists all files below a directory, with their paths
relative to it.`,
		Args: arguments(1, -1, "tranship ls [-r] [-l] [-h] LOCATION..."),
		RunE: func(cmd *cobra.Command, args []string) error {
			locations, err := g.remotes(args)
			if err != nil {
				return err
			}
			return g.each(cmd.Context(), reads, locations, func(ctx context.Context, store *retry.Store, p location.Location) error {
				return g.ls(ctx, store, p, recursive, listFormat{long, human})
			})
		},
	}
	recursiveFlag(cmd, &recursive, "list all files below a directory")
	cmd.Flags().BoolVarP(&long, "long", "l", false, "show mode, size and modified time")
	humanFlag(cmd, &human)
	g.completeLocations(cmd, false, 0)
	g.jsonFlag(cmd)
	return cmd
}

// each calls do, which reads or changes, for every location, in order. An error of one location
// is printed and does not stop the others.
func (g *globals) each(ctx context.Context, does effect, locations []location.Location, do func(context.Context, *retry.Store, location.Location) error) (err error) {
	if err := g.bind(locations); err != nil {
		return err
	}
	connections := g.connections()
	if does == changes {
		connections.changed = locations
	}
	defer func() { err = errors.Join(err, connections.close()) }()
	return g.eachOver(ctx, connections, locations, do)
}

// eachOver is each with the given connections.
func (g *globals) eachOver(ctx context.Context, connections *connections, locations []location.Location, do func(context.Context, *retry.Store, location.Location) error) error {
	// A server that cannot be reached is reported once; its other locations are skipped.
	unreachable := map[location.Server]bool{}
	for _, p := range locations {
		if unreachable[p.Server] {
			continue
		}
		store, err := connections.Store(ctx, p.Server)
		if err != nil {
			unreachable[p.Server] = true
		} else if err = do(ctx, store, p); err != nil {
			unreachable[p.Server] = retry.IsOutage(err)
			err = fmt.Errorf("%s: %w", p.Arg, err)
		}
		if err != nil && ctx.Err() != nil {
			return err
		}
		if err != nil {
			g.Fail(err)
		}
	}
	return nil
}

// listFormat is what ls prints of a file: its name, with long its attributes, too, and with
// human a rounded size.
type listFormat struct{ long, human bool }

func (g *globals) ls(ctx context.Context, store *retry.Store, p location.Location, recursive bool, format listFormat) error {
	file, isDirectory, err := copycmd.Lookup(ctx, store, p)
	if err != nil {
		return console.Pathless(err, p.Path)
	}
	if !isDirectory {
		return g.printEntry(tranship.Entry{File: file}, path.Dir(p.Path), format)
	}
	for entry, err := range store.List(ctx, tranship.ListOptions{Directory: p.Path, Recursive: recursive, ReportSkipped: true}) {
		if skipped, ok := console.SkippedOf(err); ok {
			g.NotifyUnlisted(p.Server, skipped)
			continue
		}
		if err != nil {
			return err
		}
		if err := g.printEntry(entry, p.Path, format); err != nil {
			return err
		}
	}
	return nil
}

func (g *globals) printEntry(entry tranship.Entry, directory string, format listFormat) error {
	if g.JSON {
		return console.PrintJSON(g.Out, console.ObjectOf(entry))
	}
	name := printable.Text(strings.TrimPrefix(entry.Key(), directory+"/"))
	var err error
	switch {
	case format.long && entry.IsDir:
		_, err = fmt.Fprintf(g.Out, "%-10s %15s %-20s %s\n", "d", "-", "-", name)
	case format.long:
		size := strconv.FormatInt(entry.Size, 10)
		if format.human {
			size = bytesize.Text(float64(entry.Size))
		}
		_, err = fmt.Fprintf(g.Out, "%-10s %15s %-20s %s\n", entry.Mode, size, console.PrintTime(entry.ModTime), name)
	default:
		_, err = fmt.Fprintln(g.Out, name)
	}
	return err
}
