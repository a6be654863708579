package disk

import (
	"context"
	"errors"
	"io/fs"
	"os"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/rootfs"
)

// SetAttributes implements tranship.Editor.
func (s *Store) SetAttributes(ctx context.Context, path string, attributes tranship.Attributes, precondition tranship.Precondition) (_ tranship.File, err error) {
	defer s.explain(&err)
	if err := attributes.Validate(); err != nil {
		return tranship.File{}, err
	}
	if err := s.admitChange(ctx, path, precondition); err != nil {
		return tranship.File{}, err
	}
	if err := s.admitAttributes(attributes); err != nil {
		return tranship.File{}, err
	}
	unlock, err := s.paths.Lock(ctx, path)
	if err != nil {
		return tranship.File{}, err
	}
	defer unlock()
	dir, file, found, err := s.find(path)
	if err != nil {
		return tranship.File{}, err
	}
	defer dir.Close()
	defer file.Close()
	if err := checkFile(found.File, precondition); err != nil {
		return tranship.File{}, err
	}
	if err := s.changeAttributes(dir, file, found, attributes); err != nil {
		return tranship.File{}, err
	}
	if s.durability(tranship.DurabilityDefault) == tranship.DurabilityDurable {
		if err := s.system.sync(file); err != nil {
			return tranship.File{}, fail("sync", path, err)
		}
	}
	changed, err := s.describe(path, file)
	return changed.File, err
}

// admitChange fails if the arguments of a change of one file are invalid, the context has
// ended, or the directory of the store is lost.
func (s *Store) admitChange(ctx context.Context, path string, precondition tranship.Precondition) error {
	if err := precondition.Validate(); err != nil {
		return err
	}
	if err := admit(ctx, path); err != nil {
		return err
	}
	return s.usable()
}

// changeAttributes changes the attributes of a file in place. The first record that it writes
// holds both before and after the change of the modified time, so that version and checksum
// are never lost.
func (s *Store) changeAttributes(dir *rootfs.Dir, file *os.File, found description, attributes tranship.Attributes) error {
	path, want := found.Path, attributes.Apply(found.File)
	if attributes.Mode != nil {
		want.Mode &^= s.options.ModeMask
	}
	_, name := rootfs.Split(path)
	r := record{size: want.Size, version: want.Version, crc: want.CRC32C, metadata: want.Metadata, account: found.account}
	r.setTime(found.info, want.ModTime)
	if attributes.ModTime != nil {
		next, err := s.keptTime(want.ModTime)
		if err != nil {
			return err
		}
		r.modified = append(r.modified, next.UnixNano())
	}
	mode := want.Mode
	if s.attributes {
		mode = r.setMode(mode)
		if err := s.writeRecord(file, path, r); err != nil {
			return err
		}
	}
	info := found.info
	if attributes.ModTime != nil {
		var err error
		if info, err = s.setTime(dir, file, name, path, want.ModTime); err != nil {
			return err
		}
	}
	if s.attributes {
		r.setTime(info, want.ModTime)
		if err := s.writeRecord(file, path, r); err != nil {
			return err
		}
	}
	info, err := file.Stat()
	if err == nil && info.Mode().Perm() != mode {
		err = s.system.chmod(file, mode)
	}
	return fail("set the mode of", path, err)
}

// writeRecord writes the record of a file. If the mode of the file forbids that to its owner,
// writeRecord changes the mode; the caller must set it afterwards.
func (s *Store) writeRecord(file rootfs.File, path string, r record) error {
	err := s.system.setxattr(file, attributeName, r.encode())
	if errors.Is(err, fs.ErrPermission) {
		info, failed := file.Stat()
		if failed == nil && file.Chmod(info.Mode().Perm()|0o600) == nil {
			err = s.system.setxattr(file, attributeName, r.encode())
		}
	}
	if err != nil {
		return failRecord(path, r, err)
	}
	return nil
}

// Remove implements tranship.Editor. It also removes the directories that become empty.
func (s *Store) Remove(ctx context.Context, path string, precondition tranship.Precondition) (err error) {
	defer s.explain(&err)
	if err := s.admitChange(ctx, path, precondition); err != nil {
		return err
	}
	unlock, err := s.paths.Lock(ctx, path)
	if err != nil {
		return err
	}
	defer unlock()
	directory, name := rootfs.Split(path)
	dir, err := s.directories.Walk(directory)
	if err != nil {
		return failRead("remove", path, err)
	}
	defer dir.Close()
	file, err := s.statIn(dir, name, path)
	if err != nil {
		return err
	}
	if err := checkFile(file, precondition); err != nil {
		return err
	}
	if err := dir.Remove(name); err != nil {
		return failRead("remove", path, err)
	}
	s.forgetCommit(path)
	return s.finishRemoval(path)
}

// finishRemoval removes the directories that became empty by the removal of the file at path,
// and makes the removal durable if the store's durability requires that.
func (s *Store) finishRemoval(path string) error {
	stays := s.prune(path)
	if s.durability(tranship.DurabilityDefault) != tranship.DurabilityDurable {
		return nil
	}
	return s.syncer.Request(stays)
}
