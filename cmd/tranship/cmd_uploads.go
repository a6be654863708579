package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/cmd/tranship/internal/console"
	"github.com/tranship/tranship/cmd/tranship/internal/display"
	"github.com/tranship/tranship/cmd/tranship/internal/location"
	"github.com/tranship/tranship/internal/printable"
	"github.com/tranship/tranship/store/retry"
)

func newUploads(g *globals) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "uploads",
		Short: "List and remove unfinished uploads",
		Long: `List and remove unfinished uploads. An interrupted cp leaves one on the server and
resumes it when the same command runs again. The server removes unfinished uploads
by itself when they expire.`,
		Args: cobra.ArbitraryArgs,
		RunE: needSubcommand("uploads ls or uploads rm", "use uploads ls or uploads rm"),
	}
	cmd.AddCommand(newUploadsLs(g), newUploadsRm(g))
	return cmd
}

func newUploadsLs(g *globals) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "ls LOCATION...",
		Short: "List the unfinished uploads of a path and of the paths below it",
		Long: `List the unfinished uploads of a path and of the paths below it, one per line: id,
durable part in percent, size of the file in bytes, time of expiry (UTC), and path
of the file.`,
		Args: arguments(1, -1, "tranship uploads ls LOCATION..."),
		RunE: func(cmd *cobra.Command, args []string) error {
			locations, err := g.remotes(args)
			if err != nil {
				return err
			}
			return g.each(cmd.Context(), reads, locations, g.listUploads)
		},
	}
	g.completeLocations(cmd, false, 0)
	g.jsonFlag(cmd)
	return cmd
}

func newUploadsRm(g *globals) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "rm LOCATION ID...",
		Short: "Remove unfinished uploads and their data",
		Long: `Remove unfinished uploads and their data, by the ids that uploads ls prints. A cp
that is still sending one of them fails. LOCATION names the server; if it has a path,
only uploads of that path and of the paths below it are removed.`,
		Args: arguments(2, -1, "tranship uploads rm LOCATION ID..."),
		RunE: func(cmd *cobra.Command, args []string) error {
			locations, err := g.remotes(args[:1])
			if err != nil {
				return err
			}
			return g.each(cmd.Context(), changes, locations, func(ctx context.Context, store *retry.Store, p location.Location) error {
				return g.removeUploads(ctx, store, p, args[1:])
			})
		},
	}
	g.completeLocations(cmd, false, 1)
	g.jsonFlag(cmd)
	return cmd
}

func (g *globals) listUploads(ctx context.Context, store *retry.Store, p location.Location) error {
	for upload, err := range store.ListUploads(ctx, p.Path) {
		if err != nil {
			return err
		}
		if err := g.printUpload(upload); err != nil {
			return err
		}
	}
	return nil
}

func (g *globals) printUpload(upload tranship.UploadInfo) error {
	if g.JSON {
		return console.PrintJSON(g.Out, console.UploadObjectOf(upload))
	}
	_, err := fmt.Fprintf(g.Out, "%s %3d%% %15d %s %s\n", printable.Text(upload.ID),
		display.Percent(upload.DurableBytes, upload.Size), upload.Size, console.PrintTime(upload.Expires), printable.Text(upload.Path))
	return err
}

// removeUploads aborts the uploads with the ids. A failed one does not stop the others.
func (g *globals) removeUploads(ctx context.Context, store *retry.Store, p location.Location, ids []string) error {
	below, err := uploadsBelow(ctx, store, p.Path, ids)
	if err != nil {
		return err
	}
	for _, id := range ids {
		err := fmt.Errorf("%w: no upload has the id %s", tranship.ErrNotFound, id)
		if below(id) {
			err = store.AbortUpload(ctx, id)
		}
		if err == nil && g.JSON {
			err = console.PrintJSON(g.Out, map[string]string{"id": id})
		}
		if ctx.Err() != nil {
			return errors.Join(ctx.Err(), err)
		}
		if err != nil {
			g.Fail(fmt.Errorf("%s: %w", p.Arg, err))
		}
	}
	return nil
}

// uploadsBelow reports which of the wanted ids are of uploads at a path or below it; for
// the root, all of them. It keeps only those ids: a server can send a list of any length.
func uploadsBelow(ctx context.Context, store tranship.Uploads, path string, wanted []string) (func(id string) bool, error) {
	if path == "" {
		return func(string) bool { return true }, nil
	}
	ids := map[string]bool{}
	for upload, err := range store.ListUploads(ctx, path) {
		if err != nil {
			return nil, err
		}
		if slices.Contains(wanted, upload.ID) {
			ids[upload.ID] = true
		}
	}
	return func(id string) bool { return ids[id] }, nil
}
