package transfer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/localerr"
	"github.com/tranship/tranship/store/localdir"
)

// DownloadOptions are to Download what UploadOptions are to Upload.
type DownloadOptions struct {
	// Options are those of Copy. Options.Progress counts while it continues.
	Options
	// Update skips files that are there with the same size and time; see Same.
	// Options.Existing must then be nil.
	Update bool
}

// Download copies a file of a store, or a directory with all files below it, to this
// machine. What is at remote becomes what is at local, as with Upload: the file
// "docs/b.txt" downloaded to "x/a.txt" is x/a.txt, and the file 2026/1.jpg of a directory
// "2026" downloaded to "photos" is photos/1.jpg. "" is the root of the store. Directories
// of this machine that are missing are created. Nothing is written outside of local,
// whatever the store calls its files, and no symbolic link below it is followed.
//
// Otherwise it does what Upload does, and fails as it does. tranship.ErrNotFound means
// that there is nothing at remote; nothing is then created, and what an unfinished
// download to the file at local has left is removed.
func Download(ctx context.Context, store tranship.Reader, remote, local string, options DownloadOptions) (Summary, error) {
	summary, err := downloadPath(ctx, store, remote, local, options)
	return summary, named("download", remote, err)
}

func downloadPath(ctx context.Context, store tranship.Reader, remote, local string, options DownloadOptions) (Summary, error) {
	if err := validate("store", store); err != nil {
		return Summary{}, err
	}
	if err := options.checkUpdate(options.Update); err != nil {
		return Summary{}, err
	}
	if local == "" {
		return Summary{}, &tranship.InvalidError{Field: "local", Rule: "a local name must not be empty"}
	}
	file, isDirectory, err := lookupPatiently(ctx, store, remote, options.Options)
	if errors.Is(err, tranship.ErrNotFound) {
		discardLocal(local)
	}
	if err != nil {
		return Summary{}, err
	}
	directory, name := local, ""
	if !isDirectory {
		if directory, name = filepath.Split(local); name == "" || name == "." || name == ".." {
			return Summary{}, &tranship.InvalidError{Field: "local", Rule: "a file becomes what is at the local name: it must be that of a file"}
		}
		if directory == "" {
			directory = "."
		}
	}
	dir, err := createDir(directory)
	if err != nil {
		return Summary{}, err
	}
	if options.Update {
		options.Existing = dir.Existing
	}
	items := oneItem(Item{Source: store, SourcePath: remote, Path: name, File: file, Described: true})
	if isDirectory {
		items = Files(ctx, store, remote, "")
	}
	summary, err := copyTree(ctx, dir, items, "", options.Options)
	return summary, errors.Join(err, dir.Close())
}

// discardLocal removes what an unfinished download to a file has left.
func discardLocal(local string) {
	directory, name := filepath.Split(local)
	if tranship.ValidatePath(name) != nil {
		return
	}
	if dir, err := localdir.Open(filepath.Clean(directory)); err == nil {
		_ = dir.Discard(name)
		_ = dir.Close()
	}
}

// createDir opens a directory of this machine, and creates it if it is missing.
func createDir(name string) (*localdir.Dir, error) {
	err := os.MkdirAll(name, 0o777) //nolint:gosec // the user's umask decides
	switch {
	case errors.Is(err, syscall.ENOTDIR), errors.Is(err, fs.ErrExist):
		return nil, fmt.Errorf("%w: a file is in the place of the directory %s", tranship.ErrExists, name)
	case strings.ContainsRune(name, 0):
		return nil, &tranship.InvalidError{Field: "local", Rule: "a local name must not contain NUL"}
	case err != nil:
		return nil, localerr.Explain(err)
	}
	return localdir.Open(name)
}

// DownloadTo writes the content of the file at path to w, in order, and continues after a
// lost connection. It is verified: after an error, w has only the beginning, and the last
// bytes come only when all before them were good.
func DownloadTo(ctx context.Context, source Source, path string, w io.Writer, options ReaderOptions) (tranship.File, error) {
	if isNil(w) {
		return tranship.File{}, &tranship.InvalidError{Field: "writer", Rule: "a writer must not be nil"}
	}
	r, err := NewReader(ctx, source, path, options)
	if err != nil {
		return tranship.File{}, err
	}
	defer func() { _ = r.Close() }() // it was only read from
	if _, err := r.WriteTo(w); err != nil {
		return tranship.File{}, err
	}
	return r.File(), nil
}
