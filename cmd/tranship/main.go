// Command tranship moves files over gRPC: it has a server (tranship serve) and a
// command-line client (tranship cp, ls, stat, rm, mv, verify, uploads).
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
	// Errors report what went wrong; the log lines of gRPC would only clutter the output.
	grpclog.SetLoggerV2(grpclog.NewLoggerV2(io.Discard, io.Discard, io.Discard))

	signals := endSignals()
	if serves(os.Args[1:]) {
		signals = stopSignals()
	}
	ctx, stop := signal.NotifyContext(context.Background(), signals...)
	// From the first signal on, the default action is restored: a second one ends the process.
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, os.Args[1:], console.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}))
}

// stopSignals returns the signals that end every command.
func stopSignals() []os.Signal { return []os.Signal{os.Interrupt, syscall.SIGTERM} }

// endSignals returns the signals that end a command other than serve. SIGHUP, the end of a terminal, is one
// of them, unless the process was started with SIGHUP ignored, as by nohup.
func endSignals() []os.Signal {
	signals := stopSignals()
	if !signal.Ignored(syscall.SIGHUP) {
		signals = append(signals, syscall.SIGHUP)
	}
	return signals
}
