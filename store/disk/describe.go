package disk

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io/fs"
	"maps"
	"os"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/filetime"
	"github.com/tranship/tranship/internal/rootfs"
)

// description describes a file and its source.
type description struct {
	tranship.File
	info fs.FileInfo
	// recorded is set if the version is from a record, and not derived.
	recorded bool
	// account is the account that the file counts for, also after it was edited by hand;
	// nil for none.
	account *string
}

// describe describes an open file. Size, times and record are consistent, even if
// SetAttributes changes them concurrently.
func (s *Store) describe(path string, file rootfs.File) (description, error) {
	info, err := file.Stat()
	if err != nil {
		return description{}, fail("describe", path, err)
	}
	return s.describeOpened(path, file, info)
}

// describeOpened is describe for a caller that has the file's info.
func (s *Store) describeOpened(path string, file rootfs.File, info fs.FileInfo) (description, error) {
	for {
		r, err := s.readRecord(file)
		if err != nil {
			return description{}, fail("describe", path, err)
		}
		if r.holds(info) {
			return recorded(path, info, r), nil
		}
		after, err := file.Stat()
		if err != nil {
			return description{}, fail("describe", path, err)
		}
		if derivedVersion(info) == derivedVersion(after) {
			return s.describeBy(path, info, r), nil
		}
		info = after
	}
}

// describeBy describes a file by its info and its record, which were read while nothing changed
// the file.
func (s *Store) describeBy(path string, info fs.FileInfo, r record) description {
	if r.holds(info) {
		return recorded(path, info, r)
	}
	d := s.derived(path, info)
	d.account = r.account
	return d
}

// describeRecorded is describe for a file whose record was just set to r.
func (s *Store) describeRecorded(path string, file rootfs.File, r record) (description, error) {
	if !s.attributes {
		return s.describe(path, file)
	}
	info, err := file.Stat()
	if err != nil {
		return description{}, fail("describe", path, err)
	}
	if !r.holds(info) {
		return s.describe(path, file)
	}
	return recordedNew(path, info, r), nil
}

// describeCommitted is describeRecorded for a caller that may have the file's info, or nil. The
// info is used if the file system has kept the modified time: another file system may still
// change it.
func (s *Store) describeCommitted(path string, file rootfs.File, r record, info fs.FileInfo) (description, error) {
	if info == nil || !s.attributes || r.exact != nil {
		return s.describeRecorded(path, file, r)
	}
	return recordedNew(path, info, r), nil
}

// recordedNew is recorded for a record that was just written.
func recordedNew(path string, info fs.FileInfo, r record) description {
	r.metadata = maps.Clone(r.metadata) // it belongs to the caller of the store
	if len(r.metadata) == 0 {
		r.metadata = nil
	}
	return recorded(path, info, r)
}

// readRecord returns the record of a file. If the file has no valid record, it returns the
// zero record, which does not hold for any file.
func (s *Store) readRecord(file rootfs.File) (record, error) {
	if !s.attributes {
		return record{}, nil
	}
	data, err := rootfs.Getxattr(file, attributeName)
	if errors.Is(err, errors.ErrUnsupported) { // another file system is mounted there
		return record{}, nil
	}
	if err != nil {
		return record{}, err
	}
	r, err := decodeRecord(data)
	if err != nil {
		return record{}, nil //nolint:nilerr // a damaged record counts as none
	}
	return r, nil
}

// recorded describes a file with a record that holds.
func recorded(path string, info fs.FileInfo, r record) description {
	d := unversioned(path, info)
	d.recorded = true
	d.Version = r.version
	d.CRC32C = r.crc
	d.Metadata = r.metadata
	d.account = r.account
	if r.exact != nil {
		d.ModTime = *r.exact
	}
	if r.mode != nil && readable(*r.mode) == d.Mode {
		d.Mode = *r.mode
	}
	return d
}

// derived describes a file without a record that holds.
func (s *Store) derived(path string, info fs.FileInfo) description {
	d := unversioned(path, info)
	if filetime.IsRounded(d.ModTime, s.timeUnit) {
		d.ModTimeUnit = s.timeUnit
	}
	d.Version = derivedVersion(info)
	return d
}

// unversioned describes a file by its info, without a version.
func unversioned(path string, info fs.FileInfo) description {
	return description{
		File: tranship.File{Path: path, Size: info.Size(), ModTime: filetime.Clamp(info.ModTime()), Mode: info.Mode().Perm()},
		info: info,
	}
}

// derivedVersion returns a version that changes with every change of a file, including that
// of its attributes.
func derivedVersion(info fs.FileInfo) string {
	inode, changed := rootfs.Identity(info)
	var b []byte
	for _, n := range []uint64{inode, uint64(info.Size()), uint64(info.ModTime().UnixNano()), uint64(changed)} {
		b = binary.BigEndian.AppendUint64(b, n)
	}
	sum := sha256.Sum256(b)
	return "derived-" + hex.EncodeToString(sum[:16])
}

// readable returns the mode that a file has on disk: its owner, this process, can always read
// it.
func readable(mode fs.FileMode) fs.FileMode { return mode | 0o400 }

// find opens the file at path for reading and describes it. The caller must close the file
// and its directory.
func (s *Store) find(path string) (*rootfs.Dir, *os.File, description, error) {
	directory, name := rootfs.Split(path)
	dir, err := s.directories.Walk(directory)
	if err != nil {
		return nil, nil, description{}, failRead("open", path, err)
	}
	file, info, err := dir.OpenFile(name)
	if err != nil {
		dir.Close()
		return nil, nil, description{}, failRead("open", path, err)
	}
	d, err := s.describeOpened(path, file, info)
	if err != nil {
		file.Close()
		dir.Close()
		return nil, nil, description{}, err
	}
	return dir, file, d, nil
}

// stat describes the file at path, even if the store may not read it.
func (s *Store) stat(path string) (tranship.File, error) {
	directory, name := rootfs.Split(path)
	dir, err := s.directories.Walk(directory)
	if err != nil {
		return tranship.File{}, failRead("describe", path, err)
	}
	defer dir.Close()
	return s.statIn(dir, name, path)
}

// inspectIn is statIn for a name that was just listed as a regular file.
func (s *Store) inspectIn(dir *rootfs.Dir, name, path string) (tranship.File, error) {
	if d, err := s.describeListed(dir, name, path); err == nil {
		return d.File, nil
	}
	return s.statBy(dir.OpenListed, dir, name, path)
}

// glanceIn is inspectIn for the fields of a brief list. It costs one system call for a file whose
// record is not needed: the record has the modified time that the file system cannot keep.
func (s *Store) glanceIn(dir *rootfs.Dir, name, path string) (tranship.File, error) {
	status, err := dir.StatusListed(name)
	isExact := !s.attributes || status.Device != 0 && status.Device == s.exactDevice && filetime.IsSafe(status.ModTime)
	if err != nil || !status.Mode.IsRegular() || !isExact {
		return s.inspectIn(dir, name, path)
	}
	file := tranship.File{Path: path, Size: status.Size, ModTime: filetime.Clamp(status.ModTime)}
	if filetime.IsRounded(file.ModTime, s.timeUnit) {
		file.ModTimeUnit = s.timeUnit
	}
	return file, nil
}

// describeListed describes a file that dir has just listed, with few system calls. When it fails,
// dir.OpenListed and describeOpened give the reason.
func (s *Store) describeListed(dir *rootfs.Dir, name, path string) (description, error) {
	file, info, err := dir.OpenListedDescriptor(name)
	if err != nil {
		return description{}, err
	}
	defer file.Close()
	return s.describeOpened(path, file, info)
}

// statIn describes the file at path, which is called name in dir.
func (s *Store) statIn(dir *rootfs.Dir, name, path string) (tranship.File, error) {
	return s.statBy(dir.OpenFile, dir, name, path)
}

func (s *Store) statBy(open func(name string) (*os.File, fs.FileInfo, error), dir *rootfs.Dir, name, path string) (tranship.File, error) {
	file, info, err := open(name)
	switch {
	case err == nil:
		defer file.Close()
		d, err := s.describeOpened(path, file, info)
		return d.File, err
	case errors.Is(err, fs.ErrPermission):
		if info, err := dir.Lstat(name); err == nil && info.Mode().IsRegular() {
			return s.derived(path, info).File, nil
		}
	}
	return tranship.File{}, failRead("describe", path, err)
}
