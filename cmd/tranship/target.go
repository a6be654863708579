package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client/filetransfer"
	"github.com/tranship/tranship/cmd/tranship/internal/console"
	"github.com/tranship/tranship/cmd/tranship/internal/location"
	"github.com/tranship/tranship/internal/rpcstatus"
	"github.com/tranship/tranship/store/localdir"
	"github.com/tranship/tranship/transfer"
)

const (
	protocolTranship     = "tranship"
	protocolFilesrv      = "filesrv"
	protocolFiletransfer = "filetransfer"
)

// protocols are those that cp speaks.
func protocols() []string {
	return []string{protocolTranship, protocolFilesrv, protocolFiletransfer}
}

// target is where cp writes to.
type target struct {
	place  location.Location
	writer tranship.Writer
	// path is the target in the writer; "" is the root.
	path string
	// isDirectory: sources go into it, under their own names.
	isDirectory bool
	// isFile: there is a file at path.
	isFile bool
	// became is the source that the target did not exist for, and that it becomes,
	// as what is in it would be written; "" if there is none.
	became string
	// protocol is the one that servers are spoken to with.
	protocol string
	// claimed are the paths that sources of this command go to.
	claimed map[string]bool
	stat    func(ctx context.Context, path string) (tranship.File, error)
	lister  transfer.Lister
	closers []func() error
}

func (t *target) close() error {
	var errs []error
	for _, c := range t.closers {
		errs = append(errs, c())
	}
	return errors.Join(errs...)
}

// file is where a source that is a file goes to.
func (t *target) file(source location.Location) string {
	if t.isDirectory {
		return transfer.Join(t.path, source.Name())
	}
	return t.path
}

// directory is where a source that is a directory goes to.
func (t *target) directory(source location.Location) (string, error) {
	switch {
	case t.isFile:
		return "", fmt.Errorf("%w: the target %s is a file", tranship.ErrExists, t.place.Arg)
	case t.isDirectory && !source.Contents:
		return transfer.Join(t.path, source.Name()), nil
	}
	if !t.isDirectory && !source.Contents {
		t.became = strings.TrimRight(source.Arg, "/") + "/."
	}
	return t.path, nil
}

// claim takes a path for a source, and fails for one that another source goes to: two
// of a command must not overwrite each other.
func (t *target) claim(path string) error {
	if t.claimed[path] {
		return fmt.Errorf("another source goes to %s, too", t.show(path))
	}
	if t.claimed == nil {
		t.claimed = map[string]bool{}
	}
	t.claimed[path] = true
	return nil
}

// inside reports whether what is on a server can be copied to the target by the
// server itself.
func (t *target) inside(server location.Server) bool {
	return t.place.Kind == location.Remote && t.protocol == protocolTranship && t.place.Server == server
}

// show is a path of the target as the user knows it. That of a local file begins with
// what the user wrote, and the system finds the file by it.
func (t *target) show(path string) string {
	if t.place.Kind != location.Local {
		return path
	}
	if t.path != "" { // it is what the user wrote that has this path
		path = strings.TrimPrefix(strings.TrimPrefix(path, t.path), "/")
	}
	return location.JoinLocal(t.place.Path, path)
}

func (g *globals) openTarget(ctx context.Context, connections *connections, p location.Location, flags cpFlags) (*target, error) {
	switch p.Kind {
	case location.Stream:
		// The name is for nobody: the stream has none.
		return &target{place: p, writer: transfer.Stdout{Writer: g.Out}, path: "stdout", protocol: flags.protocol}, nil
	case location.Local:
		return openLocalTarget(p, flags.protocol)
	}
	if flags.protocol == protocolTranship {
		return openNativeTarget(ctx, connections, p)
	}
	t := &target{place: p, path: p.Path, isDirectory: p.Slash, protocol: flags.protocol}
	conn, err := connections.conn(ctx, p.Server)
	if err != nil {
		return nil, err
	}
	if flags.protocol == protocolFiletransfer {
		t.writer = filetransfer.New(conn, filetransfer.Options{Warn: g.Warn})
		return t, nil
	}
	t.writer, err = connections.filesrv(ctx, p.Server, flags)
	return t, err
}

func openNativeTarget(ctx context.Context, connections *connections, p location.Location) (*target, error) {
	store, err := connections.store(ctx, p.Server)
	if err != nil {
		return nil, err
	}
	t := &target{place: p, writer: store, path: p.Path, protocol: protocolTranship, stat: store.Stat, lister: store, isDirectory: p.Slash}
	if t.isDirectory {
		return t, nil
	}
	_, isDirectory, err := lookup(ctx, store, p)
	switch {
	case err == nil:
		t.isDirectory, t.isFile = isDirectory, !isDirectory
	case errors.Is(err, tranship.ErrDenied): // what may perhaps be written, if not read
		t.isDirectory, t.isFile = isDirectory, !isDirectory
	case !errors.Is(err, tranship.ErrNotFound):
		return nil, fmt.Errorf("%s: %w", p.Arg, err)
	}
	return t, nil
}

// openLocalTarget opens the directory that the target is, or is in. What is to be
// written is below it, whatever a server calls its files.
func openLocalTarget(p location.Location, protocol string) (*target, error) {
	t := &target{place: p, protocol: protocol, isDirectory: p.Slash}
	found, err := location.FindLocal(p.Path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", p.Arg, localError(err))
	}
	switch {
	case found.Info == nil:
	case found.Info.IsDir():
		t.isDirectory = true
		return t, t.openDir(p.Path, p)
	case !found.Info.Mode().IsRegular():
		return nil, fmt.Errorf("%s: %w, and is not a regular file; use - and redirect the output", p.Arg, tranship.ErrExists)
	case p.Slash:
		return nil, fmt.Errorf("%s: %w", p.Arg, location.ErrNotDirectory)
	default:
		t.isFile = true
	}
	t.path = found.Name
	return t, t.openDir(found.Directory, p)
}

func (t *target) openDir(name string, p location.Location) error {
	dir, err := localdir.Open(name)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, tranship.ErrNotFound) {
		return fmt.Errorf("%s: there is no directory %s: %w", p.Arg, name, tranship.ErrNotFound)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", p.Arg, localError(err))
	}
	t.writer, t.stat = dir, dir.Stat
	t.closers = append(t.closers, dir.Close)
	return nil
}

// listings know what there was in some directories of a target. They are safe for
// concurrent use.
type listings struct {
	mu  sync.Mutex
	all []listing
}

type listing struct {
	directory string
	existing  func(ctx context.Context, path string) (tranship.File, error)
}

// add lists a directory of a target, if that is a store.
func (l *listings) add(ctx context.Context, t *target, directory string) error {
	if t.lister == nil {
		return nil
	}
	existing, err := transfer.ListExisting(ctx, t.lister, directory)
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, listing{directory, existing})
	return nil
}

// of is what knows of a path; nil if nothing does.
func (l *listings) of(path string) func(context.Context, string) (tranship.File, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, listing := range l.all {
		if isBelow(path, listing.directory) {
			return listing.existing
		}
	}
	return nil
}

// message is the line of a file that failed. It names the source, unless it was this
// machine's target that failed.
func (t *target) message(result transfer.Result) string {
	if t.protocol != protocolTranship && rpcstatus.IsUnserved(result.Err) {
		where := t.place.Arg
		if t.place.Kind != location.Remote {
			where = result.Source
		}
		return fmt.Sprintf("%s: the server does not serve the protocol %s", where, t.protocol)
	}
	if _, failed := errors.AsType[*localdir.TargetError](result.Err); failed {
		return t.show(result.Path) + ": " + t.inWords(result.Err, console.Subject{})
	}
	text := t.inWords(result.Err, t.subject(result))
	if errors.Is(result.Err, transfer.ErrUnsized) {
		text += "; " + pipeInstead
	}
	return result.Source + ": " + text
}

// subject is what a result's Source stands for. A source that was never looked at has
// only the name that the user wrote.
func (t *target) subject(result transfer.Result) console.Subject {
	of := console.Subject{Paths: []string{result.Path, result.SourcePath}}
	if source, err := location.Parse(result.Source); err == nil && source.Kind == location.Remote {
		of.Server = source.Server
	}
	return of
}
