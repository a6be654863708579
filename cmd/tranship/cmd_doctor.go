package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/tranship/tranship/cmd/tranship/internal/console"
	"github.com/tranship/tranship/cmd/tranship/internal/doctor"
	"github.com/tranship/tranship/cmd/tranship/internal/location"
	"github.com/tranship/tranship/cmd/tranship/internal/usage"
	"github.com/tranship/tranship/internal/printable"
)

// maxDoctorSend is the most that doctor sends in one call, in bytes. A file of that size is in
// memory.
const maxDoctorSend = 1 << 30

// doctorFlags are the flags of doctor.
type doctorFlags struct {
	write      bool
	idle, most time.Duration
	send       byteSize
}

func newDoctor(g *globals) *cobra.Command {
	flags := doctorFlags{send: doctor.DefaultSendBytes}
	cmd := &cobra.Command{
		Use:   "doctor [--write] [--idle 70s] URL",
		Short: "Find what is between this machine and a server, and what to change",
		Long: `Examine the way to a server: its name and addresses, certificates, proxies and their
limits of size, time and flow control, lanes, and what the caller may do. Each line
has what was found, and below it the setting to change.

Nothing is stored unless --write permits it: then the rights to write, the disk and
the clock of the server, and the speed of files are examined with a file of a
temporary name below the path of the URL, which is removed. Limits of size are found
by sending --send bytes, which the server drops. Timeouts are found only with --idle,
which waits so long.

A warning means that files move, but slower or not for long; a problem, that calls
fail. The exit code is 0 without problems, and otherwise that of the errors.`,
		Example: `  tranship doctor grpcs://files.example:443
  tranship doctor --token-file token --write --idle 70s grpcs://files.example:443/incoming`,
		Args: arguments(1, 1, "tranship doctor URL"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return g.doctor(cmd.Context(), args[0], flags)
		},
	}
	cmd.Flags().BoolVar(&flags.write, "write", false, "store and remove a file of a temporary name below the path of the URL")
	cmd.Flags().Var(span(&flags.idle, 0), "idle", "leave a call and a connection idle for so long, to find timeouts; 0 means not at all")
	cmd.Flags().Var(timespan(&flags.most, 40*time.Second), "time-limit", "the longest time for all checks, beside --idle")
	cmd.Flags().Var(&flags.send, "send", "`size` of what one call sends, to find limits of size, and of the file of --write")
	g.completeLocations(cmd, false, 1)
	g.jsonFlag(cmd)
	return cmd
}

// doctor examines the way to a server, and prints each finding.
func (g *globals) doctor(ctx context.Context, arg string, flags doctorFlags) (err error) {
	locations, err := location.ParseRemotes([]string{arg})
	switch {
	case err != nil:
		return err
	case locations[0].Server.IsBucket():
		return usage.Errorf("%s: it must be the URL of a server, such as grpcs://host:port", arg)
	case flags.idle < 0:
		return usage.Errorf("--idle %v: it must not be negative", flags.idle)
	case flags.send < 1 || flags.send > maxDoctorSend:
		return usage.Errorf("--send %s: it must be from 1 to %s", &flags.send, "1GiB")
	}
	if err := g.bind(locations); err != nil {
		return err
	}
	to := locations[0]
	options, err := g.connections().options(to.Server)
	if err != nil {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, flags.most+flags.idle)
	defer cancel()
	var failed error
	doctor.Run(limited, doctor.Options{
		URL: to.Server.URL(), Address: to.Server.Address, Path: to.Path, Client: options,
		Advise: func(err error) error { return g.tls.advise(to.Server, err) },
		Write:  flags.write, Idle: flags.idle, SendBytes: int64(flags.send),
		Report: func(found doctor.Finding) {
			if failed == nil {
				failed = g.printFinding(found)
			}
		},
	})
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return failed
}

// printFinding prints a finding, and counts a problem for the exit code.
func (g *globals) printFinding(found doctor.Finding) error {
	if found.Level == doctor.Problem {
		code := console.ExitFailed
		if found.Err != nil {
			code = console.ExitCode(found.Err)
		}
		g.Failures.Add(code)
	}
	if g.JSON {
		return console.PrintJSON(g.Out, found)
	}
	if g.Quiet && (found.Level == doctor.Good || found.Level == doctor.Note) {
		return nil
	}
	text := fmt.Sprintf("%-8s %-12s %s\n", found.Level, found.Check, printable.Text(found.Text))
	if found.Advice != "" {
		text += fmt.Sprintf("%-8s %-12s -> %s\n", "", "", printable.Text(found.Advice))
	}
	_, err := fmt.Fprint(g.Out, text)
	return err
}
