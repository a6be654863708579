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
	"github.com/tranship/tranship/cmd/tranship/internal/console"
	"github.com/tranship/tranship/cmd/tranship/internal/copycmd"
	"github.com/tranship/tranship/cmd/tranship/internal/location"
	"github.com/tranship/tranship/cmd/tranship/internal/usage"
	"github.com/tranship/tranship/internal/bytesize"
	"github.com/tranship/tranship/internal/printable"
	"github.com/tranship/tranship/store/retry"
	"github.com/tranship/tranship/transfer"
)

func newStat(g *globals) *cobra.Command {
	var algorithm algorithmFlag
	var stall time.Duration
	var human bool
	cmd := &cobra.Command{
		Use:   "stat [--digest sha256|blake3] [--stall-timeout 30s] LOCATION...",
		Short: "Show the attributes of a file on a server",
		Long: `Show the attributes of a file on a server. Servers do not keep digests: --digest
downloads the file to compute one, and keeps nothing of it.`,
		Args: arguments(1, -1, "tranship stat LOCATION..."),
		RunE: func(cmd *cobra.Command, args []string) error {
			locations, err := g.remotes(args)
			if err != nil {
				return err
			}
			if stall <= 0 {
				return usage.Errorf("--stall-timeout %v: it must be more than 0", stall)
			}
			return g.each(cmd.Context(), reads, locations, func(ctx context.Context, store *retry.Store, p location.Location) error {
				return g.stat(ctx, store, p, algorithm, stall, human)
			})
		},
	}
	cmd.Flags().Var(&algorithm, "digest", "download the whole file to compute a digest: `sha256|blake3`")
	completeValues(cmd, "digest", transfer.SHA256, transfer.BLAKE3)
	cmd.Flags().Var(span(&stall, 30*time.Second), "stall-timeout", "how long --digest may make no progress before it is retried")
	humanFlag(cmd, &human)
	g.completeLocations(cmd, false, 0)
	g.jsonFlag(cmd)
	return cmd
}

func (g *globals) stat(ctx context.Context, store *retry.Store, p location.Location, algorithm algorithmFlag, stall time.Duration, human bool) error {
	file, isDirectory, err := copycmd.Lookup(ctx, store, p)
	if err != nil {
		return console.Pathless(err, p.Path)
	}
	if isDirectory {
		return fmt.Errorf("%w: it is a directory; use ls", tranship.ErrNotFound)
	}
	object := console.ObjectOf(tranship.Entry{File: file})
	if algorithm != "" {
		sum, err := g.digestFile(ctx, store, p, file, string(algorithm), stall)
		if err != nil {
			return console.Pathless(err, p.Path)
		}
		object.Digest = sum.String()
	}
	if g.JSON {
		return console.PrintJSON(g.Out, object)
	}
	_, err = fmt.Fprint(g.Out, describe(file, object.Digest, human))
	return err
}

// describe returns the lines that stat prints without --json.
func describe(file tranship.File, digest string, human bool) string {
	var b strings.Builder
	line := func(name, value string) { fmt.Fprintf(&b, "%-9s %s\n", name+":", printable.Text(value)) }
	line("path", file.Path)
	if human {
		line("size", bytesize.Text(float64(file.Size)))
	} else {
		line("size", fmt.Sprint(file.Size))
	}
	line("modified", file.ModTime.UTC().Format(time.RFC3339Nano))
	line("mode", fmt.Sprintf("%04o", file.Mode.Perm()))
	line("version", file.Version)
	if file.CRC32C != nil {
		line("crc32c", fmt.Sprintf("%08x", *file.CRC32C))
	} else {
		line("crc32c", "unknown")
	}
	if digest != "" {
		line("digest", digest)
	}
	for _, key := range slices.Sorted(maps.Keys(file.Metadata)) {
		line("metadata", key+"="+file.Metadata[key])
	}
	return b.String()
}
