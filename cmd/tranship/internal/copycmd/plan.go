package copycmd

import (
	"context"
	"errors"
	"io/fs"
	"iter"
	"os"
	"strings"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/cmd/tranship/internal/console"
	"github.com/tranship/tranship/cmd/tranship/internal/location"
	"github.com/tranship/tranship/cmd/tranship/internal/usage"
	"github.com/tranship/tranship/store/localdir"
	"github.com/tranship/tranship/store/retry"
	"github.com/tranship/tranship/transfer"
)

// plan makes items for the transfer out of the sources of cp. It is used by one
// goroutine, except for existing.
type plan struct {
	console *console.Console
	servers Connector
	options Options
	target  *Target
	// batches are left for later: sources that yield several files in one call.
	batches []location.Location
	// several: there are several sources, whose files may meet.
	several bool
	// listed are the directories of the target of which all is known.
	listed listings
	// unreachable are the servers of sources that cannot be connected to, or are away for
	// good, which is told once and not tried again.
	unreachable map[location.Server]bool
}

// items yields all files of all sources. A source that fails is one item with an
// error.
func (p *plan) items(ctx context.Context, sources []location.Location) iter.Seq2[transfer.Item, error] {
	return func(yield func(transfer.Item, error) bool) {
		for _, source := range sources {
			if p.unreachable[source.Server] {
				continue
			}
			for item, err := range p.source(ctx, source) {
				if source.Kind == location.Remote && retry.IsOutage(err) {
					p.lose(source.Server)
				}
				if item.Name == "" {
					// An error without a name would end the others.
					item.Name = source.Arg
				}
				item.Digest = p.options.Checksum
				if err == nil {
					err = p.claim(item.Path)
				}
				if !yield(item, err) {
					return
				}
			}
		}
	}
}

// lose notes that a server of sources is away.
func (p *plan) lose(server location.Server) {
	if p.unreachable == nil {
		p.unreachable = map[location.Server]bool{}
	}
	p.unreachable[server] = true
}

// claim is the target's, where it matters: a tree's files do not meet among
// themselves, and may be too many to keep their paths.
func (p *plan) claim(path string) error {
	if !p.several {
		return nil
	}
	return p.target.Claim(path)
}

func (p *plan) source(ctx context.Context, source location.Location) iter.Seq2[transfer.Item, error] {
	switch {
	case source.Kind == location.Stream:
		return p.standardInput(ctx)
	case source.Kind == location.Local:
		return p.local(ctx, source)
	case p.options.Protocol == ProtocolFilesrv:
		return p.filesrv(ctx, source)
	}
	return p.remote(ctx, source)
}

// one is a sequence of one item or error.
func one(item transfer.Item, err error) iter.Seq2[transfer.Item, error] {
	return func(yield func(transfer.Item, error) bool) { yield(item, err) }
}

func (p *plan) standardInput(context.Context) iter.Seq2[transfer.Item, error] {
	if p.target.IsDirectory {
		return one(transfer.Item{Name: "-"}, usage.New("the standard input has no name: say the target's file name"))
	}
	return one(transfer.Item{
		Source: &transfer.Stdin{Reader: p.console.In},
		Name:   "-",
		Path:   p.target.path,
		File:   tranship.File{Size: -1},
		Once:   true,
	}, nil)
}

func (p *plan) local(ctx context.Context, source location.Location) iter.Seq2[transfer.Item, error] {
	item := transfer.Item{Name: source.Arg}
	info, err := os.Stat(source.Path)
	switch {
	case err != nil:
		return one(item, LocalError(err))
	case info.IsDir():
		return p.localDirectory(ctx, source)
	case !info.Mode().IsRegular():
		return one(item, errors.New("not a regular file; "+pipeInstead))
	}
	file := localdir.File(source.Path)
	item.Source, item.SourcePath, item.Path = file, source.Path, p.target.File(source)
	item.File, err = file.Stat()
	return one(item, err)
}

const pipeInstead = "to send what can be read from it, use - as the source"

func (p *plan) localDirectory(ctx context.Context, source location.Location) iter.Seq2[transfer.Item, error] {
	return func(yield func(transfer.Item, error) bool) {
		destination, err := p.directory(source)
		if err != nil {
			yield(transfer.Item{Name: source.Arg}, err)
			return
		}
		dir, err := localdir.Open(source.Path)
		if err != nil {
			yield(transfer.Item{Name: source.Arg}, err)
			return
		}
		// Files are opened when their turn comes, which may be after the last was
		// listed: the target closes the directory in the end.
		p.target.closers = append(p.target.closers, dir.Close)
		walked := transfer.Walk(ctx, dir, "", destination)
		if p.options.Update { // the server lists while this side walks
			var stop func()
			walked, stop = prefetch(walked)
			defer stop()
		}
		if err := p.list(ctx, destination); err != nil {
			yield(transfer.Item{Name: source.Arg}, err)
			return
		}
		for item, err := range walked {
			item.Name = location.JoinLocal(source.Path, item.SourcePath)
			if !yield(item, err) {
				return
			}
		}
	}
}

// directory is where a source directory goes to.
func (p *plan) directory(source location.Location) (string, error) {
	if !p.options.Recursive {
		return "", errDirectory
	}
	destination, err := p.target.Directory(source)
	if err != nil {
		return "", err
	}
	if source.Kind == location.Remote && p.target.inside(source.Server) && IsBelow(destination, source.Path) {
		return "", errors.New("a directory cannot be copied into itself")
	}
	return destination, nil
}

// list finds out what is at a target directory, if that matters.
func (p *plan) list(ctx context.Context, destination string) error {
	if !p.options.Update {
		return nil
	}
	return p.listed.add(ctx, p.target, destination)
}

var errDirectory = errors.New("it is a directory; use -r to copy it")

// IsBelow reports whether a path is a directory or below it; "" is the root.
func IsBelow(path, directory string) bool {
	return directory == "" || path == directory || strings.HasPrefix(path, directory+"/")
}

func (p *plan) remote(ctx context.Context, source location.Location) iter.Seq2[transfer.Item, error] {
	item := transfer.Item{Name: source.Arg, SourcePath: source.Path}
	store, err := p.servers.Store(ctx, source.Server)
	if err != nil {
		p.lose(source.Server)
		return one(item, err)
	}
	file, isDirectory, err := Lookup(ctx, store, source)
	switch {
	case err != nil:
		return one(item, err)
	case isDirectory:
		return p.remoteDirectory(ctx, store, source)
	}
	item.Source, item.File, item.Path = store, file, p.target.File(source)
	item.Inside = p.target.inside(source.Server)
	if item.Inside && item.Path == item.SourcePath {
		return one(item, errors.New("source and target are the same file"))
	}
	return one(item, nil)
}

func (p *plan) remoteDirectory(ctx context.Context, store transfer.Tree, source location.Location) iter.Seq2[transfer.Item, error] {
	return func(yield func(transfer.Item, error) bool) {
		destination, err := p.directory(source)
		if err == nil {
			err = p.list(ctx, destination)
		}
		if err != nil {
			yield(transfer.Item{Name: source.Arg}, err)
			return
		}
		for item, err := range transfer.Files(ctx, store, source.Path, destination) {
			item.Inside = p.target.inside(source.Server)
			if item.SourcePath != "" {
				item.Name = source.Server.At(item.SourcePath)
			}
			if !yield(item, err) {
				return
			}
		}
	}
}

// Lookup finds out whether a place is a file or a directory.
func Lookup(ctx context.Context, store tranship.Reader, p location.Location) (file tranship.File, isDirectory bool, err error) {
	return transfer.Lookup(ctx, store, p.Path, p.Slash)
}

// existing is the transfer.Options.Existing of cp -u.
func (p *plan) existing(ctx context.Context, path string) (tranship.File, error) {
	if known := p.listed.of(path); known != nil {
		return known(ctx, path)
	}
	return p.target.stat(ctx, path)
}

// LocalError is an error of the local system in few words: the file is named
// beside it.
func LocalError(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	return err
}
