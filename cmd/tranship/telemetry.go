package main

import (
	"context"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/tranship/tranship/cmd/tranship/internal/telemetry"
)

// commandFlush is how long a command waits for the collector at its end, and serverFlush how long
// a server does.
const commandFlush, serverFlush = time.Second, 2 * time.Second

// beginTelemetry starts the telemetry of a command that connects, if the environment asks for it,
// and the span of the command.
func (g *globals) beginTelemetry(cmd *cobra.Command) {
	ctx := cmd.Context()
	g.telemetry = telemetry.Start(ctx, telemetry.Options{
		Version: softwareVersion(), Wait: commandFlush,
		Warn: func(err error) { g.Warn(err.Error()) },
	})
	ctx, g.endSpan = g.telemetry.Command(ctx, cmd.CommandPath())
	cmd.SetContext(ctx)
}

// endTelemetry ends what beginTelemetry has begun.
func (g *globals) endTelemetry(ctx context.Context) {
	if g.endSpan == nil {
		return
	}
	kind := ""
	if exit := g.Failures.ExitCode(); exit != 0 {
		kind = "exit " + strconv.Itoa(exit)
	}
	g.endSpan(kind)
	g.telemetry.Close(ctx)
}
