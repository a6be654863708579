package main

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"github.com/tranship/tranship/cmd/tranship/internal/location"
	"github.com/tranship/tranship/cmd/tranship/internal/usage"
	"github.com/tranship/tranship/internal/verification"
)

const (
	// defaultVerifyParallel is how many files verify reads at once unless --parallel says
	// otherwise, and maxVerifyParallel what --parallel may say.
	defaultVerifyParallel = 4
	maxVerifyParallel     = 64
)

// verifyFlags are the flags of verify.
type verifyFlags struct {
	bandwidth            byteSize
	parallel             int
	after                string
	newerThan, olderThan time.Duration
}

func newVerify(g *globals) *cobra.Command {
	flags := &verifyFlags{}
	cmd := &cobra.Command{
		Use:   "verify [--bandwidth 50MiB] [--parallel 4] [--after PATH] LOCATION...",
		Short: "Read stored files again and compare them with their checksums",
		Long: `Read stored files again and compare them with their checksums, below a directory or a
single one. A location is a directory of this machine that a server serves, also while
it does, or one on a server or in a bucket. A server reads its files itself: nothing
is downloaded. The bytes of a bucket are.

A file that does not match its checksum, or cannot be read, is an error; one without
a checksum, such as one that another program has made, is only printed. A signal ends
the command after a summary, which says how to continue with --after.`,
		Example: `  tranship verify --bandwidth 50MiB /srv/files
  tranship verify --newer-than 7d grpcs://files.example.com:50051/
  tranship verify --json s3://bucket/prefix`,
		Args: arguments(1, -1, "tranship verify LOCATION..."),
		RunE: func(cmd *cobra.Command, args []string) error {
			locations, err := g.locations(args)
			if err != nil {
				return err
			}
			if err := flags.validate(locations); err != nil {
				return err
			}
			return g.verifyAll(cmd.Context(), locations, flags)
		},
	}
	cmd.Flags().Var(&flags.bandwidth, "bandwidth", "`size` that is read in a second at most, such as 50MiB (default unlimited)")
	cmd.Flags().IntVar(&flags.parallel, "parallel", defaultVerifyParallel, "how many files are read at once")
	cmd.Flags().StringVar(&flags.after, "after", "", "only files after this `path`, to continue where a summary says")
	cmd.Flags().Var(span(&flags.newerThan, 0), "newer-than", "only files whose modified time is at most so long ago, such as 7d")
	cmd.Flags().Var(span(&flags.olderThan, 0), "older-than", "only files whose modified time is longer ago, such as 30d")
	g.completeLocations(cmd, true, 0)
	g.jsonFlag(cmd)
	return cmd
}

// validate returns the mistakes in the flags for these locations.
func (f *verifyFlags) validate(locations []location.Location) error {
	var m usage.Mistakes
	m.If(f.parallel < 1 || f.parallel > maxVerifyParallel, "parallel", "--parallel %d: it must be from 1 to %d", f.parallel, maxVerifyParallel)
	m.If(f.newerThan < 0, "newer-than", "--newer-than %v: it must not be negative", f.newerThan)
	m.If(f.olderThan < 0, "older-than", "--older-than %v: it must not be negative", f.olderThan)
	m.If(f.after != "" && len(locations) > 1, "after", "--after needs a single location")
	for _, p := range locations {
		if p.Kind == location.Stream {
			m.Add(usage.Errorf("%s: verify needs a directory or a file", p.Arg))
		}
	}
	return m.Err()
}

// options returns the options of a pass, without the store.
func (f *verifyFlags) options(now time.Time) verification.Options {
	options := verification.Options{StartAfter: f.after, Parallel: f.parallel}
	if f.newerThan > 0 {
		options.Since = now.Add(-f.newerThan)
	}
	if f.olderThan > 0 {
		options.Before = now.Add(-f.olderThan)
	}
	return options
}

// verifyAll verifies every location, in order. An error of one location is printed and does not
// stop the others.
func (g *globals) verifyAll(ctx context.Context, locations []location.Location, flags *verifyFlags) (err error) {
	if err := g.bind(locations); err != nil {
		return err
	}
	connections := g.connections()
	defer func() { err = errors.Join(err, connections.close()) }()
	for _, p := range locations {
		err := g.verify(ctx, connections, p, flags)
		if ctx.Err() != nil {
			return cmp.Or(context.Cause(ctx), ctx.Err())
		}
		if err != nil {
			g.Fail(err)
		}
	}
	return nil
}

// verify verifies the files of a location, and prints what it finds and a summary.
func (g *globals) verify(ctx context.Context, connections *connections, p location.Location, flags *verifyFlags) (err error) {
	target, err := g.verifyTarget(ctx, connections, p, flags)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, target.close()) }()
	if target.lost {
		g.Warn(p.Arg + ": the directory was copied without its extended attributes, so its files have lost their checksums, metadata and owners; copy it again with a tool that keeps them, such as rsync -aX")
	}
	report := &verifyReport{globals: g, target: target}
	options := flags.options(time.Now())
	options.Store, options.Check, options.Directory, options.Report = target.store, target.check, target.directory, report.finding
	var totals verification.Totals
	if target.file != "" {
		totals, err = verification.File(ctx, options, target.file)
	} else {
		totals, err = verification.Pass(ctx, options)
	}
	return errors.Join(target.explain(err), report.err, report.summary(totals, err != nil))
}
