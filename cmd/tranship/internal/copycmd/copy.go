// Package copycmd copies files to, from and between servers for the commands cp and mv: it
// plans what goes where, copies it, and reports how each file went.
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

// Connector connects to servers. It has one connection to each, which it closes itself.
type Connector interface {
	// Store is the native client of a server. What it fails to do is tried again.
	Store(ctx context.Context, server location.Server) (*retry.Store, error)
	// Conn is a plain connection to a server, for the compatibility protocols.
	Conn(ctx context.Context, server location.Server) (*grpc.ClientConn, error)
}

// Options say how to copy.
type Options struct {
	// Recursive copies directories; update skips files that are the same at the target.
	Recursive, Update bool
	Durability        tranship.Durability
	// Protocol is the one that servers are spoken to with.
	Protocol string
	// NoResume: begin at the beginning, and leave nothing to go on with.
	NoResume     bool
	StallTimeout time.Duration
	// Checksum is what the only file must have; nil for any.
	Checksum *transfer.Digest
	// Revision of filesrv is the one that the server is known to speak, 0 for unknown.
	Revision int
	// AllowEmpty: an empty answer of filesrv is an empty file.
	AllowEmpty bool
}

// Run copies all sources to a place, and reports each file. show shows how far it is,
// until stop is called.
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
	progress := &transfer.Progress{}
	stop, shown := show(progress)
	defer stop()
	out.Watched = shown
	reporter := &reporter{console: out, target: target, talk: shown || out.Verbose, differ: map[string]bool{}}
	settings := transfer.Options{
		Durability:   options.Durability,
		NoResume:     options.NoResume,
		StallTimeout: options.StallTimeout,
		Progress:     progress,
		Events:       reporter.event,
		Report:       reporter.result,
	}
	if options.Update {
		settings.Existing = p.existing
	}
	if to.Kind == location.Stream {
		settings.Files = 1
	}
	err = transfer.Copy(ctx, target.writer, p.items(ctx, sources), settings)
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
		err = console.Advised(target.inWords(err, console.Subject{}), err)
	case err != nil && target.became != "":
		// Files that are there are no hindrance; that they are in a directory is.
		err = fmt.Errorf("%w; %s", err, target.again())
	}
	return err
}
