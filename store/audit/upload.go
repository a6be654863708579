package audit

import (
	"context"
	"sync/atomic"

	"github.com/tranship/tranship"
)

// upload logs the end of an upload. Its part writers are those of the inner upload.
type upload struct {
	tranship.Upload
	log       *Log
	path      string
	resumable bool
	// ended is set once the end of the upload was logged. Later calls have no effect and no
	// line.
	ended atomic.Bool
}

// CopyPart implements tranship.Upload.
func (u *upload) CopyPart(ctx context.Context, n int, source string, options tranship.OpenOptions) error {
	return copyPart(ctx, u.log, u.Upload, u.path, n, source, options)
}

// copyPart fills a part of the upload of the file at path from a source, and logs that.
func copyPart(ctx context.Context, log *Log, upload tranship.Upload, path string, n int, source string, options tranship.OpenOptions) error {
	if err := log.output.ready(); err != nil {
		return err
	}
	err := upload.CopyPart(ctx, n, source, options)
	log.done(ctx, "copy_part", err, pathAttr(source), destinationAttr(path), uploadAttr(upload.ID()))
	return err
}

// Commit implements tranship.Upload.
func (u *upload) Commit(ctx context.Context, commit tranship.Commit) (tranship.File, error) {
	if err := u.log.output.ready(); err != nil {
		return tranship.File{}, err
	}
	file, err := u.Upload.Commit(ctx, commit)
	if err == nil {
		u.ended.Store(true)
	}
	u.log.done(ctx, "commit", err, pathAttr(u.path), bytesAttr(commit.Size), uploadAttr(u.ID()))
	return file, err
}

// Abort implements tranship.Upload. It takes effect even while the log cannot be written,
// because it only removes data.
func (u *upload) Abort(ctx context.Context) error {
	return u.end(ctx, "abort", u.Upload.Abort(ctx))
}

// Detach implements tranship.Upload. Like Abort it takes effect even while the log cannot
// be written.
func (u *upload) Detach(ctx context.Context) error {
	err := u.Upload.Detach(ctx)
	if !u.resumable {
		return u.end(ctx, "abort", err)
	}
	return u.end(ctx, "detach", err)
}

func (u *upload) end(ctx context.Context, action string, err error) error {
	ended := err == nil && u.ended.Swap(true) || err != nil && u.ended.Load()
	if !ended {
		u.log.done(ctx, action, err, pathAttr(u.path), uploadAttr(u.ID()))
	}
	return err
}
