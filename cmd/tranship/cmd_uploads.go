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
	"github.com/tranship/tranship/cmd/tranship/internal/usage"
	"github.com/tranship/tranship/internal/printable"
	"github.com/tranship/tranship/store/retry"
)

func newUploads(g *globals) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "uploads",
		Short: "List and remove unfinished uploads",
		Long: `List and remove unfinished uploads: what a cp that was cut off has left on a
server, to go on with when the same command runs again. The server removes them
by itself when they expire.`,
		Args: cobra.ArbitraryArgs,
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage.New("a command is needed: uploads ls or uploads rm")
			}
			return usage.Errorf("there is no command \"uploads %s\"; there are uploads ls and uploads rm", args[0])
		},
	}
	cmd.AddCommand(newUploadsLs(g), newUploadsRm(g))
	return cmd
}

func newUploadsLs(g *globals) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "ls PLACE...",
		Short: "List the unfinished uploads of a path and of the paths below it",
		Long: `List the unfinished uploads of a path and of the paths below it, one on a line:
its id, how much of it is durable, the size of the file in bytes, when it
expires (UTC), and the path of the file.`,
		Args: arguments(1, -1, "tranship uploads ls PLACE..."),
		RunE: func(cmd *cobra.Command, args []string) error {
			places, err := location.ParseRemotes(args)
			if err != nil {
				return err
			}
			return g.each(cmd.Context(), places, g.listUploads)
		},
	}
	g.jsonFlag(cmd)
	return cmd
}

func newUploadsRm(g *globals) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "rm PLACE ID...",
		Short: "Remove unfinished uploads and what they have stored",
		Long: `Remove unfinished uploads, by the ids that uploads ls prints, and what they have
stored. A cp that is still sending one of them fails. PLACE says on which server;
if it has a path, only uploads of that path and of the paths below it are removed.`,
		Args: arguments(2, -1, "tranship uploads rm PLACE ID..."),
		RunE: func(cmd *cobra.Command, args []string) error {
			places, err := location.ParseRemotes(args[:1])
			if err != nil {
				return err
			}
			return g.each(cmd.Context(), places, func(ctx context.Context, store *retry.Store, p location.Location) error {
				return g.removeUploads(ctx, store, p, args[1:])
			})
		},
	}
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

// removeUploads goes on after one that fails.
func (g *globals) removeUploads(ctx context.Context, store *retry.Store, p location.Location, ids []string) error {
	below, err := uploadsBelow(ctx, store, p.Path, ids)
	if err != nil {
		return err
	}
	for _, id := range ids {
		err := fmt.Errorf("%w: there is no upload %s", tranship.ErrNotFound, id)
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

// uploadsBelow tells which of some ids are of uploads at a path or below it; of the
// root, all. It keeps nothing else of a list, which a server could make as long as it
// likes.
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
