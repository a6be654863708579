package client

import (
	"context"
	"fmt"
	"sync"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/wire"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// upload is a session on the server. One slot owns it; every part writer has a slot
// of its own that joins it.
type upload struct {
	spec     tranship.Spec
	stream   *uploadStream
	owner    *slot
	id       string
	epoch    uint64
	partSize int64

	mu    sync.Mutex
	ended bool
	// writers are the latest of each part.
	writers map[int]*partWriter
}

// Begin implements tranship.Store.
func (c *Client) Begin(ctx context.Context, spec tranship.Spec) (tranship.Upload, error) {
	if err := spec.Validate(); err != nil {
		return nil, err
	}
	precondition, err := wire.PreconditionToProto(spec.Precondition)
	if err != nil {
		return nil, err
	}
	stream, err := openUploadStream(ctx, c.files)
	if err != nil {
		return nil, err
	}
	if spec.Size != nil {
		spec.Size = new(*spec.Size) // the caller may change theirs
	}
	u := &upload{spec: spec, stream: stream, writers: map[int]*partWriter{}}
	if err := u.begin(ctx, precondition); err != nil {
		stream.close(err)
		return nil, err
	}
	return u, nil
}

func (u *upload) begin(ctx context.Context, precondition *transhipv1.Precondition) (err error) {
	u.owner, err = u.stream.open(ctx, func(id uint64) *transhipv1.UploadRequest {
		return &transhipv1.UploadRequest{Request: &transhipv1.UploadRequest_Begin{Begin: &transhipv1.Begin{
			Slot:         id,
			Mode:         transhipv1.Begin_MODE_NEW,
			Path:         u.spec.Path,
			Size:         u.spec.Size,
			Attributes:   wire.AttributesToProto(u.spec.Attributes),
			Precondition: precondition,
			Durability:   wire.DurabilityToProto(u.spec.Durability),
		}}}
	})
	if err != nil {
		return err
	}
	select {
	case begun := <-u.owner.begun:
		if begun.GetPartSize() < 1 {
			return fmt.Errorf("%w: the server sent part size %d", tranship.ErrIntegrity, begun.GetPartSize())
		}
		u.id, u.epoch, u.partSize = begun.GetUploadId(), begun.GetEpoch(), begun.GetPartSize()
		return nil
	case <-u.owner.done:
		if u.owner.err == nil {
			return fmt.Errorf("%w: the server finished %s before it was sent", tranship.ErrIntegrity, u.spec.Path)
		}
		return u.owner.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// errEnded is what writers get after Commit or Abort.
func (u *upload) errEnded() error {
	return fmt.Errorf("%w: the upload of %s has ended", tranship.ErrAborted, u.spec.Path)
}

// ID implements tranship.Upload.
func (u *upload) ID() string { return u.id }

// PartSize implements tranship.Upload.
func (u *upload) PartSize() int64 { return u.partSize }

// Commit implements tranship.Upload.
func (u *upload) Commit(ctx context.Context, commit tranship.Commit) (tranship.File, error) {
	if err := ctx.Err(); err != nil {
		return tranship.File{}, err
	}
	u.mu.Lock()
	writers := u.writers
	ended := u.ended
	u.ended, u.writers = true, nil
	u.mu.Unlock()
	if ended {
		return tranship.File{}, fmt.Errorf("%w: the upload of %s has ended", tranship.ErrNotFound, u.spec.Path)
	}
	defer func() { u.stream.close(u.errEnded()) }()
	for _, writer := range writers {
		if err := writer.detached(ctx); err != nil {
			return tranship.File{}, err
		}
	}
	finish := &transhipv1.Finish{Slot: u.owner.id, Size: &commit.Size, Crc32C: commit.CRC32C}
	if commit.CRC32C != nil {
		finish.Check = new(tranship.Check(u.spec.Path, commit.Size, *commit.CRC32C))
	}
	if err := u.stream.send(ctx, &transhipv1.UploadRequest{
		Request: &transhipv1.UploadRequest_Finish{Finish: finish},
	}); err != nil {
		return tranship.File{}, err
	}
	return committed(u.owner.wait(ctx))
}

// Abort implements tranship.Upload: the server removes an upload when the stream
// that owns it ends.
func (u *upload) Abort(ctx context.Context) error {
	u.mu.Lock()
	ended := u.ended
	u.ended, u.writers = true, nil
	u.mu.Unlock()
	if ended {
		return nil
	}
	defer func() { u.stream.close(u.errEnded()) }()
	cancel := &transhipv1.UploadRequest{Request: &transhipv1.UploadRequest_Cancel{
		Cancel: &transhipv1.Cancel{Slot: u.owner.id},
	}}
	if err := u.stream.send(ctx, cancel); err != nil {
		return nil // The upload goes with its stream
	}
	select {
	case <-u.owner.done:
	case <-ctx.Done():
	}
	return nil
}
