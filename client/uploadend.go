package client

import (
	"context"
	"errors"
	"slices"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/failure"
	"github.com/tranship/tranship/internal/wire"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// end moves an open upload to a state, and returns the writers of its parts. open is false
// if the upload was not open.
func (u *upload) end(state uploadState) (writers map[int]*partWriter, open bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.state != uploadOpen {
		return nil, false
	}
	writers = u.writers
	u.state, u.writers = state, nil
	return writers, true
}

func (u *upload) commitOnce(ctx context.Context, commit tranship.Commit) (tranship.File, error) {
	if err := ctx.Err(); err != nil {
		return tranship.File{}, err
	}
	if err := commit.Attributes.Validate(); err != nil {
		return tranship.File{}, err
	}
	if want := u.spec.CRC32C; want != nil && commit.CRC32C != nil && *want != *commit.CRC32C {
		return tranship.File{}, failure.WrongChecksum(u.spec.Path, *commit.CRC32C, *want)
	}
	writers, open := u.end(uploadEnded)
	if !open {
		return tranship.File{}, u.errEnded()
	}
	u.mu.Lock()
	u.ctx = ctx
	u.mu.Unlock()
	file, err := u.commit(ctx, commit, writers)
	if err != nil && u.spec.ResumeKey != "" {
		// The server keeps the upload for this client as long as the stream exists.
		u.mu.Lock()
		u.state = uploadFailed
		u.mu.Unlock()
		return tranship.File{}, err
	}
	u.closeStreams()
	return file, err
}

func (u *upload) commit(ctx context.Context, commit tranship.Commit, writers map[int]*partWriter) (tranship.File, error) {
	for _, writer := range writers {
		if err := writer.awaitDone(ctx); err != nil {
			return tranship.File{}, err
		}
	}
	finish := &transhipv1.Finish{
		Slot: u.owner.id, Size: &commit.Size, Crc32C: commit.CRC32C,
		Attributes: wire.AttributesToProto(commit.Attributes),
	}
	if finish.Crc32C == nil {
		finish.Crc32C = u.spec.CRC32C
	}
	if finish.Crc32C != nil {
		finish.Check = new(tranship.Check(u.spec.Path, commit.Size, finish.GetCrc32C()))
	}
	if err := u.stream.send(ctx, &transhipv1.UploadRequest{
		Request: &transhipv1.UploadRequest_Finish{Finish: finish},
	}); err != nil {
		return tranship.File{}, err
	}
	return u.owner.committed(ctx, u.spec.Path)
}

// Abort implements tranship.Upload.
func (u *upload) Abort(ctx context.Context) error {
	u.client.silent.replace(ctx)
	failed := u.endFailed()
	if _, open := u.end(uploadEnded); !open && !failed {
		return nil
	}
	defer u.closeStreams()
	err := u.owner.cancel(ctx)
	switch {
	case err == nil && failed:
		err = u.endOwnerStream(ctx) // a slot that has ended gets no second reply
	case err == nil:
		err = u.owner.wait(ctx)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if u.spec.ResumeKey == "" || u.spec.Transient || errors.Is(err, tranship.ErrAborted) || errors.Is(err, context.Canceled) {
		return nil // it ends with its stream, or another client has resumed it, or it is gone
	}
	return err
}

// Detach implements tranship.Upload. The server detaches an upload when the stream of its
// owner ends.
func (u *upload) Detach(ctx context.Context) error {
	u.client.silent.replace(ctx)
	if u.spec.ResumeKey == "" || u.spec.Transient {
		return u.Abort(ctx)
	}
	failed := u.endFailed()
	if _, open := u.end(uploadEnded); !open && !failed {
		return nil
	}
	defer u.closeStreams()
	_ = u.endOwnerStream(ctx) // a broken stream has detached the upload, too
	return ctx.Err()
}

// endFailed ends an upload whose commit has failed, and reports whether it was one.
func (u *upload) endFailed() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	failed := u.state == uploadFailed
	if failed {
		u.state = uploadEnded
	}
	return failed
}

// endOwnerStream half-closes the owner's stream, and waits until the server has ended it.
func (u *upload) endOwnerStream(ctx context.Context) error {
	u.stream.halfClose(ctx)
	select {
	case <-u.stream.done:
		if errors.Is(u.stream.err, errStreamEnded) {
			return nil
		}
		return u.stream.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// closeStreams closes all streams of an upload that has ended.
func (u *upload) closeStreams() {
	u.mu.Lock()
	streams := slices.Clone(u.retired)
	for _, s := range u.streams {
		streams = append(streams, s.call)
	}
	u.mu.Unlock()
	for _, stream := range streams {
		if stream != nil {
			stream.close(u.errEnded())
		}
	}
}
