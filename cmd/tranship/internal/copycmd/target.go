package copycmd

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client/filetransfer"
	"github.com/tranship/tranship/cmd/tranship/internal/console"
	"github.com/tranship/tranship/cmd/tranship/internal/location"
	"github.com/tranship/tranship/store/localdir"
	"github.com/tranship/tranship/transfer"
)

// The protocols of cp.
const (
	ProtocolTranship     = "tranship"
	ProtocolFilesrv      = "filesrv"
	ProtocolFiletransfer = "filetransfer"
)

// Protocols returns the protocols that cp speaks.
func Protocols() []string {
	return []string{ProtocolTranship, ProtocolFilesrv, ProtocolFiletransfer}
}

// Target is the location that cp or mv writes to. It is used by one goroutine, except for
// stat.
type Target struct {
	Location location.Location
	writer   tranship.Writer
	// path is the path of the target in writer; "" is the root.
	path string
	// IsDirectory reports that sources go into the target, under their own names.
	IsDirectory bool
	// isFile reports that path is an existing file.
	isFile bool
	// rerunSource is the argument that names the contents of the source directory that
	// became the target, because the target did not exist; "" if there is no such source.
	rerunSource string
	// protocol is the protocol of the servers.
	protocol string
	// claimed has the paths that are targets of sources of this command.
	claimed map[string]bool
	stat    func(ctx context.Context, path string) (tranship.File, error)
	lister  transfer.Lister
	closers []func() error
}

func (t *Target) close() error {
	var errs []error
	for _, c := range t.closers {
		errs = append(errs, c())
	}
	return errors.Join(errs...)
}

// File returns the path that a source file is copied to.
func (t *Target) File(source location.Location) string {
	if t.IsDirectory {
		return transfer.Join(t.path, source.Name())
	}
	return t.path
}

// discard removes what an unfinished copy of a source file has left at a target on this
// machine. It is for a source that is gone.
func (t *Target) discard(source location.Location) {
	if dir, ok := t.writer.(*localdir.Dir); ok {
		_ = dir.Discard(t.File(source)) // the next copy to the target removes it, too
	}
}

// Directory returns the path that a source directory is copied to. It fails with
// tranship.ErrExists if the target is a file.
func (t *Target) Directory(source location.Location) (string, error) {
	switch {
	case t.isFile:
		return "", fmt.Errorf("%w: the target %s is a file", tranship.ErrExists, t.Location.Arg)
	case t.IsDirectory && !source.Contents:
		return transfer.Join(t.path, source.Name()), nil
	}
	if !t.IsDirectory && !source.Contents {
		t.rerunSource = strings.TrimRight(source.Arg, "/") + "/."
	}
	return t.path, nil
}

// Claim reserves a path for a source. It fails if another source has reserved the path: the
// sources of one command must not overwrite each other.
func (t *Target) Claim(path string) error {
	if t.claimed[path] {
		return fmt.Errorf("another source has the same target %s", t.show(path))
	}
	if t.claimed == nil {
		t.claimed = map[string]bool{}
	}
	t.claimed[path] = true
	return nil
}

// inside reports whether the server itself can copy its files to the target.
func (t *Target) inside(server location.Server) bool {
	return t.Location.Kind == location.Remote && t.protocol == ProtocolTranship && t.Location.Server == server
}

// show returns a path of the target as the user knows it. For a local target it is a name
// that begins with the argument that the user wrote.
func (t *Target) show(path string) string {
	if t.Location.Kind != location.Local {
		return path
	}
	if t.path != "" { // t.path is the path of the argument itself
		path = strings.TrimPrefix(strings.TrimPrefix(path, t.path), "/")
	}
	return location.JoinLocal(t.Location.Path, path)
}

func openTarget(ctx context.Context, out *console.Console, servers Connector, p location.Location, options Options) (*Target, error) {
	switch p.Kind {
	case location.Stream:
		// The path is a placeholder: it is never printed.
		return &Target{Location: p, writer: transfer.Stdout{Writer: out.Out}, path: "stdout", protocol: options.Protocol}, nil
	case location.Local:
		return openLocalTarget(p, options.Protocol)
	}
	if options.Protocol == ProtocolTranship {
		return OpenNativeTarget(ctx, servers, p)
	}
	t := &Target{Location: p, path: p.Path, IsDirectory: p.Slash, protocol: options.Protocol}
	conn, err := servers.Conn(ctx, p.Server)
	if err != nil {
		return nil, err
	}
	if options.Protocol == ProtocolFiletransfer {
		t.writer = filetransfer.New(conn, filetransfer.Options{Warn: out.Warn})
		return t, nil
	}
	t.writer, err = openFilesrv(ctx, out, servers, p.Server, options)
	return t, err
}

// OpenNativeTarget returns the target at a location of a server that speaks
// ProtocolTranship. It asks the server whether the location is a directory.
func OpenNativeTarget(ctx context.Context, servers Connector, p location.Location) (*Target, error) {
	store, err := servers.Store(ctx, p.Server)
	if err != nil {
		return nil, err
	}
	t := &Target{Location: p, writer: store, path: p.Path, protocol: ProtocolTranship, stat: store.Stat, lister: store, IsDirectory: p.Slash}
	if t.IsDirectory {
		return t, nil
	}
	_, isDirectory, err := servers.Lookup(ctx, p)
	switch {
	case err == nil:
		t.IsDirectory, t.isFile = isDirectory, !isDirectory
	case errors.Is(err, tranship.ErrDenied): // the caller may be allowed to write but not to list
		t.IsDirectory, t.isFile = isDirectory, !isDirectory
	case !errors.Is(err, tranship.ErrNotFound):
		return nil, fmt.Errorf("%s: %w", p.Arg, err)
	}
	return t, nil
}

// openLocalTarget opens the directory that the target is, or is in. Nothing is written
// outside it, whatever names a server sends.
func openLocalTarget(p location.Location, protocol string) (*Target, error) {
	t := &Target{Location: p, protocol: protocol, IsDirectory: p.Slash}
	found, err := location.FindLocal(p.Path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", p.Arg, LocalError(err))
	}
	switch {
	case found.Info == nil:
	case found.Info.IsDir():
		t.IsDirectory = true
		return t, t.openDir(p.Path, "", p)
	case !found.Info.Mode().IsRegular():
		return nil, fmt.Errorf("%s: %w, and is not a regular file; use - and redirect the output", p.Arg, tranship.ErrExists)
	case p.Slash:
		return nil, fmt.Errorf("%s: %w", p.Arg, location.ErrNotDirectory)
	default:
		t.isFile = true
	}
	return t, t.openDir(found.Directory, found.Name, p)
}

// alias is the path of a target on this machine whose name is not a valid path. It is never
// printed.
const alias = "target"

// openDir opens a directory. last is the name of the target in it; "" if that is the
// directory itself.
func (t *Target) openDir(name, last string, p location.Location) error {
	t.path = last
	open := func() (*localdir.Dir, error) { return localdir.Open(name) }
	if last != "" && tranship.ValidatePath(last) != nil {
		t.path = alias
		open = func() (*localdir.Dir, error) { return localdir.OpenAlias(name, alias, last) }
	}
	dir, err := open()
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, tranship.ErrNotFound) {
		return fmt.Errorf("%s: there is no directory %s: %w", p.Arg, name, tranship.ErrNotFound)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", p.Arg, LocalError(err))
	}
	t.writer, t.stat = dir, dir.Existing
	t.closers = append(t.closers, dir.Close)
	return nil
}
