package transfer

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path"
	"strconv"

	"github.com/tranship/tranship/internal/rootfs"
)

const (
	temporaryPrefix = ".tranship-"
	temporarySuffix = ".tmp"
	partialSuffix   = ".part"
	journalSuffix   = ".journal"

	// temporaries are the names that the temporary files of one target have. So a
	// name says whose leftover it is, and nobody searches a directory for it.
	temporaries = 8
)

// hiddenName is what all files beside a target begin with. It is short whatever the
// length of the target's name, of which alone the hash is: the directory may be
// reached as another one.
func hiddenName(target string) string {
	sum := sha256.Sum256([]byte(path.Base(target)))
	return path.Join(path.Dir(target), temporaryPrefix+hex.EncodeToString(sum[:8]))
}

func temporaryName(target, unique string) string {
	return hiddenName(target) + "-" + unique + temporarySuffix
}

// createTemporary creates a file beside its target, which is locked as long as it is
// open: what is not, a process left that was killed, and is removed.
func (d *Dir) createTemporary(target string, mode fs.FileMode) (name string, file *os.File, err error) {
	for n := range temporaries {
		name = temporaryName(target, strconv.Itoa(n))
		file, err = d.claim(name, mode)
		if err != nil {
			return "", nil, err
		}
		if file != nil {
			return name, file, nil
		}
	}
	// There are many copies to one target, or the file system has no locks.
	name = temporaryName(target, rand.Text()[:10])
	file, err = d.create(name, mode)
	return name, file, err
}

// claim creates a file and locks it; nil if another process uses the name.
func (d *Dir) claim(name string, mode fs.FileMode) (*os.File, error) {
	file, err := d.create(name, mode)
	if errors.Is(err, fs.ErrExist) && d.removeUnused(name) {
		file, err = d.create(name, mode)
	}
	if errors.Is(err, fs.ErrExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	locked, err := rootfs.Lock(file)
	if err != nil {
		return file, nil //nolint:nilerr // without locks nobody takes it for unused
	}
	// Before it was locked, another process may have taken it for unused.
	if !locked || !d.is(name, file) {
		_ = file.Close()
		return nil, nil
	}
	return file, nil
}

// create creates a file that is not there.
func (d *Dir) create(name string, mode fs.FileMode) (*os.File, error) {
	file, err := d.root.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, mode)
	if errors.Is(err, fs.ErrExist) {
		return nil, fs.ErrExist
	}
	if err != nil {
		return nil, targetError(err)
	}
	return file, nil
}

// removeLeftovers removes the unused temporary files of a target.
func (d *Dir) removeLeftovers(target string) {
	for n := range temporaries {
		d.removeUnused(temporaryName(target, strconv.Itoa(n)))
	}
}

// removeUnused removes a file that no process has locked, and reports whether it
// did.
func (d *Dir) removeUnused(name string) bool {
	file := d.lockUnused(name)
	if file == nil {
		return false
	}
	defer file.Close()
	return d.root.Remove(name) == nil
}

// removePartial removes what is kept of a target that has been replaced by another
// upload, unless a process still has it. The journal goes last, as ever.
func (d *Dir) removePartial(target string) {
	base := hiddenName(target)
	journal := d.lockUnused(base + journalSuffix)
	if journal == nil {
		return
	}
	defer journal.Close()
	_ = d.root.Remove(base + partialSuffix)
	_ = d.root.Remove(base + journalSuffix)
}

// lockUnused opens and locks a regular file that no process has locked; nil if there
// is none.
func (d *Dir) lockUnused(name string) *os.File {
	if info, err := d.root.Lstat(name); err != nil || !info.Mode().IsRegular() {
		return nil
	}
	file, err := d.root.OpenFile(name, os.O_RDWR, 0)
	if errors.Is(err, fs.ErrPermission) { // it may have its mode already
		file, err = d.root.OpenFile(name, os.O_RDONLY, 0)
	}
	if err != nil {
		return nil
	}
	if locked, err := rootfs.Lock(file); err != nil || !locked || !d.is(name, file) {
		_ = file.Close()
		return nil
	}
	return file
}
