package localdir

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"strconv"
	"strings"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/rootfs"
)

const (
	temporaryPrefix = ".tranship-"
	temporarySuffix = ".tmp"
	partialSuffix   = ".part"
	journalSuffix   = ".journal"

	// temporaries is how many names the temporary files of one target have. The names
	// follow from the target, so that leftovers are found without a search of the
	// directory.
	temporaries = 8
	// partials is how many names the partial files of one target have. The second is used
	// only if the first is taken by another user or program.
	partials = 8
)

// hiddenName is the beginning of the names of all files beside a target. It has a hash of
// the target's name, so that it is short. The path of the directory is not in the hash: the
// same directory may be reached by several.
func hiddenName(target string) string {
	return string(appendHiddenName(nil, target))
}

func appendHiddenName(to []byte, target string) []byte {
	sum := sha256.Sum256([]byte(target))
	return hex.AppendEncode(append(to, temporaryPrefix...), sum[:8])
}

func temporaryName(target, unique string) string {
	var room [64]byte
	name := append(appendHiddenName(room[:0], target), '-')
	return string(append(append(name, unique...), temporarySuffix...))
}

// checkTarget fails for names of temporary and partial files. A file of such a name could be
// taken for a leftover, and removed. Such names are met when a directory is copied that has
// leftovers in it.
func (d *openDirectory) checkTarget(name string) error {
	if !d.exact {
		name = spellingKey(name)
	}
	if !strings.HasPrefix(name, temporaryPrefix) {
		return nil
	}
	for _, suffix := range []string{temporarySuffix, partialSuffix, journalSuffix} {
		if strings.HasSuffix(name, suffix) {
			return &tranship.InvalidError{Field: "path", Rule: "names that begin with '.tranship-' and end with '" + suffix + "' are those of unfinished copies on this machine"}
		}
	}
	return nil
}

// partialName is the n-th name, without suffix, of a target's partial file and journal.
func partialName(target string, n int) string {
	if n == 0 {
		return hiddenName(target)
	}
	return hiddenName(target) + "-" + strconv.Itoa(n)
}

// createTemporary creates a file beside its target. The file is locked as long as it is
// open. A file that is not locked was left by a process that was killed, and is removed.
func (d *openDirectory) createTemporary(target string, mode fs.FileMode) (name string, file *os.File, err error) {
	for n := range temporaries {
		name = temporaryName(target, strconv.Itoa(n))
		file, err = d.createLocked(name, mode)
		if err != nil {
			return "", nil, targetError(err)
		}
		if file != nil {
			return name, file, nil
		}
	}
	// There are many copies to one target, or other users have taken the names.
	name = temporaryName(target, rand.Text()[:10])
	file, err = d.CreateFile(name, mode)
	if err != nil {
		return "", nil, targetError(err)
	}
	return name, file, nil
}

// createLocked creates a file and locks it. It returns nil if the name is in use, or taken
// by another user.
func (d *openDirectory) createLocked(name string, mode fs.FileMode) (*os.File, error) {
	file, err := d.CreateFile(name, mode)
	if errors.Is(err, fs.ErrExist) && d.removeUnused(name) {
		file, err = d.CreateFile(name, mode)
	}
	if errors.Is(err, fs.ErrExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	locked, err := rootfs.Lock(file)
	if err != nil {
		return file, nil //nolint:nilerr // without locks no process takes the file for unused
	}
	// Before the file was locked, another process may have taken it for unused.
	if !locked || !d.is(name, file) {
		_ = file.Close()
		return nil, nil
	}
	return file, nil
}

// removeLeftovers removes the unused temporary files of a target.
func (d *openDirectory) removeLeftovers(target string) {
	for n := range temporaries {
		d.removeUnused(temporaryName(target, strconv.Itoa(n)))
	}
}

// removeUnused removes a file of this user that no process has locked, and reports
// whether it did.
func (d *openDirectory) removeUnused(name string) bool {
	file := d.lockUnused(name)
	if file == nil {
		return false
	}
	defer file.Close()
	return d.Remove(name) == nil
}

// removePartials removes the partial files of a target that another upload has replaced,
// unless a process has them open. It removes a journal after its partial file, as remove
// does.
func (d *openDirectory) removePartials(target string) {
	for n := range partials {
		name := partialName(target, n)
		if _, err := d.Status(name + journalSuffix); err != nil {
			return // the names are taken in order
		}
		journal := d.lockUnused(name + journalSuffix)
		if journal == nil {
			continue
		}
		if info, err := d.Lstat(name + partialSuffix); err == nil && isOurs(d.Dir, info) {
			_ = d.Remove(name + partialSuffix)
		}
		_ = d.Remove(name + journalSuffix)
		_ = journal.Close()
	}
}

// lockUnused opens and locks a regular file of this user that no process has locked. It
// returns nil if there is none.
func (d *openDirectory) lockUnused(name string) *os.File {
	if info, err := d.Lstat(name); err != nil || !isOurs(d.Dir, info) {
		return nil
	}
	file, info, err := d.OpenFileWrite(name)
	if errors.Is(err, fs.ErrPermission) { // it may have its final mode already
		file, info, err = d.OpenFile(name)
	}
	if err != nil {
		return nil
	}
	if !isOurs(d.Dir, info) {
		_ = file.Close()
		return nil
	}
	if locked, err := rootfs.Lock(file); err != nil || !locked || !d.is(name, file) {
		_ = file.Close()
		return nil
	}
	return file
}

// is reports whether a name is that of an open file, and not that of a link to it.
func (d *openDirectory) is(name string, file *os.File) bool {
	named, err := d.Lstat(name)
	if err != nil {
		return false
	}
	info, err := file.Stat()
	return err == nil && os.SameFile(named, info)
}
