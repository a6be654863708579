package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/tranship/tranship/cmd/tranship/internal/console"
	"github.com/tranship/tranship/internal/printable"
	"github.com/tranship/tranship/internal/rpcstatus"
	adminv1 "github.com/tranship/tranship/proto/tranship/admin/v1"
)

func newAdminAbort(g *globals) *cobra.Command {
	return g.adminCommand(&cobra.Command{
		Use:   "abort SERVER ID...",
		Short: "Remove unfinished uploads of any user, and their data",
		Long: `Remove unfinished uploads of any user, and their data, by the ids that admin uploads
prints. A cp that is still sending one of them fails.`,
	}, 2, -1, false, func(ctx context.Context, a *adminCall, ids []string) error {
		return g.endEach(ctx, a, ids, func(id string) error {
			response, err := unary(ctx, a, a.AbortUpload, &adminv1.AbortUploadRequest{UploadId: id})
			if err != nil {
				return err
			}
			return g.printOwnedUpload(response.GetUpload())
		})
	})
}

func newAdminCancel(g *globals) *cobra.Command {
	return g.adminCommand(&cobra.Command{
		Use:   "cancel SERVER ID...",
		Short: "End uploads and downloads that run",
		Long: `End uploads and downloads that run, by the ids that admin transfers prints. The cp of
the user fails, and does not begin again by itself. What an upload has sent stays: the
user can resume it.`,
	}, 2, -1, false, func(ctx context.Context, a *adminCall, ids []string) error {
		return g.endEach(ctx, a, ids, func(id string) error {
			response, err := unary(ctx, a, a.CancelTransfer, &adminv1.CancelTransferRequest{TransferId: id})
			if err != nil {
				return err
			}
			return g.printTransfer(response.GetTransfer())
		})
	})
}

// endEach calls end for each id. A failed one does not stop the others: its error is printed, with
// the server, and that of the last id is returned.
func (g *globals) endEach(ctx context.Context, a *adminCall, ids []string, end func(id string) error) error {
	for i, id := range ids {
		err := end(id)
		switch {
		case err == nil:
		case ctx.Err() != nil:
			return ctx.Err()
		case i == len(ids)-1:
			return err
		default:
			g.Fail(fmt.Errorf("%s: %w", a.server, rpcstatus.FromError(err)))
		}
	}
	return nil
}

func newAdminExpire(g *globals) *cobra.Command {
	var dryRun bool
	cmd := g.adminCommand(&cobra.Command{
		Use:   "expire [--dry-run] SERVER",
		Short: "Remove the files and uploads that the policy lets expire, now",
		Long: `Remove the files and uploads that the lines "expire PATH after AGE" and "uploads PATH
expire after AGE" of the server's policy let expire, now; the server does so by itself
once an hour. Each is printed in a line: time of its last change (UTC), size in bytes,
path, the id of an upload or -, and the line of the policy. With --dry-run nothing is
removed.`,
	}, 1, 1, false, func(ctx context.Context, a *adminCall, _ []string) error {
		return each(ctx, a, a.Expire, &adminv1.ExpireRequest{DryRun: dryRun}, func(response *adminv1.ExpireResponse) error {
			return printEach(response.GetExpired(), g.printExpired)
		})
	})
	cmd.Flags().BoolVarP(&dryRun, "dry-run", "n", false, "remove nothing: only print what would be removed")
	return cmd
}

func (g *globals) printExpired(e *adminv1.Expired) error {
	if e.GetError() != "" {
		g.Fail(fmt.Errorf("%s: %s", printable.Text(e.GetPath()), printable.Text(e.GetError())))
		return nil
	}
	object := console.ExpiredObjectOf(e)
	if g.JSON {
		return console.PrintJSON(g.Out, object)
	}
	upload := "-"
	if object.UploadID != "" {
		upload = printable.Text(object.UploadID)
	}
	_, err := fmt.Fprintf(g.Out, "%s %15d %s %s %s\n", console.PrintTime(object.Changed), object.Size, printable.Text(object.Path), upload, printable.Text(object.Rule))
	return err
}
