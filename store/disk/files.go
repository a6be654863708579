package disk

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"strings"

	"github.com/tranship/tranship/internal/partfile"
	"github.com/tranship/tranship/internal/rootfs"
)

// newJournal returns an empty journal for the session, without a file.
func (s *session) newJournal() *partfile.Journal {
	return partfile.NewJournal(s.store.partSystem(), s.id, *s.declared, s.parts.PartSize())
}

// createJournal creates the file of a journal with its first entries, and syncs it. If it
// fails, it removes the file.
func (s *session) createJournal(j *partfile.Journal, name string, entries []partfile.Entry) error {
	system, dir := s.store.system, s.draft.dir
	if err := system.remove(dir, name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	file, err := system.create(dir, name)
	if err != nil {
		return err
	}
	j.Open(file)
	if err := j.Append(true, entries...); err != nil {
		return errors.Join(err, j.Close(), system.remove(dir, name))
	}
	return nil
}

// createFiles creates the files of a new resumable session. They are synced with the first
// group of parts, because there is nothing to lose before that.
func (s *session) createFiles() error {
	system, dir := s.store.system, s.store.state.uploads
	s.id = strings.ToLower(rand.Text()) // some file systems list names in lower case
	data, err := system.create(dir, s.id)
	if err != nil {
		return err
	}
	s.draft = &draft{dir: dir, name: s.id, file: data}
	s.parts.Open(data, nil)
	journal := s.newJournal()
	file, err := system.create(dir, journalName(s.id))
	if err == nil {
		journal.Open(file)
		s.parts.Open(data, journal)
		err = journal.Append(false, partfile.HeaderEntry(s.header(s.spec, 1).encode()))
	}
	if err != nil {
		err = errors.Join(err, s.closeFiles())
		s.unlink()
	}
	return err
}

// openFilesLocked opens the files of a session that was detached.
func (s *session) openFilesLocked() error {
	if s.draft.file != nil {
		return nil
	}
	data, err := openOwn(s.draft.dir, s.draft.name)
	if err != nil {
		return err
	}
	file, err := openOwn(s.draft.dir, journalName(s.draft.name))
	if err != nil {
		return errors.Join(err, data.Close())
	}
	s.draft.file = data
	s.parts.Journal().Open(file)
	s.parts.Open(data, s.parts.Journal())
	return nil
}

// openOwn opens a file of the store for writing. A failed commit may have set a mode that
// forbids that; then openOwn changes the mode.
func openOwn(dir *rootfs.Dir, name string) (*os.File, error) {
	file, _, err := dir.OpenFileWrite(name)
	if errors.Is(err, fs.ErrPermission) && dir.Chmod(name, 0o600) == nil {
		file, _, err = dir.OpenFileWrite(name)
	}
	return file, err
}

func journalName(id string) string    { return id + ".journal" }
func newJournalName(id string) string { return id + ".journal.new" }
