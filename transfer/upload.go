package transfer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/store/localdir"
)

// UploadOptions say how Upload works. The zero value is ready to use: it resumes what an
// earlier call began, and replaces files that are there.
type UploadOptions struct {
	// Options are those of Copy. Options.Progress counts while it goes on.
	Options
	// Update skips files that are there with the same size and time; see Same.
	// Options.Existing must then be nil.
	Update bool
}

// Upload copies a file of this machine, or a directory with all files below it, to a
// store. What is at local becomes what is at remote, whether that is there or not: the
// file "a.txt" uploaded to "docs/b.txt" is docs/b.txt, and the file "photos/1.jpg" of a
// directory "photos" uploaded to "2026" is 2026/1.jpg. "" is the root of the store, for a
// directory. A symbolic link is followed at local itself, and not below it.
//
// Files move in parallel, in bounded memory, each verified end to end and visible only
// when it is whole. Modified time and mode are kept. What fails in a way that may pass is
// tried again. A call that was cut, in this or another process, is resumed by the same
// call: see the package's documentation.
//
// The error is a *FailedError that names the files that were not copied, where others
// were. What a store does not have, such as a symbolic link, is one of them, and matches
// ErrSkipped; an empty directory is none. Other errors are those of Copy;
// tranship.ErrNotFound means that there is nothing at local, and tranship.ErrInvalid that
// remote is not a valid path. The Summary counts what was done, also beside an error.
func Upload(ctx context.Context, store tranship.Store, local, remote string, options UploadOptions) (Summary, error) {
	summary, err := uploadPath(ctx, store, local, remote, options)
	return summary, named("upload", local, err)
}

func uploadPath(ctx context.Context, store tranship.Store, local, remote string, options UploadOptions) (Summary, error) {
	if err := validate("store", store); err != nil {
		return Summary{}, err
	}
	if err := options.checkUpdate(options.Update); err != nil {
		return Summary{}, err
	}
	info, err := os.Stat(local)
	if err != nil || !info.IsDir() {
		return uploadFile(ctx, store, local, remote, options)
	}
	if err := tranship.ValidateDirectory(remote); err != nil {
		return Summary{}, err
	}
	dir, err := localdir.Open(local)
	if err != nil {
		return Summary{}, err
	}
	defer func() { _ = dir.Close() }() // it was only read from
	items := Walk(ctx, dir, "", remote)
	if options.Update {
		items, options.Existing = Compare(ctx, store, remote, items, options.ModifyWindow), store.Stat
	}
	return copyTree(ctx, store, items, local, options.Options)
}

func uploadFile(ctx context.Context, store tranship.Store, local, remote string, options UploadOptions) (Summary, error) {
	if err := tranship.ValidatePath(remote); err != nil {
		return Summary{}, err
	}
	if strings.ContainsRune(local, 0) {
		return Summary{}, &tranship.InvalidError{Field: "local", Rule: "a local name must not contain NUL"}
	}
	source := localdir.File(local)
	file, err := source.Stat()
	if errors.Is(err, syscall.ENOTDIR) { // a file is above it
		return Summary{}, fmt.Errorf("%w (%w)", tranship.ErrNotFound, err)
	}
	if err != nil {
		return Summary{}, err
	}
	if options.Update {
		options.Existing = store.Stat
	}
	item := Item{Source: source, SourcePath: local, Path: remote, File: file}
	return copyTree(ctx, store, oneItem(item), "", options.Options)
}

// UploadFrom stores all that r has as the file that spec describes, whose size need not
// be known, verified and visible only when it is whole. If r or the store fails, nothing
// is stored. It is not resumed, and a Read of r is not interrupted.
func UploadFrom(ctx context.Context, store tranship.Writer, r io.Reader, spec tranship.Spec) (tranship.File, error) {
	if isNil(r) {
		return tranship.File{}, &tranship.InvalidError{Field: "reader", Rule: "a reader must not be nil"}
	}
	w, err := NewWriter(ctx, store, spec)
	if err != nil {
		return tranship.File{}, err
	}
	defer func() { _ = w.Abort() }() // also if r panics; why it failed matters more
	if _, err := w.ReadFrom(r); err != nil {
		return tranship.File{}, err
	}
	if err := w.Close(); err != nil {
		return tranship.File{}, err
	}
	return w.File(), nil
}
