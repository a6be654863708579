package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tranship/tranship/cmd/tranship/internal/console"
	"github.com/tranship/tranship/cmd/tranship/internal/display"
	"github.com/tranship/tranship/cmd/tranship/internal/telemetry"
	"github.com/tranship/tranship/cmd/tranship/internal/usage"
)

// globals has the flags of every command and the state that commands share.
type globals struct {
	console.Console
	connectTimeout time.Duration
	maxMessage     messageSize
	transport      transportFlag
	tls            clientTLSFlags
	bucket         locationBucketFlags
	token          tokenSource
	// server has the flags of serve of each command that has them.
	server map[*cobra.Command]*serveFlags
	// telemetry is that of a command that connects, and endSpan ends the span of the command;
	// nil before and without one.
	telemetry *telemetry.Telemetry
	endSpan   func(kind string)
	// arguments is the command line, which a server parses again to reload its flags.
	arguments []string
}

// run executes one command line and returns the exit code.
func run(ctx context.Context, args []string, streams console.Streams) int {
	out := console.NewOutput(streams.Out)
	streams.Out = out
	g := &globals{Console: console.Console{Streams: streams, Watched: display.IsTerminal(streams.Err)}, arguments: args}
	root := newRootOf(g, named(args))
	root.SetArgs(args)
	root.SetIn(streams.In)
	root.SetErr(streams.Err)
	cmd, err := root, checkFlagValues(root, args)
	if err == nil {
		cmd, err = root.ExecuteContextC(ctx)
	}
	if err != nil {
		if cause := context.Cause(ctx); cause != nil && errors.Is(err, context.Canceled) && !errors.Is(err, cause) {
			err = cause
		}
		var mistakes usage.Mistakes
		mistakes.Add(err)
		for _, err := range mistakes {
			g.Fail(err)
		}
		if console.ExitCode(err) == console.ExitUsage {
			_, _ = fmt.Fprintf(streams.Err, "Run '%s --help' for usage.\n", cmd.CommandPath())
		}
	}
	if err := out.Err(); err != nil && g.Failures.ExitCode() == 0 {
		g.Fail(err) // of a text that the command does not check, such as help
	}
	g.endTelemetry(ctx)
	return g.Failures.ExitCode()
}

// newRoot returns the command with all others.
func newRoot(g *globals) *cobra.Command { return newRootOf(g, subcommands()) }

// newRootOf returns the command with the chosen subcommands, and with those of the library if these are all.
func newRootOf(g *globals, chosen []subcommand) *cobra.Command {
	var printVersion bool
	root := &cobra.Command{
		Use:   "tranship",
		Short: "Move files over gRPC",
		Long: `Tranship moves files over gRPC. One program is both server and client.

A location is a local file, or grpc://host:port/path on a server, or
grpcs://host:port/path with TLS, or s3://bucket/path in a bucket, without a
server. In a path, %41 is the byte 0x41.

HTTPS_PROXY names the proxy for grpcs://, ALL_PROXY the one for all servers, and
NO_PROXY the servers without one. OTEL_EXPORTER_OTLP_ENDPOINT names a collector of
OpenTelemetry for traces.

Transient failures, such as a server restart, are retried: up to 16 times in a row
without progress, and for up to 30 seconds without any success.

Exit codes: 0 done; 1 failed; 2 usage; 3 not found; 4 denied; 5 integrity;
6 exists or precondition. When several files fail for different reasons: 1. A
command that a signal interrupts: 1; by a second signal, it ends at once.`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if printVersion {
				return g.printVersion()
			}
			if len(args) == 0 {
				return usage.New("missing command")
			}
			message := fmt.Sprintf("unknown command %q", args[0])
			if similar := cmd.SuggestionsFor(args[0]); len(similar) > 0 {
				message += "; did you mean " + strings.Join(similar, " or ") + "?"
			}
			return usage.New(message)
		},
	}
	root.SuggestionsMinimumDistance = 2
	root.SetFlagErrorFunc(flagError)
	// cobra's own flag needs a template for its text, and a template calls methods by names that the linker does not
	// know: the program would have every exported method of every type.
	root.Flags().BoolVar(&printVersion, "version", false, "version for tranship")
	addHelp(g, root)
	flags := root.PersistentFlags()
	flags.Var(timespan(&g.connectTimeout, 5*time.Second), "connect-timeout", "time limit for connecting to a server, all attempts included")
	flags.BoolVarP(&g.Verbose, "verbose", "v", false, "print retries, resumed files and what carries files; without it, retries and resumed files are printed only on a terminal")
	flags.Var(&g.maxMessage, "max-message-size", "largest `size` of one message, such as 4MiB; at least 2MiB (default 4MiB, for serve 2MiB)")
	for _, s := range chosen {
		s.add(g, root)
	}
	root.SetOut(g.Out) // which the completion command remembers
	if len(chosen) < len(subcommands()) {
		root.CompletionOptions.DisableDefaultCmd = true
		return root
	}
	addCompletion(root)
	addDocumentation(root)
	return root
}

// quietFlag adds -q to a command that connects.
func (g *globals) quietFlag(cmd *cobra.Command) {
	cmd.PersistentFlags().BoolVarP(&g.Quiet, "quiet", "q", false, "print errors and results only: no progress, warnings and retries")
	cmd.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error {
		if g.Quiet && g.Verbose {
			return usage.New("-q and -v exclude each other")
		}
		if progress := cmd.Flag("progress"); g.Quiet && progress != nil {
			if progress.Changed && progress.Value.String() != string(display.None) {
				return usage.Errorf("-q and --progress %s exclude each other", progress.Value)
			}
			if err := progress.Value.Set(string(display.None)); err != nil {
				return err
			}
		}
		g.beginTelemetry(cmd)
		return nil
	}
}

// jsonFlag adds --json to a command that prints results.
func (g *globals) jsonFlag(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&g.JSON, "json", false, "print results as JSON, one object per line")
}

// recursiveFlag adds -r, and -R as a hidden alias.
func recursiveFlag(cmd *cobra.Command, recursive *bool, usage string) {
	cmd.Flags().BoolVarP(recursive, "recursive", "r", false, usage)
	cmd.Flags().BoolVarP(recursive, "Recursive", "R", false, "the same as -r")
	_ = cmd.Flags().MarkHidden("Recursive")
}

// arguments returns the Args of a command that takes from least to most arguments. A
// negative most means unlimited. line is the command's usage, for the error.
func arguments(least, most int, line string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		switch {
		case len(args) < least:
			return usage.New("missing argument: " + line)
		case most >= 0 && len(args) > most:
			return usage.New(fmt.Sprintf("unexpected argument %q: %s", args[most], line))
		}
		return nil
	}
}
