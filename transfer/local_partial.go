package transfer

import (
	"errors"
	"io"
	"io/fs"
	"os"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/rootfs"
)

// syncBytes is how much is written at most before it is synced, where that was asked
// for.
const syncBytes = 32 << 20

// partial are the files of an upload into a Dir that is to be resumed: the partial
// file and its journal, beside the target. The journal is locked.
type partial struct {
	dir           *Dir
	name, journal string
	file, log     *os.File
	epoch         uint64
	// parts are those that the journal has.
	parts map[int]uint32
	// discarded is how much there was of something else, and why it went.
	discarded int64
	why       error
}

// errOther means that a partial file cannot be gone on with. It matches ErrChanged.
var errOther = otherError{}

type otherError struct{}

// Error implements error.
func (otherError) Error() string { return "what is kept is of another version, or of another source" }

// Is implements the matching of ErrChanged.
func (otherError) Is(target error) bool { return target == ErrChanged }

// errBusy means that another process has the partial file.
var errBusy = errors.New("another process copies to it")

// openPartial opens the partial file of a target, or begins one.
func (d *Dir) openPartial(spec tranship.Spec, partSize int64, mode fs.FileMode) (_ *partial, err error) {
	base := hiddenName(spec.Path)
	p := &partial{dir: d, name: base + partialSuffix, journal: base + journalSuffix}
	defer func() {
		if err != nil {
			p.close()
		}
	}()
	if p.log, err = d.openRegular(p.journal, 0o600); err != nil {
		return nil, err
	}
	locked, err := rootfs.Lock(p.log)
	if err != nil {
		return nil, targetError(err)
	}
	// Whoever had the lock may have removed the file since it was opened.
	if !locked || !d.is(p.journal, p.log) {
		return nil, errBusy
	}
	head := journalHead{journalFormat, spec.ResumeKey, *spec.Size, partSize}
	if err := p.resume(head); err != nil {
		return nil, err
	}
	if p.file == nil {
		err = p.begin(head, mode)
	}
	if err == nil {
		err = appendLine(p.log, journalLine{Epoch: p.epoch})
	}
	return p, err
}

// resume opens the partial file if it is of the upload that head describes.
func (p *partial) resume(head journalHead) error {
	known, length, err := readJournal(p.log)
	if errors.Is(err, errJournal) {
		if info, missing := p.dir.root.Lstat(p.name); missing == nil {
			p.discarded, p.why = info.Size(), err
		}
		return nil
	}
	if err != nil {
		return err
	}
	if known.head != head {
		if p.discarded = known.bytes(); p.discarded > 0 {
			p.why = errOther
		}
		return nil
	}
	file, err := p.dir.root.OpenFile(p.name, os.O_RDWR, 0)
	if err != nil {
		p.discarded, p.why = known.bytes(), targetError(err)
		return nil
	}
	info, err := file.Stat()
	if err != nil || !info.Mode().IsRegular() || !p.dir.is(p.name, file) {
		p.discarded, p.why = known.bytes(), errJournal
		return file.Close()
	}
	p.file, p.epoch, p.parts = file, known.epoch+1, known.parts
	for n := range p.parts {
		if info.Size() < min(int64(n+1)*head.PartSize, head.Size) {
			delete(p.parts, n)
		}
	}
	if info.Size() > head.Size {
		if err := file.Truncate(head.Size); err != nil {
			return targetError(err)
		}
	}
	// A torn tail goes before anything is appended.
	return p.truncate(length)
}

// begin makes an empty partial file. Its journal is emptied first: parts of one
// never count for the other.
func (p *partial) begin(head journalHead, mode fs.FileMode) (err error) {
	if err := p.truncate(0); err != nil {
		return err
	}
	if err := p.dir.root.Remove(p.name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return targetError(err)
	}
	if p.file, err = p.dir.root.OpenFile(p.name, os.O_RDWR|os.O_CREATE|os.O_EXCL, mode); err != nil {
		return targetError(err)
	}
	p.epoch = 1
	return appendLine(p.log, head)
}

func (p *partial) truncate(length int64) error {
	if err := p.log.Truncate(length); err != nil {
		return targetError(err)
	}
	if _, err := p.log.Seek(length, io.SeekStart); err != nil {
		return targetError(err)
	}
	return nil
}

// close closes what is open, which lets go of the lock.
func (p *partial) close() {
	for _, f := range []*os.File{p.file, p.log} {
		if f != nil {
			_ = f.Close()
		}
	}
}

// openRegular opens a file for reading and writing, which it creates if there is
// none. What is there and not a regular file, it replaces.
func (d *Dir) openRegular(name string, mode fs.FileMode) (*os.File, error) {
	if info, err := d.root.Lstat(name); err == nil && !info.Mode().IsRegular() {
		if err := d.root.Remove(name); err != nil {
			return nil, targetError(err)
		}
	}
	file, err := d.root.OpenFile(name, os.O_RDWR|os.O_CREATE, mode)
	if err != nil {
		return nil, targetError(err)
	}
	return file, nil
}

// is reports whether a name is that of an open file, and not of a link to it.
func (d *Dir) is(name string, file *os.File) bool {
	named, err := d.root.Lstat(name)
	if err != nil {
		return false
	}
	info, err := file.Stat()
	return err == nil && os.SameFile(named, info)
}
