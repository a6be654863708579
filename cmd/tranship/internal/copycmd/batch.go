package copycmd

import (
	"context"
	"errors"
	"iter"
	"path"
	"strings"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client/filesrv"
	"github.com/tranship/tranship/cmd/tranship/internal/console"
	"github.com/tranship/tranship/cmd/tranship/internal/location"
	"github.com/tranship/tranship/transfer"
)

// filesrv plans a download by that protocol, which cannot tell a file from a directory:
// with -r, the source may be several files, and is left for batch.
func (p *plan) filesrv(ctx context.Context, source location.Location) iter.Seq2[transfer.Item, error] {
	item := transfer.Item{Name: source.Arg, SourcePath: source.Path}
	if p.options.Recursive {
		p.batches = append(p.batches, source)
		return func(func(transfer.Item, error) bool) {}
	}
	if source.Path == "" || source.Slash {
		return one(item, errDirectory)
	}
	server, err := openFilesrv(ctx, p.console, p.servers, source.Server, p.options)
	if err != nil {
		p.markUnreachable(source.Server)
		return one(item, err)
	}
	item.Source, item.Path, item.File = server, p.target.File(source), tranship.File{Size: -1}
	item.Inside = false
	return one(item, nil)
}

// batch downloads all files that a source stands for in one call of filesrv, one after the
// other.
func (p *plan) batch(ctx context.Context, source location.Location, options transfer.Options) error {
	fail := func(err error) error {
		options.Report(transfer.Result{Source: source.Arg, SourcePath: source.Path, Size: -1, Err: err})
		return context.Cause(ctx)
	}
	if p.unreachable[source.Server] {
		return nil // already reported
	}
	server, err := openFilesrv(ctx, p.console, p.servers, source.Server, p.options)
	if err != nil {
		p.markUnreachable(source.Server)
		return fail(err)
	}
	for content, err := range server.Download(ctx, source.Path) {
		if err != nil {
			return fail(err)
		}
		err := transfer.Copy(ctx, p.target.writer, one(p.received(content, source)), options)
		if _, failed := errors.AsType[*transfer.FailedError](err); err != nil && !failed {
			return err
		}
	}
	return nil
}

// received returns the item of one file of a batch.
func (p *plan) received(content tranship.Content, source location.Location) (transfer.Item, error) {
	name := content.File().Path
	item := transfer.Item{
		Source:     openedSource{content},
		SourcePath: name,
		Name:       source.Server.At(name),
		File:       content.File(),
		Once:       true,
	}
	if name == source.Path {
		item.Path = p.target.File(source)
		return item, p.claim(item.Path)
	}
	directory := literalDirectory(source.Path)
	relative, below := strings.CutPrefix(name, directory+"/")
	if !below {
		// Some servers send names relative to the requested directory.
		relative = name
	}
	source.Path, source.Contents = directory, directory == "" || directory != source.Path
	destination, err := p.target.Directory(source)
	if err != nil {
		return item, err
	}
	item.Path = transfer.Join(destination, relative)
	return item, p.claim(item.Path)
}

// literalDirectory returns a path without the segments from the first pattern on.
func literalDirectory(name string) string {
	if i := strings.IndexAny(name, "*?["); i >= 0 {
		name = path.Dir(name[:i] + "x")
	}
	if name == "." {
		return ""
	}
	return name
}

// openedSource is a source whose content is open already.
type openedSource struct{ tranship.Content }

// Open implements transfer.Source.
func (o openedSource) Open(context.Context, string, tranship.OpenOptions) (tranship.Content, error) {
	return o.Content, nil
}

// openFilesrv returns a client of that protocol.
func openFilesrv(ctx context.Context, out *console.Console, servers Connector, server location.Server, options Options) (*filesrv.Client, error) {
	conn, err := servers.Conn(ctx, server)
	if err != nil {
		return nil, err
	}
	return filesrv.New(conn, filesrv.Options{
		Revision:   options.Revision,
		AllowEmpty: options.AllowEmpty,
		Warn:       out.Warn,
	}), nil
}
