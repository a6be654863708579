package disk

import (
	"context"
	"io"
	"os"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/failure"
	"github.com/tranship/tranship/internal/rootfs"
)

// Move implements tranship.Editor. The file keeps its version.
func (s *Store) Move(ctx context.Context, source, destination string, precondition tranship.Precondition) (_ tranship.File, err error) {
	defer s.explain(&err)
	if err := admitTransplant(ctx, source, destination, precondition); err != nil {
		return tranship.File{}, err
	}
	unlock, err := s.paths.Lock(ctx, source, destination)
	if err != nil {
		return tranship.File{}, err
	}
	defer unlock()
	dir, file, found, err := s.find(source)
	if err != nil {
		return tranship.File{}, err
	}
	defer dir.Close()
	defer file.Close()
	if err := checkSource(found.File, precondition); err != nil {
		return tranship.File{}, err
	}
	if err := s.check(destination, precondition); err != nil {
		return tranship.File{}, err
	}
	if source == destination {
		return found.File, nil
	}
	if s.attributes && !found.recorded {
		// Renaming would change a derived version, so record it. Ignore an error: the store
		// may not write to a file of another user.
		_ = s.changeAttributes(dir, file, found, tranship.Attributes{})
	}
	return s.rename(ctx, dir, file, source, destination, precondition)
}

// admitTransplant fails if the arguments of a move or copy are invalid, or the context has
// ended.
func admitTransplant(ctx context.Context, source, destination string, precondition tranship.Precondition) error {
	if err := precondition.ValidateTransplant(); err != nil {
		return err
	}
	return admit(ctx, source, destination)
}

// checkSource checks the version that a source must have.
func checkSource(source tranship.File, precondition tranship.Precondition) error {
	if want := precondition.MustMatchSourceVersion; want != "" && want != source.Version {
		return failure.WrongVersion(source.Path, source.Version, want)
	}
	return nil
}

// rename renames an open file to destination, and makes that durable if the store's durability
// requires it.
func (s *Store) rename(ctx context.Context, dir *rootfs.Dir, file *os.File, source, destination string, precondition tranship.Precondition) (tranship.File, error) {
	_, name := rootfs.Split(source)
	ancestors, err := s.renameInto(dir, name, destination, !precondition.MustNotExist, tranship.AccountFromContext(ctx))
	if err != nil {
		return tranship.File{}, err
	}
	s.forgetCommit(source)
	s.forgetCommit(destination)
	// If source and destination were hard links to the same file, the rename had no effect:
	// remove the source. A file with one link was renamed, even if the file system still finds
	// it by its old name.
	if left, err := dir.Lstat(name); err == nil {
		if info, err := file.Stat(); err == nil && os.SameFile(left, info) && rootfs.Links(info) != 1 {
			if err := dir.Remove(name); err != nil {
				return tranship.File{}, fail("remove", source, err)
			}
		}
	}
	if s.durability(tranship.DurabilityDefault) == tranship.DurabilityDurable {
		if err := s.syncRenamed(destination, ancestors); err != nil {
			return tranship.File{}, err
		}
	}
	if err := s.finishRemoval(source); err != nil {
		return tranship.File{}, err
	}
	moved, err := s.describe(destination, file)
	return moved.File, err
}

// copyStep is the number of bytes that are copied between checks of the context, and between
// reports of the progress. A slow disk takes a few seconds for so many.
const copyStep = 16 << 20

// Copy implements tranship.Editor. The operating system copies the data, if possible by a
// reflink. The checksum is copied without verification, so that a copy of a damaged file fails
// when it is read, as the source does.
func (s *Store) Copy(ctx context.Context, source, destination string, precondition tranship.Precondition) (_ tranship.File, err error) {
	defer s.explain(&err)
	if err := admitTransplant(ctx, source, destination, precondition); err != nil {
		return tranship.File{}, err
	}
	dir, file, found, err := s.find(source)
	if err != nil {
		return tranship.File{}, err
	}
	dir.Close()
	defer file.Close()
	if err := checkSource(found.File, precondition); err != nil {
		return tranship.File{}, err
	}
	precondition.MustMatchSourceVersion = "" // the open file has that version
	spec := tranship.Spec{
		Path:         destination,
		Attributes:   tranship.Attributes{ModTime: &found.ModTime, Mode: &found.Mode, Metadata: found.Metadata},
		Precondition: precondition,
	}
	if s.timeless && !s.attributes {
		spec.Attributes.ModTime = nil // the file system has the time of each file
	}
	if err := s.admitSpec(ctx, spec); err != nil {
		return tranship.File{}, err
	}
	owner := tranship.CallerFromContext(ctx)
	reserved, err := s.space.reserve(&owner, destination, found.Size)
	if err != nil {
		return tranship.File{}, err
	}
	defer reserved.release()
	return s.makeFile(ctx, spec, func(draft *os.File) (crc *uint32, err error) {
		return found.CRC32C, s.copyBytes(ctx, draft, file, found, reserved)
	})
}

// copyBytes copies the content of a file to a draft.
func (s *Store) copyBytes(ctx context.Context, draft, file *os.File, found description, reserved *reservation) error {
	from := content{store: s, file: file, found: found}
	progress := tranship.CopyProgressFromContext(ctx)
	holes := rootfs.FindHoles(file, found.info)
	for left := found.Size; left > 0; {
		if err := ctx.Err(); err != nil {
			return err
		}
		step := min(left, copyStep)
		if holes != nil {
			offset := found.Size - left
			start, end := holes.Next(offset)
			if start == offset && end > start {
				end = min(end, start+step)
				left -= end - start
				reserved.use(end - start)
				progress(found.Size - left)
				if err := s.skipHole(draft, file, end); err != nil {
					return fail("copy", found.Path, err)
				}
				continue
			}
			step = min(step, start-offset)
			if err := seekBoth(draft, file, offset); err != nil {
				return fail("copy", found.Path, err)
			}
		}
		if err := s.space.spend(found.Path, step); err != nil {
			return err
		}
		n, err := io.CopyN(draft, file, step)
		if err == io.EOF {
			return from.changed() // the file was truncated
		}
		if err != nil {
			return fail("copy", found.Path, err)
		}
		left -= n
		reserved.use(n)
		progress(found.Size - left)
	}
	return from.verify()
}

// skipHole leaves a hole in a draft that ends at end.
func (s *Store) skipHole(draft, file *os.File, end int64) error {
	if err := s.system.truncate(draft, end); err != nil {
		return err
	}
	return seekBoth(draft, file, end)
}

// seekBoth makes a copy continue at offset.
func seekBoth(draft, file *os.File, offset int64) error {
	if _, err := file.Seek(offset, io.SeekStart); err != nil {
		return err
	}
	_, err := draft.Seek(offset, io.SeekStart)
	return err
}
