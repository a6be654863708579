package main

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/printable"
	"github.com/tranship/tranship/store/retry"
)

func newLs(g *globals) *cobra.Command {
	var recursive, long bool
	cmd := &cobra.Command{
		Use:   "ls [-r] [-l] PLACE...",
		Short: "List files on a server",
		Long: `List files on a server, sorted by name. A directory ends in '/'. -l shows
mode, size in bytes and modified time (UTC), too; -r lists all files below a
directory, with their paths from there.`,
		Args: arguments(1, -1, "tranship ls [-r] [-l] PLACE..."),
		RunE: func(cmd *cobra.Command, args []string) error {
			places, err := parseRemotes(args)
			if err != nil {
				return err
			}
			return g.each(cmd.Context(), places, func(ctx context.Context, store *retry.Store, p place) error {
				return g.ls(ctx, store, p, recursive, long)
			})
		},
	}
	recursiveFlag(cmd, &recursive, "list all files below a directory")
	cmd.Flags().BoolVarP(&long, "long", "l", false, "show mode, size and modified time")
	g.jsonFlag(cmd)
	return cmd
}

// each calls do for one place after the other. One that fails does not stop the
// others.
func (g *globals) each(ctx context.Context, places []place, do func(context.Context, *retry.Store, place) error) (err error) {
	if err := g.bind(places); err != nil {
		return err
	}
	connections := g.connections()
	defer func() { err = errors.Join(err, connections.close()) }()
	return g.eachOver(ctx, connections, places, do)
}

// eachOver is each over connections that the command has.
func (g *globals) eachOver(ctx context.Context, connections *connections, places []place, do func(context.Context, *retry.Store, place) error) error {
	// Those that cannot be connected to, or are away for good, which is told once and not
	// tried again.
	unreachable := map[serverPlace]bool{}
	for _, p := range places {
		if unreachable[p.server] {
			continue
		}
		store, err := connections.store(ctx, p.server)
		if err != nil {
			unreachable[p.server] = true
		} else if err = do(ctx, store, p); err != nil {
			unreachable[p.server] = retry.IsOutage(err)
			err = fmt.Errorf("%s: %w", p.arg, err)
		}
		if err != nil && ctx.Err() != nil {
			return err
		}
		if err != nil {
			g.fail(err)
		}
	}
	return nil
}

func (g *globals) ls(ctx context.Context, store *retry.Store, p place, recursive, long bool) error {
	file, isDirectory, err := lookup(ctx, store, p)
	if err != nil {
		return pathless(err, p.path)
	}
	if !isDirectory {
		return g.printEntry(tranship.Entry{File: file}, path.Dir(p.path), long)
	}
	for entry, err := range store.List(ctx, tranship.ListOptions{Directory: p.path, Recursive: recursive, ReportSkipped: true}) {
		if skipped, ok := skippedOf(err); ok {
			g.notListed(p.server, skipped)
			continue
		}
		if err != nil {
			return err
		}
		if err := g.printEntry(entry, p.path, long); err != nil {
			return err
		}
	}
	return nil
}

func (g *globals) printEntry(entry tranship.Entry, directory string, long bool) error {
	if g.json {
		return printJSON(g.out, objectOf(entry))
	}
	name := printable.Text(strings.TrimPrefix(entry.Key(), directory+"/"))
	var err error
	switch {
	case long && entry.IsDir:
		_, err = fmt.Fprintf(g.out, "%-10s %15s %-20s %s\n", "d", "-", "-", name)
	case long:
		_, err = fmt.Fprintf(g.out, "%-10s %15d %-20s %s\n", entry.Mode, entry.Size, printTime(entry.ModTime), name)
	default:
		_, err = fmt.Fprintln(g.out, name)
	}
	return err
}
