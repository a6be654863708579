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
	record, err := s.writeAttributes(ctx, draft, spec, crc)
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
	ancestors, err := s.renameInto(draft.dir, draft.name, spec.Path, !spec.Precondition.MustNotExist, tranship.AccountFromContext(ctx))
	if err != nil {
		return tranship.File{}, err
	}
	s.forgetCommit(spec.Path)
	if durable {
		if err := s.syncRenamed(spec.Path, ancestors); err != nil {
			return tranship.File{}, partfile.FinalError{Err: err}
		}
	}
	committed, err := s.describeRecorded(spec.Path, draft.file, record)
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
// attributes it returns the zero record.
func (s *Store) writeAttributes(ctx context.Context, draft *draft, spec tranship.Spec, crc *uint32) (r record, err error) {
	file := spec.Attributes.Apply(tranship.File{ModTime: time.Now(), Mode: tranship.DefaultMode})
	info, err := s.setTime(draft.dir, draft.file, draft.name, spec.Path, file.ModTime)
	if err != nil {
		return record{}, err
	}
	mode := file.Mode &^ s.options.ModeMask
	if s.attributes {
		r = record{size: info.Size(), version: rand.Text(), crc: crc, metadata: file.Metadata, account: tranship.AccountFromContext(ctx)}
		r.setTime(info, file.ModTime)
		mode = r.setMode(mode)
		if err := s.writeRecord(draft.file, spec.Path, r); err != nil {
			return record{}, err
		}
	}
	err = s.system.chmod(draft.file, mode)
	if filetime.IsRefused(err) {
		err = nil // as on FAT and SMB, a file has the mode that the file system gives it
	}
	return r, fail("set the mode of", spec.Path, err)
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

// Put implements tranship.Writer.
func (s *Store) Put(ctx context.Context, spec tranship.Spec, data []byte) (_ tranship.File, err error) {
	defer s.explain(&err)
	if err := spec.Validate(); err != nil {
		return tranship.File{}, err
	}
	if len(data) > tranship.MaxPutBytes {
		return tranship.File{}, failure.PutTooLarge(spec.Path, int64(len(data)))
	}
	if spec.Size != nil && *spec.Size != int64(len(data)) {
		return tranship.File{}, &tranship.InvalidError{Field: "size", Rule: "the size of a put must be that of its data"}
	}
	// The commit checks the path. A check before that would gain little for a put.
	if err := ctx.Err(); err != nil {
		return tranship.File{}, err
	}
	if err := s.admitAttributes(spec.Attributes); err != nil {
		return tranship.File{}, err
	}
	crc := tranship.CRC32C(data)
	if spec.CRC32C != nil && *spec.CRC32C != crc {
		return tranship.File{}, failure.WrongChecksum(spec.Path, crc, *spec.CRC32C)
	}
	if err := s.admitRecord(ctx, spec); err != nil {
		return tranship.File{}, err
	}
	reserved, err := s.space.reserve(nil, spec.Path, int64(len(data)))
	if err != nil {
		return tranship.File{}, err
	}
	defer reserved.release()
	return s.makeFile(ctx, spec, func(draft *draft) (*uint32, error) {
		_, err := s.system.writeAt(draft.file, 0, data)
		return &crc, fail("write", spec.Path, err)
	})
}

// makeFile creates a draft, calls fill to write it, and commits it. If that fails, it removes
// the draft.
func (s *Store) makeFile(ctx context.Context, spec tranship.Spec, fill func(*draft) (crc *uint32, err error)) (tranship.File, error) {
	draft, err := s.newDraft()
	if err != nil {
		return tranship.File{}, fail("begin to write", spec.Path, err)
	}
	crc, err := fill(draft)
	if err == nil {
		var file tranship.File
		if file, err = s.commit(ctx, spec, draft, crc, nil); err == nil {
			return file, fail("close", spec.Path, draft.file.Close())
		}
	}
	return tranship.File{}, s.discard(draft, spec.Path, err)
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
