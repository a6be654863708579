package main

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client"
	"github.com/tranship/tranship/cmd/tranship/internal/console"
	"github.com/tranship/tranship/cmd/tranship/internal/copycmd"
	"github.com/tranship/tranship/cmd/tranship/internal/display"
	"github.com/tranship/tranship/cmd/tranship/internal/location"
	"github.com/tranship/tranship/cmd/tranship/internal/usage"
	"github.com/tranship/tranship/internal/heapfloor"
	"github.com/tranship/tranship/transfer"
)

const cpUsage = "tranship cp [-n] [-r] [-u] SRC... DST"

// cpFlags are the flags of cp.
type cpFlags struct {
	recursive bool
	update    bool
	dryRun    bool
	// modifyWindow is the greatest difference of two modified times that -u treats as equal.
	modifyWindow time.Duration
	durability   durabilityFlag
	protocol     string
	// noResume starts every file from the beginning and keeps nothing of a failed one.
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
		Use:   "cp [-n] [-r] [-u] SRC... DST",
		Short: "Copy files to, from and between servers and buckets",
		Long: `Copy files to, from and between servers and buckets. Each file is verified from end
to end and becomes visible at its target only when it is complete. Modified time and
mode are kept.

SRC and DST are local files, or locations on a server: grpc://host:port/path, or
grpcs://host:port/path with TLS; or in a bucket, without a server: s3://bucket/path.
"-" is the standard input as SRC, and the standard output as DST.

A file or directory goes into DST, under its own name, if DST is a directory or
ends in '/'; otherwise it becomes DST. If SRC ends in "/.", the contents of the
directory are copied.

Transient failures, such as a server restart, are retried: up to 16 times in a row
without progress, and for up to 30 seconds without any success. To resume a copy
that failed or was interrupted, run the same command again. -r reports symbolic
links, empty directories and special files, and copies the rest.`,
		Example: `  tranship cp report.pdf grpc://files.example:50051/reports/
  tranship cp -r photos grpcs://files.example:443/archive/
  tranship cp grpc://files.example:50051/reports/report.pdf .
  tranship cp -r photos s3://bucket/archive/
  tar c src | tranship cp - grpc://files.example:50051/src.tar`,
		Args: arguments(2, -1, cpUsage),
		RunE: func(cmd *cobra.Command, args []string) error {
			return g.cp(cmd.Context(), args, flags)
		},
	}
	recursiveFlag(cmd, &flags.recursive, "copy directories and everything in them")
	cmd.Flags().BoolVarP(&flags.update, "update", "u", false, "skip files whose size and modified time are equal at the target")
	dryRunFlag(cmd, &flags.dryRun)
	cmd.Flags().Var(timespan(&flags.modifyWindow, 0), "modify-window", "greatest difference of two modified times that -u treats as equal; file systems with coarse times, such as FAT, are recognized without it")
	cmd.Flags().Var(&flags.durability, "durability", "when a file counts as copied: `durable|written` (default: the default of the server)")
	cmd.Flags().BoolVar(&flags.noResume, "no-resume", false, "start every file from the beginning, and keep nothing of a file that fails")
	cmd.Flags().Var(timespan(&flags.stallTimeout, 30*time.Second), "stall-timeout", "how long a file may make no progress before it is retried")
	cmd.Flags().IntVar(&flags.connections, "connections", 0, "`number` of connections to a server that large files are spread over, 1 to 16; 0 means 1, and more to a distant server")
	cmd.Flags().Var(&flags.checksum, "checksum", "`digest` that the file must have, sha256:HEX or blake3:HEX; the copy fails if it differs")
	cmd.Flags().Var(&flags.progress.mode, "progress", "show progress: `auto|bars|plain|none`; auto means bars on a terminal and none otherwise")
	cmd.Flags().Var(timespan(&flags.progress.interval, 5*time.Second), "progress-interval", "time between the lines of --progress plain")
	cmd.Flags().StringVar(&flags.protocol, "protocol", copycmd.ProtocolTranship, "protocol of the server: `tranship|filesrv|filetransfer`")
	cmd.Flags().IntVar(&flags.filesrv.revision, "filesrv-revision", 0, "revision of filesrv that the server speaks: 1 or 2; 0 means unknown")
	cmd.Flags().BoolVar(&flags.filesrv.allowEmpty, "filesrv-allow-empty", false, "treat an empty filesrv response as an empty file, not as a missing one")
	completeValues(cmd, "durability", durabilities()...)
	completeValues(cmd, "progress", display.Modes()...)
	completeValues(cmd, "protocol", copycmd.Protocols()...)
	g.completeLocations(cmd, true, 0)
	g.jsonFlag(cmd)
	return cmd
}

// validate checks everything that can be checked before the command connects.
func (f cpFlags) validate(sources []location.Location, target location.Location, json bool) error {
	if !slices.Contains(copycmd.Protocols(), f.protocol) {
		return usage.Errorf("--protocol %s: it must be tranship, filesrv or filetransfer", f.protocol)
	}
	if f.filesrv.revision < 0 || f.filesrv.revision > 2 {
		return usage.Errorf("--filesrv-revision %d: it must be 1 or 2", f.filesrv.revision)
	}
	if f.connections < 0 || f.connections > 16 {
		return usage.Errorf("--connections %d: it must be from 1 to 16, or 0 for as many as the distance of the server needs", f.connections)
	}
	if f.checksum.digest != nil && (len(sources) > 1 || f.recursive || f.update) {
		return usage.New("--checksum needs exactly one file, without -r and -u")
	}
	if f.dryRun && target.Kind == location.Stream {
		return usage.New("-n cannot be used with the standard output as the target: what would be copied is printed there")
	}
	if f.modifyWindow > 0 && !f.update {
		return usage.New("--modify-window needs -u")
	}
	if err := f.validateBuckets(append(sources[:len(sources):len(sources)], target)); err != nil {
		return err
	}
	native := f.protocol == copycmd.ProtocolTranship
	if native && (f.filesrv.revision != 0 || f.filesrv.allowEmpty) {
		return usage.New("--filesrv-revision and --filesrv-allow-empty need --protocol filesrv")
	}
	if !native && f.update {
		return usage.Errorf("-u needs sizes and modified times, which --protocol %s does not provide", f.protocol)
	}
	if !native && f.durability.given() {
		return usage.Errorf("--protocol %s does not support --durability", f.protocol)
	}
	if target.Kind == location.Stream && (len(sources) > 1 || f.recursive || f.update) {
		return usage.New("only one file can be copied to the standard output, without -r and -u")
	}
	if target.Kind == location.Stream && json {
		return usage.New("--json and the file cannot both go to the standard output")
	}
	if f.update && slices.ContainsFunc(sources, func(p location.Location) bool { return p.Kind == location.Stream }) {
		return usage.New("-u needs a size and modified time, which the standard input does not have")
	}
	streams := 0
	for _, source := range sources {
		if source.Kind == location.Stream {
			streams++
		}
		switch {
		case source.Kind != location.Remote && target.Kind != location.Remote:
			return usage.Errorf("neither %s nor %s is on a server, which is written grpc://host:port/path, or in a bucket, s3://bucket/path; for copies on this machine use the cp of the system", source.Arg, target.Arg)
		case source.Kind == location.Remote && f.protocol == copycmd.ProtocolFiletransfer:
			return usage.New("--protocol filetransfer cannot download")
		case streams > 1:
			return usage.New("the standard input can be copied only once")
		}
	}
	return nil
}

// validateBuckets checks what cannot be used with locations in a bucket.
func (f cpFlags) validateBuckets(locations []location.Location) error {
	i := slices.IndexFunc(locations, func(p location.Location) bool { return p.Server.IsBucket() })
	if i >= 0 && f.protocol != copycmd.ProtocolTranship {
		return usage.Errorf("--protocol %s is for servers, and %s is in a bucket", f.protocol, locations[i].Arg)
	}
	return nil
}

// copyGarbagePercent and copyGarbageFloor are as garbagePercent and garbageFloor, for a copy. Its
// heap has many small objects for each small file.
const copyGarbagePercent, copyGarbageFloor = 100, 12 << 20

func (g *globals) cp(ctx context.Context, args []string, flags cpFlags) (err error) {
	defer heapfloor.Set(copyGarbagePercent, copyGarbageFloor)()
	locations, err := g.locations(args)
	if err != nil {
		return err
	}
	sources, to := locations[:len(locations)-1], locations[len(locations)-1]
	if err := flags.validate(sources, to, g.JSON); err != nil {
		return err
	}
	if flags.protocol != copycmd.ProtocolTranship && client.Transport(g.transport) == client.TransportLanes {
		return usage.Errorf("--transport lanes needs --protocol tranship: %s is a protocol of gRPC", flags.protocol)
	}
	if err := g.checkStreams(sources, to); err != nil {
		return err
	}
	if err := g.checkDryRun(flags.dryRun); err != nil {
		return err
	}
	if err := g.bind(locations); err != nil {
		return err
	}
	connections := g.connections()
	if !flags.dryRun {
		connections.changed = []location.Location{to}
	}
	connections.lookups = lookups(sources, to)
	connections.stallTimeout, connections.number, connections.moves = flags.stallTimeout, flags.connections, !flags.dryRun
	defer func() { err = errors.Join(err, connections.close()) }()
	defer g.notifySlowStop(ctx)()

	return copycmd.Run(ctx, &g.Console, connections, sources, to, flags.options(), func(progress *transfer.Progress) (func(), bool) {
		return g.showProgress(ctx, flags.progress, progress)
	})
}

// lookups returns the locations on servers that cp looks for: the target, unless it must be a directory, and the
// sources.
func lookups(sources []location.Location, to location.Location) []location.Location {
	var found []location.Location
	for _, p := range append([]location.Location{to}, sources...) {
		if p.Kind == location.Remote && (p != to || !p.Slash) {
			found = append(found, p)
		}
	}
	return found
}

// checkStreams fails if the content of a file would come from, or go to, a standard stream
// that is closed.
func (g *globals) checkStreams(sources []location.Location, to location.Location) error {
	isStream := func(p location.Location) bool { return p.Kind == location.Stream }
	if slices.ContainsFunc(sources, isStream) && console.IsClosed(g.In) {
		return usage.New("the standard input is closed: pass a file, or </dev/null to store an empty one")
	}
	if isStream(to) && console.IsClosed(g.Out) {
		return usage.New("the standard output is closed: redirect it to a file or a pipe, or >/dev/null to keep nothing")
	}
	return nil
}

// options returns the options of the copy that the flags set.
func (f cpFlags) options() copycmd.Options {
	return copycmd.Options{
		Recursive:    f.recursive,
		Update:       f.update,
		ModifyWindow: f.modifyWindow,
		DryRun:       f.dryRun,
		Durability:   tranship.Durability(f.durability),
		Protocol:     f.protocol,
		NoResume:     f.noResume,
		StallTimeout: f.stallTimeout,
		Checksum:     f.checksum.digest,
		Revision:     f.filesrv.revision,
		AllowEmpty:   f.filesrv.allowEmpty,
	}
}
