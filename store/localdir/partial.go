package localdir

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/localerr"
	"github.com/tranship/tranship/internal/partfile"
	"github.com/tranship/tranship/internal/rootfs"
)

// partial is a partial file and its journal, beside the target. The journal is locked.
type partial struct {
	dir *openDirectory
	// id is the beginning of both names.
	id, name, journal string
	file, log         *os.File
	header            header
	// history is what the journal says of a file that is resumed, and size is the length
	// of that file. history is nil for a new file.
	history *partfile.History
	size    int64
	// discarded is how many bytes of another upload were there, and why is why they were not
	// used; nil if there were none.
	discarded int64
	why       error
}

// errJournal means that a journal has no whole header.
var errJournal = errors.New("its journal is damaged, or of another version of this program")

// errOther means that a partial file is of another upload. It matches ErrChanged.
var errOther = otherError{}

type otherError struct{}

// Error implements error.
func (otherError) Error() string { return "what is kept is of another version, or of another source" }

// Is implements the matching of ErrChanged.
func (otherError) Is(target error) bool { return target == localerr.ErrChanged }

// errBusy means that another process has the partial file open.
var errBusy = errors.New("another process copies to it")

// errTaken means that a name is taken by something that this process must not use.
var errTaken = errors.New("the name is taken")

// errShared means that other users or programs may have written to a partial file.
var errShared = errors.New("other users or programs can write to what is kept")

// openPartial opens the partial file of a target, or begins one, under the first name that
// is not taken. It fails with errBusy if another process has the file open, or if all names
// are taken.
func (d *openDirectory) openPartial(spec tranship.Spec, target string, partSize int64) (*partial, error) {
	for n := range partials {
		p, err := d.openPartialAt(partialName(target, n), spec, partSize)
		if !errors.Is(err, errTaken) {
			return p, err
		}
	}
	return nil, errBusy
}

func (d *openDirectory) openPartialAt(name string, spec tranship.Spec, partSize int64) (_ *partial, err error) {
	p := &partial{dir: d, id: name, name: name + partialSuffix, journal: name + journalSuffix}
	defer func() {
		if err != nil {
			p.close()
		}
	}()
	if p.log, err = d.openJournal(p.journal); err != nil {
		return nil, err
	}
	locked, err := rootfs.Lock(p.log)
	if err != nil {
		return nil, targetError(err)
	}
	// The process that held the lock before may have removed the file.
	if !locked || !d.is(p.journal, p.log) {
		return nil, errBusy
	}
	p.header = header{size: *spec.Size, partSize: partSize, key: spec.ResumeKey, epoch: 1}
	if err := p.resume(); err != nil {
		return nil, err
	}
	if p.file == nil {
		err = p.begin()
	}
	if errors.Is(err, errTaken) {
		_ = d.Remove(p.journal) // it has no use without the partial file
	}
	return p, err
}

// resume opens the partial file, for a new epoch, if it is of the upload that the header
// describes. Otherwise it leaves p.file nil.
func (p *partial) resume() error {
	text, err := io.ReadAll(io.LimitReader(p.log, partfile.MaxJournal+1))
	if err != nil {
		return targetError(err)
	}
	known, ok := readJournal(p.id, text)
	if !ok {
		if info, missing := p.dir.Lstat(p.name); missing == nil && info.Mode().IsRegular() {
			p.discarded, p.why = info.Size(), errJournal
		}
		return nil
	}
	if !known.header.isOf(p.header) {
		if p.discarded = known.PartBytes(); p.discarded > 0 {
			p.why = errOther
		}
		return nil
	}
	file, info, err := p.openKept()
	if err != nil {
		p.discarded, p.why = known.PartBytes(), err
		return nil //nolint:nilerr // the upload begins anew, and Discarded returns the reason
	}
	p.file, p.history, p.size = file, &known.History, info.Size()
	p.header.epoch = known.header.epoch + 1
	if info.Size() > p.header.size {
		if err := file.Truncate(p.header.size); err != nil {
			return targetError(err)
		}
	}
	// A torn tail must be gone before a record is appended.
	return p.truncate(known.Bytes)
}

// openKept opens the partial file if it is private, and if no other process has it open for
// writing: an open descriptor outlives a change of mode or owner.
func (p *partial) openKept() (*os.File, fs.FileInfo, error) {
	reader, seen, err := p.dir.OpenFile(p.name)
	if _, obstacle := errors.AsType[*rootfs.ObstacleError](err); obstacle {
		return nil, nil, errJournal
	}
	if err != nil {
		return nil, nil, targetError(err)
	}
	defer reader.Close()
	if !isPrivate(p.dir.Dir, seen) || rootfs.IsOpenForWriting(reader) {
		return nil, nil, errShared
	}
	file, info, err := p.dir.OpenFileWrite(p.name)
	if err != nil {
		return nil, nil, targetError(err)
	}
	if !os.SameFile(seen, info) {
		return nil, nil, errors.Join(errShared, file.Close())
	}
	return file, info, nil
}

// begin makes an empty partial file, which no other user can read or write. It empties the
// journal first, so that parts of an older file never count for the new one. It fails with
// errTaken if something is in the place of the file that cannot be removed, or that belongs
// to another user.
func (p *partial) begin() (err error) {
	if err := p.truncate(0); err != nil {
		return err
	}
	if err := p.dir.makeWay(p.name); err != nil {
		return err
	}
	p.file, err = p.dir.CreateFile(p.name, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return errTaken
	}
	if err != nil {
		return targetError(err)
	}
	return nil
}

func (p *partial) truncate(length int64) error {
	if err := p.log.Truncate(length); err != nil {
		return targetError(err)
	}
	return nil
}

// record opens parts with the two files, and records the header of this epoch.
func (p *partial) record(parts *partfile.File) error {
	journal := partfile.NewJournal(partfile.RealSystem(), p.id, p.header.size, p.header.partSize)
	journal.Open(p.log)
	parts.Open(p.file, journal)
	content := p.header.encode()
	if p.history == nil {
		return parts.RecordHeader(false, content)
	}
	journal.Continue(p.history)
	parts.Restore(p.history, p.size)
	if !journal.IsLong() {
		return parts.RecordHeader(false, content)
	}
	// The journal is locked, so it is written anew in its place, and not replaced. A crash
	// leaves a journal with fewer parts, and none that is not whole.
	return parts.Rewrite(context.Background(), false, content, func(int64, error) {}, func(entries []partfile.Entry) (*partfile.Journal, error) {
		if err := p.truncate(0); err != nil {
			return nil, err
		}
		next := partfile.NewJournal(partfile.RealSystem(), p.id, p.header.size, p.header.partSize)
		next.Open(p.log)
		if err := next.Append(false, entries...); err != nil {
			return nil, targetError(err)
		}
		return next, nil
	})
}

// close closes the open files, which releases the lock.
func (p *partial) close() {
	for _, f := range []*os.File{p.file, p.log} {
		if f != nil {
			_ = f.Close()
		}
	}
}

// openJournal opens a private file for reading and writing, and creates it if it is missing.
// It fails with errTaken if something else is there that cannot be removed, or that belongs
// to another user.
func (d *openDirectory) openJournal(name string) (*os.File, error) {
	if info, err := d.Lstat(name); err == nil {
		if isPrivate(d.Dir, info) {
			if file, err := d.openPrivate(name); file != nil || err != nil {
				return file, err
			}
		}
		if err := d.makeWay(name); err != nil {
			return nil, err
		}
	}
	file, err := d.CreateFile(name, 0o600)
	if errors.Is(err, fs.ErrExist) { // another process has just begun
		if file, err := d.openPrivate(name); file != nil || err != nil {
			return file, err
		}
		return nil, errTaken
	}
	if err != nil {
		return nil, targetError(err)
	}
	return file, nil
}

// openPrivate opens a file for reading and writing. It returns nil if the file is not
// private.
func (d *openDirectory) openPrivate(name string) (*os.File, error) {
	file, info, err := d.OpenFileWrite(name)
	if rootfs.IsAbsent(err) || errors.Is(err, fs.ErrPermission) {
		return nil, nil
	}
	if err != nil {
		return nil, targetError(err)
	}
	if !isPrivate(d.Dir, info) {
		return nil, file.Close()
	}
	return file, nil
}

// makeWay removes what is under a name, if it belongs to this user. It fails with errTaken if
// something stays there.
func (d *openDirectory) makeWay(name string) error {
	info, err := d.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return targetError(err)
	}
	if user, ok := rootfs.Owner(info); ok && int(user) != os.Geteuid() && !isOurs(d.Dir, info) {
		return errTaken
	}
	if err := d.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return errTaken
	}
	return nil
}
