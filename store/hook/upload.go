package hook

import (
	"context"

	"github.com/tranship/tranship"
)

// upload is an upload whose commit hooks are asked and told about.
type upload struct {
	tranship.Upload
	store *store
	spec  tranship.Spec
}

// Begin implements tranship.Writer.
func (s *store) Begin(ctx context.Context, spec tranship.Spec) (tranship.Upload, error) {
	inner, err := s.Store.Begin(ctx, spec)
	if err != nil {
		return nil, err
	}
	return &upload{inner, s, spec}, nil
}

// Commit implements tranship.Upload. The commit of an upload that was committed before makes nothing
// visible: hooks are neither asked nor told.
func (u *upload) Commit(ctx context.Context, commit tranship.Commit) (tranship.File, error) {
	done, ok := tranship.As[tranship.CommittedUpload](u.Upload)
	if ok && done.Committed() || commit.Size < 0 {
		return u.Upload.Commit(ctx, commit)
	}
	crc := commit.CRC32C
	if crc == nil {
		crc = u.spec.CRC32C
	}
	question := Question{Operation: OperationUpload, Path: u.spec.Path, Size: commit.Size, CRC32C: crc}
	if err := u.store.hooks.ask(ctx, question, nil); err != nil {
		return tranship.File{}, err
	}
	event := Event{Kind: AfterCommit, Path: u.spec.Path, Size: commit.Size, CRC32C: crc}
	return u.store.tell(ctx, event, func() (tranship.File, error) { return u.Upload.Commit(ctx, commit) })
}
