package compat

import (
	"context"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/sequential"
)

// Reception is the upload of one file from a client into a store. Commit, Abort or an
// error ends it, and logs the transfer. Errors are gRPC status errors that name the file.
// It is not safe for concurrent use.
type Reception struct {
	ctx    context.Context
	log    Log
	path   string
	start  time.Time
	writer *sequential.Writer
	ended  bool
}

// Receive begins the upload of a file. If it fails, it has logged the transfer.
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

// Path returns the path of the file in the store.
func (r *Reception) Path() string { return r.path }

// WriteChunk appends to the file, as tranship.ChunkWriter does. A failure ends the upload
// and removes what was written.
func (r *Reception) WriteChunk(data tranship.Chunk) error {
	if err := r.writer.WriteChunk(data); err != nil {
		r.Abort(err)
		return StatusError(r.path, err)
	}
	return nil
}

// Commit makes the file visible. A failure ends the upload and removes what was written.
func (r *Reception) Commit() error {
	if _, err := r.writer.Commit(); err != nil {
		r.Abort(err)
		return StatusError(r.path, err)
	}
	r.end(nil)
	return nil
}

// Abort ends the upload because of cause, and removes what was written. It does nothing
// if the upload has ended.
func (r *Reception) Abort(cause error) {
	if r.ended {
		return
	}
	// The client gets cause. If the cleanup fails, the upload expires.
	_ = r.writer.Abort()
	r.end(cause)
}

func (r *Reception) end(err error) {
	r.ended = true
	r.log.Transfer(r.ctx, Upload, r.path, r.writer.Size(), r.start, err)
}
