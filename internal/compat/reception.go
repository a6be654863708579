package compat

import (
	"context"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/sequential"
)

// Reception is one file on its way from a client into a store. Commit, Abort or an
// error ends it, and writes the file's line into the log. Errors are gRPC status
// errors that name the file. It is not safe for concurrent use.
type Reception struct {
	ctx    context.Context
	log    Log
	path   string
	start  time.Time
	writer *sequential.Writer
	ended  bool
}

// Receive begins a file. When that fails, its line in the log is written already.
func Receive(ctx context.Context, store tranship.Writer, spec tranship.Spec, log Log) (*Reception, error) {
	r := &Reception{ctx: ctx, log: log, path: spec.Path, start: time.Now()}
	upload, err := store.Begin(ctx, spec)
	if err == nil {
		r.writer = sequential.NewWriter(ctx, upload)
		return r, nil
	}
	log.Transfer(ctx, Upload, spec.Path, 0, r.start, err)
	return nil, StatusError(spec.Path, err)
}

// Path is where the file will be visible.
func (r *Reception) Path() string { return r.path }

// WriteChunk appends to the file, as tranship.ChunkWriter does. After a failure nothing of the
// file is left.
func (r *Reception) WriteChunk(data tranship.Chunk) error {
	if err := r.writer.WriteChunk(data); err != nil {
		r.Abort(err)
		return StatusError(r.path, err)
	}
	return nil
}

// Commit makes the file visible. After a failure nothing of it is left.
func (r *Reception) Commit() error {
	if _, err := r.writer.Commit(); err != nil {
		r.Abort(err)
		return StatusError(r.path, err)
	}
	r.end(nil)
	return nil
}

// Abort removes what has arrived of the file; cause is why. It does nothing when
// the reception has ended.
func (r *Reception) Abort(cause error) {
	if r.ended {
		return
	}
	// The client learns the cause; a failure to clean up changes nothing for it,
	// and an upload that stays behind expires.
	_ = r.writer.Abort()
	r.end(cause)
}

func (r *Reception) end(err error) {
	r.ended = true
	r.log.Transfer(r.ctx, Upload, r.path, r.writer.Size(), r.start, err)
}
