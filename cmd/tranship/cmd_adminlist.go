package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tranship/tranship/cmd/tranship/internal/console"
	"github.com/tranship/tranship/cmd/tranship/internal/display"
	"github.com/tranship/tranship/internal/printable"
	adminv1 "github.com/tranship/tranship/proto/tranship/admin/v1"
)

// anonymousName is what stands for callers without credentials.
const anonymousName = "anonymous"

// shown returns the name of a principal for a line of text.
func shown(name string) string {
	if name == "" {
		return anonymousName
	}
	return printable.Text(name)
}

func newAdminTransfers(g *globals) *cobra.Command {
	return g.adminCommand(&cobra.Command{
		Use:   "transfers SERVER[/PATH]",
		Short: "List the uploads and downloads that run now",
		Long: `List the uploads and downloads that run now, of a path and the paths below it, one per
line: id, upload or download, principal, address, transport, moved bytes, average bytes
a second, begin (UTC) and path. Small files, which are stored or read at once, are not
listed.`,
	}, 1, 1, true, func(ctx context.Context, a *adminCall, _ []string) error {
		return each(ctx, a, a.ListTransfers, &adminv1.ListTransfersRequest{Directory: a.directory}, func(response *adminv1.ListTransfersResponse) error {
			return printEach(response.GetTransfers(), g.printTransfer)
		})
	})
}

// printEach prints items until one fails.
func printEach[Item any](items []Item, print func(Item) error) error {
	for _, item := range items {
		if err := print(item); err != nil {
			return err
		}
	}
	return nil
}

func (g *globals) printTransfer(t *adminv1.Transfer) error {
	object := console.TransferObjectOf(t)
	if g.JSON {
		return console.PrintJSON(g.Out, object)
	}
	_, err := fmt.Fprintf(g.Out, "%s %-8s %s %s %s %d %d %s %s\n", printable.Text(t.GetTransferId()), object.Direction, shown(t.GetPrincipal()),
		printable.Text(t.GetPeer()), printable.Text(t.GetTransport()), t.GetBytes(), t.GetBytesPerSecond(), console.PrintTime(object.Started), printable.Text(t.GetPath()))
	return err
}

func newAdminUploads(g *globals) *cobra.Command {
	return g.adminCommand(&cobra.Command{
		Use:   "uploads SERVER[/PATH]",
		Short: "List the unfinished uploads of all users",
		Long: `List the unfinished uploads of all users, of a path and the paths below it, one per line:
id, owner, durable part in percent, size of the file in bytes, begin and expiry (UTC),
and path.`,
	}, 1, 1, true, func(ctx context.Context, a *adminCall, _ []string) error {
		return each(ctx, a, a.ListUploads, &adminv1.ListUploadsRequest{Directory: a.directory}, func(response *adminv1.ListUploadsResponse) error {
			return printEach(response.GetUploads(), g.printOwnedUpload)
		})
	})
}

func (g *globals) printOwnedUpload(u *adminv1.Upload) error {
	object := console.OwnedUploadObjectOf(u)
	if g.JSON {
		return console.PrintJSON(g.Out, object)
	}
	_, err := fmt.Fprintf(g.Out, "%s %s %3d%% %15d %s %s %s\n", printable.Text(object.ID), shown(object.Owner), display.Percent(object.DurableBytes, object.Size),
		object.Size, console.PrintTime(object.Created), console.PrintTime(object.Expires), printable.Text(object.Path))
	return err
}

func newAdminUsage(g *globals) *cobra.Command {
	return g.adminCommand(&cobra.Command{
		Use:   "usage SERVER",
		Short: "List what each user has on the server",
		Long: `List what counts for each user, one per line: principal, bytes and quota of bytes, files
and quota of files, unfinished uploads and their limit. What is reserved for unfinished
uploads is included. A - stands for no limit, and for a number that the server does not
count: it counts bytes and files only if it has a quota of either.`,
	}, 1, 1, false, func(ctx context.Context, a *adminCall, _ []string) error {
		return each(ctx, a, a.ListUsage, &adminv1.ListUsageRequest{}, func(response *adminv1.ListUsageResponse) error {
			return printEach(response.GetUsages(), g.printUsage)
		})
	})
}

func (g *globals) printUsage(u *adminv1.Usage) error {
	if g.JSON {
		return console.PrintJSON(g.Out, console.UsageObjectOf(u))
	}
	most := func(limit *int64) string {
		if limit == nil {
			return "-"
		}
		return fmt.Sprint(*limit)
	}
	bytes, files := "-", "-"
	if u.GetCounted() {
		bytes, files = fmt.Sprint(u.GetBytes()+u.GetReservedBytes()), fmt.Sprint(u.GetFiles()+u.GetReservedFiles())
	}
	_, err := fmt.Fprintf(g.Out, "%s %s %s %s %s %d %s\n", shown(u.GetPrincipal()), bytes, most(u.MaxBytes), files, most(u.MaxFiles), u.GetUploads(), most(u.MaxUploads))
	return err
}

func newAdminPrincipals(g *globals) *cobra.Command {
	return g.adminCommand(&cobra.Command{
		Use:   "principals SERVER",
		Short: "List the users that the server knows",
		Long: `List the users that the server knows, one per line: principal, source of its identity,
calls under way, begin of its latest call (UTC), configured or - , and its groups. These
are the principals that have called since the server began, and those that its policy or
its tokens name. Tokens and keys are never printed.`,
	}, 1, 1, false, func(ctx context.Context, a *adminCall, _ []string) error {
		return each(ctx, a, a.ListPrincipals, &adminv1.ListPrincipalsRequest{}, func(response *adminv1.ListPrincipalsResponse) error {
			return printEach(response.GetPrincipals(), g.printPrincipal)
		})
	})
}

func (g *globals) printPrincipal(p *adminv1.Principal) error {
	object := console.PrincipalObjectOf(p)
	if g.JSON {
		return console.PrintJSON(g.Out, object)
	}
	source, last, configured := "-", "-", "-"
	if p.GetSource() != "" {
		source = printable.Text(p.GetSource())
	}
	if object.LastCall != nil {
		last = console.PrintTime(*object.LastCall)
	}
	if p.GetConfigured() {
		configured = "configured"
	}
	_, err := fmt.Fprintf(g.Out, "%s %s %d %s %s %s\n", shown(p.GetName()), source, p.GetCalls(), last, configured, printable.Text(strings.Join(p.GetGroups(), ",")))
	return err
}
