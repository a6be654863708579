// Command tranship moves files over gRPC: it is the server (tranship serve) and the
// command-line client (tranship cp, ls, stat, rm, mv, uploads).
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"

	"google.golang.org/grpc/grpclog"

	"github.com/tranship/tranship/cmd/tranship/internal/console"
)

// version is set when the binary is built: -ldflags '-X main.version=v1.2.3'.
var version string

func main() {
	// What goes wrong is in the errors; the library's own account of it would only
	// come between.
	grpclog.SetLoggerV2(grpclog.NewLoggerV2(io.Discard, io.Discard, io.Discard))

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// A second signal finds the default action again, and ends the process.
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, os.Args[1:], console.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}))
}
