package main

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/cmd/tranship/internal/copycmd"
	"github.com/tranship/tranship/cmd/tranship/internal/display"
	"github.com/tranship/tranship/cmd/tranship/internal/location"
	"github.com/tranship/tranship/cmd/tranship/internal/usage"
	"github.com/tranship/tranship/transfer"
)

const cpUsage = "tranship cp [-r] [-u] SRC... DST"

// cpFlags are the flags of cp.
type cpFlags struct {
	recursive  bool
	update     bool
	durability durabilityFlag
	protocol   string
	// noResume: begin at the beginning, and leave nothing to go on with.
	noResume     bool
	stallTimeout time.Duration
	connections  int
	checksum     digestFlag
	progress     progressFlags
	filesrv      struct {
		revision   int
		allowEmpty bool
	}
}

func newCp(g *globals) *cobra.Command {
	flags := cpFlags{progress: progressFlags{mode: display.Auto}}
	cmd := &cobra.Command{
		Use:   "cp [-r] [-u] SRC... DST",
		Short: "Copy files to, from and between servers",
		Long: `Copy files to, from and between servers. Each file is verified from end to end
and becomes visible at its target all at once. Modified time and mode are kept.

SRC and DST are local files, or places on a server: grpc://host:port/path, or
grpcs://host:port/path with TLS. "-" is the standard input or output.

A file or directory goes into DST, under its own name, if DST is a directory or
ends in '/'; otherwise it becomes DST. Of a SRC that ends in "/." the contents
are copied.

What fails in a way that may pass, as when a server restarts, is tried again: 16
times in a row without progress, and for up to 30 seconds without any success.
The same command, run again, goes on where one that was cut off or interrupted
has stopped. -r reports symbolic links, empty directories and special files, and
copies the rest.`,
		Example: `  tranship cp report.pdf grpc://files.example:50051/reports/
  tranship cp -r photos grpcs://files.example:443/archive/
  tranship cp grpc://files.example:50051/reports/report.pdf .
  tar c src | tranship cp - grpc://files.example:50051/src.tar`,
		Args: arguments(2, -1, cpUsage),
		RunE: func(cmd *cobra.Command, args []string) error {
			return g.cp(cmd.Context(), args, flags)
		},
	}
	recursiveFlag(cmd, &flags.recursive, "copy directories with all that is in them")
	cmd.Flags().BoolVarP(&flags.update, "update", "u", false, "skip files that have equal size and modified time at the target")
	cmd.Flags().Var(&flags.durability, "durability", "what the server must have done before a file counts as copied: `durable|written` (default: its own)")
	cmd.Flags().BoolVar(&flags.noResume, "no-resume", false, "begin at the beginning, and keep nothing of a file that fails")
	cmd.Flags().Var(timespan(&flags.stallTimeout, 30*time.Second), "stall-timeout", "how long a file may go without a byte before it is tried again")
	cmd.Flags().IntVar(&flags.connections, "connections", 0, "`number` of connections to a server that large files are spread over, 1 to 16; 0: as many as make them faster")
	cmd.Flags().Var(&flags.checksum, "checksum", "`digest` that the file must have, sha256:HEX or blake3:HEX; otherwise nothing is copied")
	cmd.Flags().Var(&flags.progress.mode, "progress", "show progress: `auto|bars|plain|none`; auto is bars on a terminal and otherwise none")
	cmd.Flags().Var(timespan(&flags.progress.interval, 5*time.Second), "progress-interval", "time between two lines of --progress plain")
	cmd.Flags().StringVar(&flags.protocol, "protocol", copycmd.ProtocolTranship, "what the server speaks: `tranship|filesrv|filetransfer`")
	cmd.Flags().IntVar(&flags.filesrv.revision, "filesrv-revision", 0, "revision of filesrv that the server is known to speak: 1 or 2")
	cmd.Flags().BoolVar(&flags.filesrv.allowEmpty, "filesrv-allow-empty", false, "take an empty answer for an empty file, not a missing one")
	completeValues(cmd, "durability", durabilities()...)
	completeValues(cmd, "progress", display.Modes()...)
	completeValues(cmd, "protocol", copycmd.Protocols()...)
	g.jsonFlag(cmd)
	return cmd
}

// validate checks what can be checked before anything is connected to.
func (f cpFlags) validate(sources []location.Location, target location.Location, json bool) error {
	if !slices.Contains(copycmd.Protocols(), f.protocol) {
		return usage.Errorf("--protocol %s: it must be tranship, filesrv or filetransfer", f.protocol)
	}
	if f.filesrv.revision < 0 || f.filesrv.revision > 2 {
		return usage.Errorf("--filesrv-revision %d: it must be 1 or 2", f.filesrv.revision)
	}
	if f.connections < 0 || f.connections > 16 {
		return usage.Errorf("--connections %d: it must be from 1 to 16, or 0 for as many as help", f.connections)
	}
	if f.checksum.digest != nil && (len(sources) > 1 || f.recursive || f.update) {
		return usage.New("--checksum is that of one file, without -r and -u")
	}
	native := f.protocol == copycmd.ProtocolTranship
	if native && (f.filesrv.revision != 0 || f.filesrv.allowEmpty) {
		return usage.New("--filesrv-revision and --filesrv-allow-empty need --protocol filesrv")
	}
	if !native && f.update {
		return usage.Errorf("-u needs sizes and times, which --protocol %s has not", f.protocol)
	}
	if !native && f.durability.given() {
		return usage.Errorf("--durability cannot be asked for with --protocol %s", f.protocol)
	}
	if target.Kind == location.Stream && (len(sources) > 1 || f.recursive || f.update) {
		return usage.New("only one file can be copied to the standard output, without -r and -u")
	}
	if target.Kind == location.Stream && json {
		return usage.New("--json and the file cannot both go to the standard output")
	}
	if f.update && slices.ContainsFunc(sources, func(p location.Location) bool { return p.Kind == location.Stream }) {
		return usage.New("-u needs a size and time, which the standard input has not")
	}
	streams := 0
	for _, source := range sources {
		if source.Kind == location.Stream {
			streams++
		}
		switch {
		case source.Kind != location.Remote && target.Kind != location.Remote:
			return usage.Errorf("neither %s nor %s is on a server; use cp for copies on this machine", source.Arg, target.Arg)
		case source.Kind == location.Remote && f.protocol == copycmd.ProtocolFiletransfer:
			return usage.New("--protocol filetransfer cannot download")
		case streams > 1:
			return usage.New("the standard input can be copied only once")
		}
	}
	return nil
}

func (g *globals) cp(ctx context.Context, args []string, flags cpFlags) (err error) {
	places, err := location.ParseAll(args)
	if err != nil {
		return err
	}
	sources, to := places[:len(places)-1], places[len(places)-1]
	if err := flags.validate(sources, to, g.JSON); err != nil {
		return err
	}
	if err := g.bind(places); err != nil {
		return err
	}
	connections := g.connections()
	connections.stallTimeout, connections.number = flags.stallTimeout, flags.connections
	defer func() { err = errors.Join(err, connections.close()) }()
	defer g.explainEnd(ctx)()

	return copycmd.Run(ctx, &g.Console, connections, sources, to, flags.options(), func(progress *transfer.Progress) (func(), bool) {
		return g.showProgress(flags.progress, progress)
	})
}

// options are the flags for the copy itself.
func (f cpFlags) options() copycmd.Options {
	return copycmd.Options{
		Recursive:    f.recursive,
		Update:       f.update,
		Durability:   tranship.Durability(f.durability),
		Protocol:     f.protocol,
		NoResume:     f.noResume,
		StallTimeout: f.stallTimeout,
		Checksum:     f.checksum.digest,
		Revision:     f.filesrv.revision,
		AllowEmpty:   f.filesrv.allowEmpty,
	}
}
