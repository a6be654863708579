package tranship

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"iter"
	"path"
	"slices"
	"strings"
	"time"
)

// FS returns the files of a store as a read-only file system, for use with http.FS,
// template.ParseFS, fs.WalkDir and everything else that takes an fs.FS. It implements
// fs.ReadDirFS, fs.StatFS, fs.ReadFileFS and fs.SubFS. Open files implement io.Seeker and
// io.ReaderAt, and open directories implement fs.ReadDirFile. The Sys method of a file's
// fs.FileInfo returns its File.
//
// An open file yields the bytes of one version. If the file is replaced meanwhile,
// further reads fail with ErrPrecondition. A directory exists as long as files are below
// it; the root always exists. A directory has mode 0755 and the zero time.
//
// Every error is an *fs.PathError that matches what the store's error matches. It also
// matches fs.ErrNotExist for ErrNotFound, fs.ErrPermission for ErrDenied and
// ErrUnauthenticated, fs.ErrInvalid for ErrInvalid, and fs.ErrExist for ErrExists. A file
// whose name no path of a store can have does not exist: fs.ErrNotExist and ErrInvalid, so
// that http.FileServer answers 404.
// Directories are listed without the entries that Store.List leaves out.
//
// All calls use ctx, and fail after it ends. The file system is safe for concurrent use
// if the store is, and so is the ReadAt method of an open file.
func FS(ctx context.Context, store Reader) fs.FS {
	return &fileSystem{ctx: ctx, store: store}
}

type fileSystem struct {
	ctx   context.Context
	store Reader
	// root is the directory of the store that is the file system's root; "" for the
	// store's own.
	root string
}

var (
	_ fs.ReadDirFS  = (*fileSystem)(nil)
	_ fs.StatFS     = (*fileSystem)(nil)
	_ fs.ReadFileFS = (*fileSystem)(nil)
	_ fs.SubFS      = (*fileSystem)(nil)
)

// directoryMode is the mode of every directory.
const directoryMode = fs.ModeDir | 0o755

// fsError is an error of a store that also matches an error of package fs.
type fsError struct {
	err error
	// kind is the error of package fs.
	kind error
}

// Error implements error. The enclosing fs.PathError has the path.
func (e *fsError) Error() string {
	if errors.Is(e.err, ErrNotFound) {
		return e.kind.Error() // the store's message would only repeat the path
	}
	return e.err.Error()
}

// Is reports whether target is the error of package fs.
func (e *fsError) Is(target error) bool { return target == e.kind }

// Unwrap returns the store's error.
func (e *fsError) Unwrap() error { return e.err }

// pathError returns the *fs.PathError for a failed operation. It returns nil and io.EOF
// unchanged.
func pathError(operation, name string, err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	for _, known := range []struct{ is, kind error }{
		{ErrNotFound, fs.ErrNotExist},
		{ErrDenied, fs.ErrPermission},
		{ErrUnauthenticated, fs.ErrPermission},
		{ErrInvalid, fs.ErrInvalid},
		{ErrExists, fs.ErrExist},
	} {
		if errors.Is(err, known.is) {
			return &fs.PathError{Op: operation, Path: name, Err: &fsError{err, known.kind}}
		}
	}
	return &fs.PathError{Op: operation, Path: name, Err: err}
}

// pathOf returns the path in the store for a name; "" for the store's root. Its error is
// an *fs.PathError.
func (f *fileSystem) pathOf(operation, name string) (string, error) {
	if !fs.ValidPath(name) {
		return "", &fs.PathError{Op: operation, Path: name, Err: fs.ErrInvalid}
	}
	if name == "." {
		return f.root, nil
	}
	full := path.Join(f.root, name)
	if err := ValidatePath(full); err != nil {
		return "", &fs.PathError{Op: operation, Path: name, Err: &fsError{err, fs.ErrNotExist}}
	}
	return full, nil
}

// Open implements fs.FS.
func (f *fileSystem) Open(name string) (fs.File, error) {
	full, err := f.pathOf("open", name)
	if err != nil {
		return nil, err
	}
	if name != "." {
		file, err := f.openFile(name, full)
		if err == nil {
			return file, nil
		}
		if !errors.Is(err, ErrNotFound) {
			return nil, pathError("open", name, err)
		}
	}
	if err := f.findDirectory(full); err != nil {
		return nil, pathError("open", name, err)
	}
	return f.openDirectory(name, full), nil
}

// Stat implements fs.StatFS.
func (f *fileSystem) Stat(name string) (fs.FileInfo, error) {
	full, err := f.pathOf("stat", name)
	if err != nil {
		return nil, err
	}
	if name != "." {
		file, err := f.store.Stat(f.ctx, full)
		if err == nil {
			return fileInfo{file}, nil
		}
		if !errors.Is(err, ErrNotFound) {
			return nil, pathError("stat", name, err)
		}
	}
	if err := f.findDirectory(full); err != nil {
		return nil, pathError("stat", name, err)
	}
	return directoryInfo(path.Base(name)), nil
}

// findDirectory fails with ErrNotFound if nothing is below a directory of the store and
// the directory is not the store's root.
func (f *fileSystem) findDirectory(directory string) error {
	ctx, cancel := context.WithCancel(f.ctx)
	defer cancel()
	for _, err := range f.store.List(ctx, ListOptions{Directory: directory, ReportSkipped: true}) {
		if _, skipped := errors.AsType[*SkippedError](err); skipped {
			return nil
		}
		return err
	}
	if directory != "" {
		return ErrNotFound
	}
	return f.ctx.Err()
}

// ReadDir implements fs.ReadDirFS.
func (f *fileSystem) ReadDir(name string) ([]fs.DirEntry, error) {
	full, err := f.pathOf("readdir", name)
	if err != nil {
		return nil, err
	}
	entries := []fs.DirEntry{}
	for entry, err := range f.list(full) {
		if err != nil {
			slices.SortFunc(entries, compareNames)
			return entries, pathError("readdir", name, err)
		}
		entries = append(entries, entry)
	}
	if len(entries) == 0 && full != "" {
		// Everything in the directory may be left out of lists.
		if err := f.findDirectory(full); err != nil {
			return nil, pathError("readdir", name, f.notDirectory(full, err))
		}
	}
	// A store sorts by Key: "a.b" before the directory "a", whose Key is "a/".
	slices.SortFunc(entries, compareNames)
	return entries, nil
}

// errNotDirectory is the error of ReadDir for a file.
var errNotDirectory = errors.New("not a directory")

// notDirectory returns errNotDirectory if a file is at path, and otherwise err.
func (f *fileSystem) notDirectory(path string, err error) error {
	if _, failed := f.store.Stat(f.ctx, path); failed == nil {
		return errNotDirectory
	}
	return err
}

func compareNames(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) }

// list yields the entries of a directory in the store's order.
func (f *fileSystem) list(directory string) iter.Seq2[fs.DirEntry, error] {
	return func(yield func(fs.DirEntry, error) bool) {
		for entry, err := range f.store.List(f.ctx, ListOptions{Directory: directory}) {
			if err != nil {
				yield(nil, err)
				return
			}
			info := fs.FileInfo(fileInfo{entry.File})
			if entry.IsDir {
				info = directoryInfo(path.Base(entry.Path))
			}
			if !yield(fs.FileInfoToDirEntry(info), nil) {
				return
			}
		}
	}
}

// ReadFile implements fs.ReadFileFS. The bytes are verified as those of a Content are.
func (f *fileSystem) ReadFile(name string) ([]byte, error) {
	full, err := f.pathOf("read", name)
	if err != nil {
		return nil, err
	}
	data, err := f.readFile(full)
	if errors.Is(err, ErrNotFound) && f.findDirectory(full) == nil {
		err = errIsDirectory
	}
	if err != nil {
		return nil, pathError("read", name, err)
	}
	return data, nil
}

func (f *fileSystem) readFile(path string) ([]byte, error) {
	if path == "" {
		return nil, errIsDirectory
	}
	content, err := f.store.Open(f.ctx, path, OpenOptions{})
	if err != nil {
		return nil, err
	}
	defer func() { _ = content.Close() }() // it was only read from
	size := content.File().Size
	// The extra byte lets the last Read find the end without growing the buffer. The
	// capacity is bounded because a remote store may report an arbitrary size.
	data := make([]byte, 0, min(max(size, 0), 16<<20)+1)
	for {
		n, err := content.Read(data[len(data):cap(data)])
		data = data[:len(data)+n]
		if err == io.EOF {
			return data, nil
		}
		if err != nil {
			return nil, err
		}
		if len(data) == cap(data) {
			data = slices.Grow(data, len(data))
		}
	}
}

// Sub implements fs.SubFS.
func (f *fileSystem) Sub(name string) (fs.FS, error) {
	full, err := f.pathOf("sub", name)
	if err != nil {
		return nil, err
	}
	return &fileSystem{ctx: f.ctx, store: f.store, root: full}, nil
}

// fileInfo is a File as an fs.FileInfo.
type fileInfo struct{ file File }

func (i fileInfo) Name() string       { return path.Base(i.file.Path) }
func (i fileInfo) Size() int64        { return i.file.Size }
func (i fileInfo) Mode() fs.FileMode  { return i.file.Mode.Perm() }
func (i fileInfo) ModTime() time.Time { return i.file.ModTime }
func (i fileInfo) IsDir() bool        { return false }
func (i fileInfo) Sys() any           { return i.file }

// String returns the line of fs.FormatFileInfo.
func (i fileInfo) String() string { return fs.FormatFileInfo(i) }

// directoryInfo is an fs.FileInfo made of the name of a directory.
type directoryInfo string

func (i directoryInfo) Name() string       { return string(i) }
func (i directoryInfo) Size() int64        { return 0 }
func (i directoryInfo) Mode() fs.FileMode  { return directoryMode }
func (i directoryInfo) ModTime() time.Time { return time.Time{} }
func (i directoryInfo) IsDir() bool        { return true }
func (i directoryInfo) Sys() any           { return nil }

// String returns the line of fs.FormatFileInfo.
func (i directoryInfo) String() string { return fs.FormatFileInfo(i) }
