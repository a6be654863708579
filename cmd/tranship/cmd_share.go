package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/tranship/tranship/cmd/tranship/internal/console"
	"github.com/tranship/tranship/cmd/tranship/internal/usage"
	"github.com/tranship/tranship/internal/printable"
	"github.com/tranship/tranship/internal/rpcstatus"
	sharev1 "github.com/tranship/tranship/proto/tranship/share/v1"
)

// unservedLinks is why a server cannot do what the command asks for.
const unservedLinks = "the server is too old to have sharing links"

// shareFlags describe the link to make.
type shareFlags struct {
	expires time.Duration
	upload  bool
	maxSize byteSize
	maxUses int64
}

func newShare(g *globals) *cobra.Command {
	var flags shareFlags
	cmd := &cobra.Command{
		Use:   "share LOCATION",
		Short: "Make a link with which a file is read, or files are stored, without credentials",
		Long: `Make a link with which a browser or curl reads a file, or what is below a directory,
without credentials, and print its URL. With --upload, new files are stored below a
directory, and nothing is read. The path of a directory ends with a slash.

The link acts as you, and ends at the latest when your rights do. The policy of the
server must allow it, with a line such as "allow ann read,share docs". The server needs
--http and, to print whole URLs, --http-url.`,
		Example: `  tranship share grpcs://host:50051/docs/plan.pdf --expires 7d
  tranship share grpcs://host:50051/inbox/ --upload --max-size 1GiB --max-uses 10
  tranship share ls grpcs://host:50051
  tranship share rm grpcs://host:50051 ID`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := arguments(1, 1, "tranship share LOCATION")(cmd, args); err != nil {
				return err
			}
			if flags.maxUses < 0 {
				return usage.Errorf("--max-uses %d: it must not be negative", flags.maxUses)
			}
			if err := g.checkLink(args[0], flags); err != nil {
				return err
			}
			return g.makeLink(cmd, args[0], flags)
		},
	}
	set := cmd.Flags()
	set.Var(timespan(&flags.expires, 7*24*time.Hour), "expires", "how long the link lasts, such as 12h or 7d; a server may allow less")
	set.BoolVar(&flags.upload, "upload", false, "make a link for storing new files below a directory")
	set.Var(&flags.maxSize, "max-size", "largest `size` of a file that is stored with the link (default unlimited)")
	set.Int64Var(&flags.maxUses, "max-uses", 0, "how many files may be stored, or how often a download may begin; 0 means unlimited")
	g.completeLocations(cmd, false, 1)
	g.jsonFlag(cmd)
	cmd.AddCommand(newShareLs(g), newShareRm(g))
	return cmd
}

// checkLink returns the mistake in the description of a link.
func (g *globals) checkLink(target string, flags shareFlags) error {
	locations, err := g.remotes([]string{target})
	if err != nil {
		return err
	}
	switch p := locations[0]; {
	case p.Path == "":
		return usage.Errorf("%s: a link is to a file or a directory: name its path", target)
	case flags.upload && !p.Slash:
		return usage.Errorf("%s: --upload stores files in a directory, whose path ends with a slash", target)
	case flags.maxSize != 0 && !flags.upload:
		return usage.New("--max-size needs --upload: it limits the files that are stored")
	}
	return nil
}

// makeLink makes a link and prints its URL.
func (g *globals) makeLink(cmd *cobra.Command, target string, flags shareFlags) error {
	return g.administer(cmd.Context(), target, true, unservedLinks, func(ctx context.Context, a *adminCall) error {
		request := &sharev1.CreateLinkRequest{Path: a.directory, Upload: flags.upload, MaxBytes: int64(flags.maxSize), MaxUses: flags.maxUses}
		if a.slash {
			request.Path += "/"
		}
		// Without the flag, the server chooses.
		if cmd.Flags().Changed("expires") {
			request.Lifetime = durationpb.New(flags.expires)
		}
		response, err := unary(ctx, a, a.links.CreateLink, request)
		if err != nil {
			return err
		}
		if g.JSON {
			object := console.LinkObjectOf(response.GetLink())
			object.URL = response.GetUrl()
			return console.PrintJSON(g.Out, object)
		}
		if _, err := fmt.Fprintln(g.Out, printable.Text(response.GetUrl())); err != nil {
			return err
		}
		if strings.HasPrefix(response.GetUrl(), "/") && !g.Quiet {
			_, _ = fmt.Fprintln(g.Err, "The server does not know its URL: put that of its --http before the path, or start it with --http-url.")
		}
		return nil
	})
}

func newShareLs(g *globals) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "ls SERVER",
		Short: "List your links",
		Long: `List your links, one per line: id, download or upload, number of uses and of those that
are allowed or -, time of expiry (UTC), and path. Their URLs are not printed: the server
does not keep them.`,
		Args: arguments(1, 1, "tranship share ls SERVER"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return g.administer(cmd.Context(), args[0], false, unservedLinks, func(ctx context.Context, a *adminCall) error {
				return each(ctx, a, a.links.ListLinks, &sharev1.ListLinksRequest{}, func(response *sharev1.ListLinksResponse) error {
					return printEach(response.GetLinks(), g.printLink)
				})
			})
		},
	}
	g.completeLocations(cmd, false, 1)
	g.jsonFlag(cmd)
	return cmd
}

func (g *globals) printLink(l *sharev1.Link) error {
	object := console.LinkObjectOf(l)
	if g.JSON {
		return console.PrintJSON(g.Out, object)
	}
	kind, most := "download", "-"
	if object.Upload {
		kind = "upload"
	}
	if object.MaxUses > 0 {
		most = fmt.Sprint(object.MaxUses)
	}
	_, err := fmt.Fprintf(g.Out, "%s %-8s %d %s %s %s\n", printable.Text(object.ID), kind, object.Uses, most, console.PrintTime(object.Expires), printable.Text(object.Path))
	return err
}

func newShareRm(g *globals) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "rm SERVER ID...",
		Short: "Revoke links, by the ids that share ls prints",
		Long: `Revoke links, by the ids that share ls prints. A download or an upload that is under way
with one of them fails.`,
		Args: arguments(2, -1, "tranship share rm SERVER ID..."),
		RunE: func(cmd *cobra.Command, args []string) error {
			return g.administer(cmd.Context(), args[0], false, unservedLinks, func(ctx context.Context, a *adminCall) error {
				return g.endEach(ctx, a, args[1:], func(id string) error {
					_, err := unary(ctx, a, a.links.RevokeLink, &sharev1.RevokeLinkRequest{LinkId: id})
					switch {
					case err != nil: // the server says the same of every link
						return fmt.Errorf("%s: %w", id, rpcstatus.FromError(err))
					case g.JSON:
						return console.PrintJSON(g.Out, map[string]string{"id": id})
					}
					return nil
				})
			})
		},
	}
	g.completeLocations(cmd, false, 1)
	g.jsonFlag(cmd)
	return cmd
}
