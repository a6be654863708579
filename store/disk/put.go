package disk

import (
	"context"
	"io/fs"
	"os"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/failure"
)

// Put implements tranship.Writer.
func (s *Store) Put(ctx context.Context, spec tranship.Spec, data []byte) (_ tranship.File, err error) {
	defer s.explain(&err)
	crc, err := s.admitPut(ctx, spec, data)
	if err != nil {
		return tranship.File{}, err
	}
	reserved, err := s.space.reserve(nil, spec.Path, int64(len(data)))
	if err != nil {
		return tranship.File{}, err
	}
	defer reserved.release()
	return s.putAdmitted(ctx, spec, data, crc)
}

// admitPut fails early for a put that cannot succeed, and returns the checksum of its data. The
// commit checks the path. A check before that would gain little for a put.
func (s *Store) admitPut(ctx context.Context, spec tranship.Spec, data []byte) (crc uint32, err error) {
	if err := spec.Validate(); err != nil {
		return 0, err
	}
	if len(data) > tranship.MaxPutBytes {
		return 0, failure.PutTooLarge(spec.Path, int64(len(data)))
	}
	if spec.Size != nil && *spec.Size != int64(len(data)) {
		return 0, &tranship.InvalidError{Field: "size", Rule: "the size of a put must be that of its data"}
	}
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	if err := s.admitAttributes(spec.Attributes); err != nil {
		return 0, err
	}
	crc = tranship.CRC32C(data)
	if spec.CRC32C != nil && *spec.CRC32C != crc {
		return 0, failure.WrongChecksum(spec.Path, crc, *spec.CRC32C)
	}
	return crc, s.admitRecord(ctx, spec)
}

// putAdmitted is Put for what admitPut has admitted, and for which there is space.
func (s *Store) putAdmitted(ctx context.Context, spec tranship.Spec, data []byte, crc uint32) (tranship.File, error) {
	return s.writeFile(spec, data, func(draft *draft) (tranship.File, error) {
		return s.commit(ctx, spec, draft, &crc, nil)
	})
}

// writeFile writes data to a new draft, and calls commit. If that fails, it removes the draft.
func (s *Store) writeFile(spec tranship.Spec, data []byte, commit func(*draft) (tranship.File, error)) (tranship.File, error) {
	draft, err := s.newShortDraft(s.draftMode(spec))
	if err != nil {
		return tranship.File{}, failBegin(spec.Path, err)
	}
	return s.finishDraft(draft, spec.Path, func() (tranship.File, error) {
		if _, err := s.system.writeAt(draft.file, 0, data); err != nil {
			return tranship.File{}, fail("write", spec.Path, err)
		}
		return commit(draft)
	})
}

// makeFile creates a draft, calls fill to write it, and commits it. If that fails, it removes
// the draft.
func (s *Store) makeFile(ctx context.Context, spec tranship.Spec, fill func(*os.File) (crc *uint32, err error)) (tranship.File, error) {
	draft, file, err := s.newDraft(s.draftMode(spec))
	if err != nil {
		return tranship.File{}, failBegin(spec.Path, err)
	}
	return s.finishDraft(draft, spec.Path, func() (tranship.File, error) {
		crc, err := fill(file)
		if err != nil {
			return tranship.File{}, err
		}
		return s.commit(ctx, spec, draft, crc, nil)
	})
}

func failBegin(path string, err error) error { return fail("begin to write", path, err) }

// finishDraft calls commit and closes the draft. If that fails, or panics, it removes the draft.
func (s *Store) finishDraft(draft *draft, path string, commit func() (tranship.File, error)) (file tranship.File, err error) {
	committed := false
	defer func() {
		if !committed {
			err = s.discard(draft, path, err)
		}
	}()
	file, err = commit()
	if err != nil {
		return tranship.File{}, err
	}
	committed = true
	return file, fail("close", path, draft.file.Close())
}

// draftMode returns the mode with which the draft of a file is created: that of the file, so
// that the commit need not set it. It is the mode of all other drafts if the file's mode forbids
// the changes of the commit, or lets others write, if the state directory is open to others, or
// if the file system may refuse to set modes.
func (s *Store) draftMode(spec tranship.Spec) fs.FileMode {
	mode := tranship.DefaultMode
	if spec.Attributes.Mode != nil {
		mode = *spec.Attributes.Mode
	}
	mode = mode.Perm() &^ s.options.ModeMask
	if !s.setsModes || !s.state.private || mode&0o600 != 0o600 || mode&0o022 != 0 {
		return plainDraftMode
	}
	return mode
}
