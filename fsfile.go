package tranship

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"path"
	"slices"
	"sync"
)

// errIsDirectory is the error of reading a directory as a file.
var errIsDirectory = errors.New("is a directory")

// fsFile is an open file of a file system.
type fsFile struct {
	system *fileSystem
	name   string
	file   File
	cancel context.CancelFunc
	ctx    context.Context

	mu     sync.Mutex
	closed bool
	offset int64
	// content reads from position. A Read opens another one if it is nil or if a Seek has
	// moved offset away from position.
	content  Content
	position int64
}

var (
	_ io.ReadSeeker = (*fsFile)(nil)
	_ io.ReaderAt   = (*fsFile)(nil)
)

// openFile opens a file of the store. It returns the store's error unchanged.
func (f *fileSystem) openFile(name, path string) (fs.File, error) {
	ctx, cancel := context.WithCancel(f.ctx)
	content, err := f.store.Open(ctx, path, OpenOptions{})
	if err != nil {
		cancel()
		return nil, err
	}
	return &fsFile{system: f, name: name, file: content.File(), ctx: ctx, cancel: cancel, content: content}, nil
}

// Stat implements fs.File.
func (f *fsFile) Stat() (fs.FileInfo, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return nil, f.fail("stat", fs.ErrClosed)
	}
	return fileInfo{f.file}, nil
}

func (f *fsFile) fail(operation string, err error) error { return pathError(operation, f.name, err) }

// Read implements fs.File.
func (f *fsFile) Read(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return 0, f.fail("read", fs.ErrClosed)
	}
	if f.offset > f.file.Size {
		return 0, io.EOF
	}
	if f.content == nil || f.position != f.offset {
		f.closeContent()
		content, err := f.open(f.ctx, OpenOptions{Offset: f.offset})
		if err != nil {
			return 0, f.fail("read", err)
		}
		f.content, f.position = content, f.offset
	}
	n, err := f.content.Read(p)
	f.position += int64(n)
	f.offset = f.position
	return n, f.fail("read", err)
}

// open opens a range of the version that f reads.
func (f *fsFile) open(ctx context.Context, options OpenOptions) (Content, error) {
	options.Version = f.file.Version
	content, err := f.system.store.Open(ctx, f.file.Path, options)
	if err != nil {
		return nil, err
	}
	if opened := content.File(); opened.Size != f.file.Size || opened.Version != f.file.Version {
		_ = content.Close() // it was only read from
		return nil, fmt.Errorf("%w: %s was replaced", ErrPrecondition, f.file.Path)
	}
	return content, nil
}

func (f *fsFile) closeContent() {
	if f.content != nil {
		_ = f.content.Close() // it was only read from
		f.content = nil
	}
}

// ReadAt implements io.ReaderAt. Each call opens a range of the file.
func (f *fsFile) ReadAt(p []byte, offset int64) (int, error) {
	f.mu.Lock()
	closed := f.closed
	f.mu.Unlock()
	switch {
	case closed:
		return 0, f.fail("read", fs.ErrClosed)
	case offset < 0:
		return 0, f.fail("read", fs.ErrInvalid)
	case len(p) == 0:
		return 0, nil
	case offset >= f.file.Size:
		return 0, io.EOF
	}
	ctx, cancel := context.WithCancel(f.ctx)
	defer cancel()
	length := min(int64(len(p)), f.file.Size-offset)
	content, err := f.open(ctx, OpenOptions{Offset: offset, Length: &length})
	if err != nil {
		return 0, f.fail("read", err)
	}
	defer func() { _ = content.Close() }() // it was only read from
	n, err := io.ReadFull(content, p[:length])
	if err != nil {
		return n, f.fail("read", err)
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// Seek implements io.Seeker. It moves no bytes.
func (f *fsFile) Seek(offset int64, whence int) (int64, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.closed:
		return 0, f.fail("seek", fs.ErrClosed)
	case whence == io.SeekCurrent:
		offset += f.offset
	case whence == io.SeekEnd:
		offset += f.file.Size
	case whence != io.SeekStart:
		return 0, f.fail("seek", fs.ErrInvalid)
	}
	if offset < 0 {
		return 0, f.fail("seek", fs.ErrInvalid)
	}
	f.offset = offset
	return offset, nil
}

// Close implements fs.File.
func (f *fsFile) Close() error {
	f.cancel() // before locking, to end a Read that waits
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return f.fail("close", fs.ErrClosed)
	}
	f.closed = true
	f.closeContent()
	return nil
}

// fsDirectory is an open directory of a file system. It is not safe for concurrent use.
type fsDirectory struct {
	name   string
	path   string
	system *fileSystem
	// next and stop pull the list; nil until the first ReadDir.
	next   func() (fs.DirEntry, error, bool)
	stop   func()
	closed bool
}

var _ fs.ReadDirFile = (*fsDirectory)(nil)

func (f *fileSystem) openDirectory(name, path string) *fsDirectory {
	return &fsDirectory{name: name, path: path, system: f}
}

// Stat implements fs.File.
func (d *fsDirectory) Stat() (fs.FileInfo, error) {
	if d.closed {
		return nil, pathError("stat", d.name, fs.ErrClosed)
	}
	return directoryInfo(path.Base(d.name)), nil
}

// Read implements fs.File.
func (d *fsDirectory) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: d.name, Err: errIsDirectory}
}

// ReadDir implements fs.ReadDirFile. Entries are in the store's order.
func (d *fsDirectory) ReadDir(n int) ([]fs.DirEntry, error) {
	if d.closed {
		return nil, pathError("readdir", d.name, fs.ErrClosed)
	}
	if d.next == nil {
		d.next, d.stop = iter.Pull2(d.system.list(d.path))
	}
	entries := []fs.DirEntry{}
	for n <= 0 || len(entries) < n {
		entry, err, more := d.next()
		if err != nil {
			return entries, pathError("readdir", d.name, err)
		}
		if !more {
			break
		}
		entries = append(entries, entry)
	}
	if n > 0 && len(entries) == 0 {
		return nil, io.EOF
	}
	return slices.Clip(entries), nil
}

// Close implements fs.File.
func (d *fsDirectory) Close() error {
	if d.closed {
		return pathError("close", d.name, fs.ErrClosed)
	}
	d.closed = true
	if d.stop != nil {
		d.stop()
	}
	return nil
}
