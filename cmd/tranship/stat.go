package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tranship/tranship"
)

func newStat(g *globals) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "stat PLACE...",
		Short: "Show what a server knows of a file",
		Args:  arguments(1, -1, "tranship stat PLACE..."),
		RunE: func(cmd *cobra.Command, args []string) error {
			places, err := parseRemotes(args)
			if err != nil {
				return err
			}
			return g.each(cmd.Context(), places, g.stat)
		},
	}
	g.jsonFlag(cmd)
	return cmd
}

func (g *globals) stat(ctx context.Context, store tranship.Store, p place) error {
	file, isDirectory, err := lookup(ctx, store, p)
	if err != nil {
		return pathless(err, p.path)
	}
	if isDirectory {
		return fmt.Errorf("%w: it is a directory; use ls", tranship.ErrNotFound)
	}
	if g.json {
		return printJSON(g.out, objectOf(tranship.Entry{File: file}))
	}
	_, err = fmt.Fprint(g.out, describe(file))
	return err
}

// describe is a file in lines for people.
func describe(file tranship.File) string {
	var b strings.Builder
	line := func(name, value string) { fmt.Fprintf(&b, "%-9s %s\n", name+":", printable(value)) }
	line("path", file.Path)
	line("size", fmt.Sprint(file.Size))
	line("modified", file.ModTime.UTC().Format(time.RFC3339Nano))
	line("mode", fmt.Sprintf("%04o", file.Mode.Perm()))
	line("version", file.Version)
	if file.CRC32C != nil {
		line("crc32c", fmt.Sprintf("%08x", *file.CRC32C))
	} else {
		line("crc32c", "unknown")
	}
	for _, key := range slices.Sorted(maps.Keys(file.Metadata)) {
		line("metadata", key+"="+file.Metadata[key])
	}
	return b.String()
}
