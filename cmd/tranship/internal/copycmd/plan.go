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

// plan turns the sources of cp into items of a transfer.
type plan struct {
	console *console.Console
	servers Connector
	options Options
	target  *Target
	// batches are the sources that yield several files in one call; batch copies them after
	// the items.
	batches []location.Location
	// several reports that cp has several sources, whose files may have the same target.
	several bool
	// unreachable has the servers of sources that cannot be reached. Each is reported once;
	// its other sources are skipped.
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
					p.markUnreachable(source.Server)
				}
				if item.Name == "" {
					// An error without a name would end the whole transfer.
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

// markUnreachable notes that a server of sources cannot be reached.
func (p *plan) markUnreachable(server location.Server) {
	if p.unreachable == nil {
		p.unreachable = map[location.Server]bool{}
	}
	p.unreachable[server] = true
}

// claim claims a path of the target if cp has several sources. The files of one source have
// different targets, and may be too many to remember their paths.
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

// one returns a sequence of one item or error.
func one(item transfer.Item, err error) iter.Seq2[transfer.Item, error] {
	return func(yield func(transfer.Item, error) bool) { yield(item, err) }
}

func (p *plan) standardInput(context.Context) iter.Seq2[transfer.Item, error] {
	if p.target.IsDirectory {
		return one(transfer.Item{Name: "-"}, usage.New("the standard input has no name: pass a file name as the target"))
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

// pipeInstead is the advice for sources without a fixed content and size.
const pipeInstead = "to send what can be read from it, pipe it and use - as the source"

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
		// Files may be opened after the last one was listed, so the directory stays open
		// until the target is closed.
		p.target.closers = append(p.target.closers, dir.Close)
		walked := func(yield func(transfer.Item, error) bool) {
			for item, err := range transfer.Walk(ctx, dir, "", destination) {
				item.Name = location.JoinLocal(source.Path, item.SourcePath)
				if !yield(item, err) {
					return
				}
			}
		}
		p.compared(ctx, destination, walked)(yield)
	}
}

// directory returns the target of a source directory.
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

// compared compares the items of a directory with its target for -u, if the target can list. It
// does nothing without -u.
func (p *plan) compared(ctx context.Context, destination string, items iter.Seq2[transfer.Item, error]) iter.Seq2[transfer.Item, error] {
	if !p.options.Update || p.target.lister == nil {
		return items
	}
	return transfer.Compare(ctx, p.target.lister, destination, items, p.options.ModifyWindow)
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
		p.markUnreachable(source.Server)
		return one(item, err)
	}
	file, isDirectory, err := p.servers.Lookup(ctx, source)
	switch {
	case err != nil:
		if errors.Is(err, tranship.ErrNotFound) && !p.options.DryRun {
			p.target.discard(source)
		}
		return one(item, err)
	case isDirectory:
		return p.remoteDirectory(ctx, store, source)
	}
	item.Source, item.File, item.Described, item.Path = store, file, true, p.target.File(source)
	item.Inside = p.target.inside(source.Server)
	if item.Inside && item.Path == item.SourcePath {
		return one(item, errors.New("source and target are the same file"))
	}
	return one(item, nil)
}

func (p *plan) remoteDirectory(ctx context.Context, store transfer.Tree, source location.Location) iter.Seq2[transfer.Item, error] {
	return func(yield func(transfer.Item, error) bool) {
		destination, err := p.directory(source)
		if err != nil {
			yield(transfer.Item{Name: source.Arg}, err)
			return
		}
		files := func(yield func(transfer.Item, error) bool) {
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
		p.compared(ctx, destination, files)(yield)
	}
}

// Lookup reports whether a location is a file or a directory, and returns the file.
func Lookup(ctx context.Context, store tranship.Reader, p location.Location) (file tranship.File, isDirectory bool, err error) {
	return transfer.Lookup(ctx, store, p.Path, p.Slash)
}

// LocalError strips operation and path from an error of the file system, for messages that
// name the file themselves.
func LocalError(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	return err
}
