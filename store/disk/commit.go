package disk

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/failure"
	"github.com/tranship/tranship/internal/filetime"
	"github.com/tranship/tranship/internal/partfile"
	"github.com/tranship/tranship/internal/rootfs"
)

// commit gives a complete draft its attributes and renames it to spec.Path. crc is the
// checksum of its content; nil if unknown. closing, which may be nil, is called with the
// version just before the rename. After success, and after a partfile.FinalError, the caller
// must close the draft's file.
func (s *Store) commit(ctx context.Context, spec tranship.Spec, draft *draft, crc *uint32, closing func(version string) error) (tranship.File, error) {
	unlock, err := s.paths.Lock(ctx, spec.Path)
	if err != nil {
		return tranship.File{}, err
	}
	defer unlock()
	if err := s.check(spec.Path, spec.Precondition); err != nil {
		return tranship.File{}, err
	}
	return s.placeLocked(ctx, spec, draft, crc, closing, s.renameInto)
}

// renamer renames a file to a path, as Store.renameInto does.
type renamer func(from *rootfs.Dir, name, path string, replace bool, owner *string) ([]ancestor, error)

// placeLocked is commit for a caller that has locked the path, and has checked the precondition
// or relies on rename for that.
func (s *Store) placeLocked(ctx context.Context, spec tranship.Spec, draft *draft, crc *uint32, closing func(version string) error, rename renamer) (tranship.File, error) {
	record, info, err := s.writeAttributes(ctx, draft, spec, crc)
	if err != nil {
		return tranship.File{}, err
	}
	durable := s.durability(spec.Durability) == tranship.DurabilityDurable
	if durable {
		if err := s.system.sync(draft.file); err != nil {
			return tranship.File{}, partfile.FinalError{Err: fail("sync", spec.Path, err)}
		}
	}
	if err := ctx.Err(); err != nil {
		return tranship.File{}, err
	}
	if closing != nil {
		if err := closing(record.version); err != nil {
			return tranship.File{}, err
		}
	}
	ancestors, err := rename(draft.dir, draft.name, spec.Path, !spec.Precondition.MustNotExist, tranship.AccountFromContext(ctx))
	if err != nil {
		return tranship.File{}, err
	}
	s.forgetCommit(spec.Path)
	if durable {
		if err := s.syncRenamed(spec.Path, ancestors); err != nil {
			return tranship.File{}, partfile.FinalError{Err: err}
		}
	}
	committed, err := s.describeCommitted(spec.Path, draft.file, record, info)
	if err != nil {
		return tranship.File{}, partfile.FinalError{Err: err}
	}
	return committed.File, nil
}

// check checks a precondition on path. The result is reliable only if the caller has locked
// the path; without the lock it serves to fail early.
func (s *Store) check(path string, precondition tranship.Precondition) error {
	if precondition == (tranship.Precondition{}) {
		return nil
	}
	file, err := s.stat(path)
	if errors.Is(err, tranship.ErrNotFound) {
		if want := precondition.MustMatchVersion; want != "" {
			return failure.WrongVersion(path, "", want)
		}
		if want := precondition.MustMatchRevision; want != "" {
			return failure.WrongRevision(path, "", want)
		}
		return nil
	}
	if err != nil {
		return err
	}
	return checkFile(file, precondition)
}

// checkFile checks a precondition on an existing file.
func checkFile(file tranship.File, precondition tranship.Precondition) error {
	if precondition.MustNotExist {
		return exists(file.Path)
	}
	if want := precondition.MustMatchVersion; want != "" && want != file.Version {
		return failure.WrongVersion(file.Path, file.Version, want)
	}
	if want := precondition.MustMatchRevision; want != "" {
		if has := file.Revision(); has != want {
			return failure.WrongRevision(file.Path, has, want)
		}
	}
	return nil
}

// writeAttributes gives a draft its attributes, including the record with a new version. It
// sets the mode last, because the mode may forbid the other changes. Without extended
// attributes it returns the zero record. info describes the draft; it is nil if the draft may
// have changed since.
func (s *Store) writeAttributes(ctx context.Context, draft *draft, spec tranship.Spec, crc *uint32) (r record, info fs.FileInfo, err error) {
	file := spec.Attributes.Apply(tranship.File{ModTime: time.Now(), Mode: tranship.DefaultMode})
	info, err = s.setDraftTime(draft, spec.Path, file.ModTime)
	if err != nil {
		return record{}, nil, err
	}
	mode := file.Mode &^ s.options.ModeMask
	if s.attributes {
		r = record{size: info.Size(), version: rand.Text(), crc: crc, metadata: file.Metadata, account: tranship.AccountFromContext(ctx)}
		r.setTime(info, file.ModTime)
		mode = r.setMode(mode)
		if err := s.writeRecord(draft.file, spec.Path, r); err != nil {
			return record{}, nil, err
		}
	}
	if info.Mode() == mode && mode&0o600 == 0o600 {
		return r, info, nil // the draft was created with it, and writeRecord has not changed it
	}
	err = s.system.chmod(draft.file, mode)
	if filetime.IsRefused(err) {
		err = nil // as on FAT and SMB, a file has the mode that the file system gives it
	}
	return r, nil, fail("set the mode of", spec.Path, err)
}

// setMode records a file's mode if the file on disk must have another one, and returns the
// mode for the disk.
func (r *record) setMode(mode fs.FileMode) fs.FileMode {
	r.mode = nil
	if readable(mode) != mode {
		r.mode = &mode
	}
	return readable(mode)
}

// admitAttributes fails for attributes that this store cannot keep.
func (s *Store) admitAttributes(attributes tranship.Attributes) error {
	if len(attributes.Metadata) > 0 && !s.attributes {
		return fmt.Errorf("%w: metadata: the store's file system has no extended attributes", tranship.ErrUnsupported)
	}
	if err := attributes.Validate(); err != nil {
		return err
	}
	if attributes.ModTime != nil && !s.attributes {
		return s.admitTime(*attributes.ModTime)
	}
	return nil
}

// admitSpec fails early for a spec that cannot be committed at present.
func (s *Store) admitSpec(ctx context.Context, spec tranship.Spec) error {
	if err := spec.Validate(); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := s.usable(); err != nil {
		return err
	}
	if err := s.admitAttributes(spec.Attributes); err != nil {
		return err
	}
	if err := s.check(spec.Path, spec.Precondition); err != nil {
		return err
	}
	if err := s.admitRecord(ctx, spec); err != nil {
		return err
	}
	return s.blocked(spec.Path)
}

// discard removes a draft after a failure, and returns err. The draft is absent if the commit
// failed after the rename.
func (s *Store) discard(draft *draft, path string, err error) error {
	if failed := draft.discard(); failed != nil && !errors.Is(failed, fs.ErrNotExist) {
		s.options.Logger.Warn("an unfinished file could not be removed and stays until the store is opened again",
			"path", path, "error", rootfs.Cause(failed))
	}
	return err
}
