// Package copycmd copies files to, from and between servers for the command cp: it finds the
// target of every source, copies, and reports the result of each file. The command mv uses
// its targets, too.
package copycmd

import (
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/grpc"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/cmd/tranship/internal/console"
	"github.com/tranship/tranship/cmd/tranship/internal/location"
	"github.com/tranship/tranship/cmd/tranship/internal/usage"
	"github.com/tranship/tranship/store/retry"
	"github.com/tranship/tranship/transfer"
)

// Connector connects to servers. It has one connection to each server, and closes it.
type Connector interface {
	// Store returns the native client of a server. The client retries transient failures.
	Store(ctx context.Context, server location.Server) (*retry.Store, error)
	// Lookup reports whether a location is a file or a directory, and returns the file, as function Lookup does.
	Lookup(ctx context.Context, p location.Location) (file tranship.File, isDirectory bool, err error)
	// Conn returns a plain connection to a server, for the compatibility protocols.
	Conn(ctx context.Context, server location.Server) (*grpc.ClientConn, error)
}

// Options set how to copy.
type Options struct {
	// Recursive copies directories. Update skips files whose size and modified time are
	// equal at the target.
	Recursive, Update bool
	// ModifyWindow is the greatest difference of two modified times that Update treats as
	// equal.
	ModifyWindow time.Duration
	Durability   tranship.Durability
	// Protocol is the protocol of the servers, one of Protocols.
	Protocol string
	// NoResume starts every file from the beginning and keeps nothing of a failed one.
	NoResume     bool
	StallTimeout time.Duration
	// DryRun prints what would be copied, and writes nothing.
	DryRun bool
	// Checksum is the digest that the only file must have; nil means any.
	Checksum *transfer.Digest
	// Revision is the revision of filesrv that the server speaks; 0 means unknown.
	Revision int
	// AllowEmpty treats an empty filesrv response as an empty file.
	AllowEmpty bool
}

// Run copies all sources to a location, and reports each file. It calls show, which shows
// the progress until stop is called. A file that fails is counted in out.Failures and is
// not an error of Run.
func Run(ctx context.Context, out *console.Console, servers Connector, sources []location.Location, to location.Location, options Options, show func(*transfer.Progress) (stop func(), shown bool)) (err error) {
	target, err := openTarget(ctx, out, servers, to, options)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, target.close()) }()
	if len(sources) > 1 && !target.IsDirectory {
		return usage.Errorf("%s is not a directory, and there are several sources; end it with '/'", to.Arg)
	}
	p := &plan{console: out, servers: servers, options: options, target: target, several: len(sources) > 1}
	if options.DryRun {
		return p.dryRun(ctx, sources)
	}
	progress := &transfer.Progress{}
	stop, shown := show(progress)
	defer stop()
	out.Watched = shown
	reporter := &reporter{console: out, target: target, verbose: shown || out.Verbose, differ: map[string]bool{}}
	settings := transfer.Options{
		Durability:   options.Durability,
		NoResume:     options.NoResume,
		StallTimeout: options.StallTimeout,
		Progress:     progress,
		Events:       reporter.event,
		Report:       reporter.result,
	}
	if options.Update {
		settings.Existing, settings.ModifyWindow = target.stat, options.ModifyWindow
	}
	if to.Kind == location.Stream {
		settings.Files = 1
	}
	err = transfer.Copy(ctx, target.writer, releaseBefore(p.items(ctx, sources)), settings)
	if _, failed := errors.AsType[*transfer.FailedError](err); failed {
		err = nil
	}
	for _, source := range p.batches {
		if err == nil {
			err = p.batch(ctx, source, settings)
		}
	}
	switch {
	case errors.Is(err, transfer.ErrResumable):
		err = console.Advised(target.errorText(err, console.Subject{}), err)
	case err != nil && target.rerunSource != "":
		// The next run may find the files that were copied, but it must not copy into the
		// directory that they are in.
		err = fmt.Errorf("%w; %s", err, target.rerunAdvice())
	}
	return err
}
