package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/cmd/tranship/internal/location"
	"github.com/tranship/tranship/cmd/tranship/internal/usage"
	"github.com/tranship/tranship/internal/rpcstatus"
	"github.com/tranship/tranship/internal/silence"
	"github.com/tranship/tranship/internal/wire"
	adminv1 "github.com/tranship/tranship/proto/tranship/admin/v1"
	sharev1 "github.com/tranship/tranship/proto/tranship/share/v1"
)

func newAdmin(g *globals) *cobra.Command {
	const commands = "admin transfers, uploads, usage, principals, abort, cancel or expire"
	cmd := &cobra.Command{
		Use:   "admin",
		Short: "See and end what all users of a server do",
		Long: `See and end what all users of a server do. The policy of the server must allow it, with
a line such as "allow ann admin /"; without a policy, it is allowed to nobody. The exit
code is 4 if it is not allowed. The server writes each command into its audit log.

SERVER is grpc://host:port or grpcs://host:port. Of several servers over one store, each
has its own transfers and principals; uploads and expiry are those of the store.`,
		Args: cobra.ArbitraryArgs,
		RunE: needSubcommand(commands, "use "+commands),
	}
	cmd.AddCommand(newAdminTransfers(g), newAdminUploads(g), newAdminUsage(g), newAdminPrincipals(g), newAdminAbort(g), newAdminCancel(g), newAdminExpire(g))
	return cmd
}

// adminCommand completes a command whose first argument is a server and that prints results. least
// and most bound the number of arguments; with a most of -1 it is unlimited. hasPath says that the
// server may come with a path.
func (g *globals) adminCommand(cmd *cobra.Command, least, most int, hasPath bool, do func(ctx context.Context, a *adminCall, args []string) error) *cobra.Command {
	cmd.Args = arguments(least, most, "tranship admin "+cmd.Use)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return g.administer(cmd.Context(), args[0], hasPath, "the server is too old to be administered", func(ctx context.Context, a *adminCall) error { return do(ctx, a, args[1:]) })
	}
	g.completeLocations(cmd, false, 1)
	g.jsonFlag(cmd)
	return cmd
}

// adminCall makes the calls of one command.
type adminCall struct {
	adminv1.AdminServiceClient
	links sharev1.LinkServiceClient
	// server is the location as it was written.
	server string
	// directory is the path of the location; "" for none. slash says that the location ends with
	// a slash.
	directory string
	slash     bool
	timeout   time.Duration
}

// administer connects to a server, calls do and adds the server to its error. hasPath says that the
// server may come with a path. unserved is why a server does not have the calls.
func (g *globals) administer(ctx context.Context, server string, hasPath bool, unserved string, do func(context.Context, *adminCall) error) (err error) {
	locations, err := g.remotes([]string{server})
	if err != nil {
		return err
	}
	p := locations[0]
	if p.Server.IsBucket() {
		return usage.Errorf("%s: a bucket has no server to administer: name a server, grpc://host:port", p.Arg)
	}
	if p.Path != "" && !hasPath {
		return usage.Errorf("%s: this is about the whole server: leave out the path", p.Arg)
	}
	if err := g.bind([]location.Location{p}); err != nil {
		return err
	}
	connections := g.connections()
	defer func() { err = errors.Join(err, connections.close()) }()
	conn, err := connections.Conn(ctx, p.Server)
	if err != nil {
		return err
	}
	call := &adminCall{adminv1.NewAdminServiceClient(conn), sharev1.NewLinkServiceClient(conn), p.Arg, p.Path, p.Slash, adminStall}
	err = do(ctx, call)
	if rpcstatus.IsUnserved(err) {
		return fmt.Errorf("%s: %w: %s", p.Arg, tranship.ErrUnsupported, unserved)
	}
	if err = rpcstatus.FromError(err); err != nil {
		return fmt.Errorf("%s: %w", p.Arg, err)
	}
	return nil
}

// adminStall is how long a server may be silent.
const adminStall = 30 * time.Second

// unary makes a call with one response.
func unary[Request, Response any](ctx context.Context, a *adminCall, call func(context.Context, Request, ...grpc.CallOption) (Response, error), request Request) (Response, error) {
	watch, stop := silence.New(ctx, a.timeout, "no answer came")
	defer stop()
	response, err := call(watch.Context(), request)
	return response, watch.Explain(err)
}

// each makes a call and passes each response to do, until do fails.
func each[Request, Response any](ctx context.Context, a *adminCall, call func(context.Context, Request, ...grpc.CallOption) (grpc.ServerStreamingClient[Response], error), request Request, do func(*Response) error) error {
	watch, stop := silence.New(ctx, a.timeout, "no answer came")
	defer stop()
	ctx = metadata.AppendToOutgoingContext(watch.Context(), wire.KeepAliveKey, wire.KeepAliveToMetadata(wire.DefaultKeepAlive))
	stream, err := call(ctx, request)
	if err != nil {
		return watch.Explain(err)
	}
	for {
		watch.Moved()
		response, err := stream.Recv()
		watch.Rest() // the time that do takes does not count
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return watch.Explain(err)
		}
		if err := do(response); err != nil {
			return err
		}
	}
}
