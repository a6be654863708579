// Package mem keeps files in memory. It is the reference for what a tranship.Store
// does, written to be read beside the contract rather than to be fast, and serves
// tests of what sits on a store.
package mem

import (
	"context"
	"crypto/rand"
	"strings"
	"sync"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/commits"
	"github.com/tranship/tranship/internal/failure"
)

// Store holds files in memory until it is garbage. The zero value is empty and
// ready to use. It has no limit: what it holds is bounded by memory alone.
type Store struct {
	// PartSize is the length of an upload's parts in bytes; 0 or less means
	// DefaultPartSize. Set it before the first use.
	PartSize int64
	// UploadExpiry is after how long without a write an unfinished upload is
	// removed; 0 or less means DefaultUploadExpiry. Set it before the first use.
	UploadExpiry time.Duration

	// RememberedCommits is how many commits of resumable uploads are remembered for
	// each owner; 0 means commits.DefaultPerOwner, 500. Set it before the first use.
	RememberedCommits int

	// mu guards all that follows, and the uploads.
	mu    sync.Mutex
	files map[string]*file
	// sorted has the files in ascending order of their paths for lists, so that many
	// short ones do not sort them again; nil after a change. It is never changed itself.
	sorted []*file
	// below counts the files below each directory, at any depth.
	below map[string]int
	// owners are the accounts that directories count for, as ledger is told.
	owners map[string]*string
	ledger tranship.DirectoryLedger
	// sessions are the resumable uploads, unfinished or remembered.
	sessions map[resumption]*session
	// ids are the same by their ids.
	ids map[string]*session
	// commits are those that are remembered.
	commits commits.Book[*session]
}

// DefaultPartSize is the length of an upload's parts, 1 MiB.
const DefaultPartSize = 1 << 20

var _ tranship.Store = (*Store)(nil)

// file is immutable: a change puts another one in its place, so that a reader keeps
// what it opened.
type file struct {
	info tranship.File
	data []byte
	// account is whom it counts for; nil: nobody.
	account *string
}

// describe is the file's description in memory of its own.
func (f *file) describe() tranship.File { return tranship.Attributes{}.Apply(f.info) }

// Put implements tranship.Writer.
func (s *Store) Put(ctx context.Context, spec tranship.Spec, data []byte) (tranship.File, error) {
	if err := spec.Validate(); err != nil {
		return tranship.File{}, err
	}
	if len(data) > tranship.MaxPutBytes {
		return tranship.File{}, failure.PutTooLarge(spec.Path, int64(len(data)))
	}
	if spec.Size != nil && *spec.Size != int64(len(data)) {
		return tranship.File{}, &tranship.InvalidError{Field: "size", Rule: "the size of a put must be that of its data"}
	}
	if crc := tranship.CRC32C(data); spec.CRC32C != nil && *spec.CRC32C != crc {
		return tranship.File{}, failure.WrongChecksum(spec.Path, crc, *spec.CRC32C)
	}
	f := newFile(ctx, spec, append([]byte(nil), data...), tranship.CRC32C(data))
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return tranship.File{}, err
	}
	if err := s.allow(spec.Path, spec.Precondition); err != nil {
		return tranship.File{}, err
	}
	if err := s.makeDirectories(ctx, spec.Path); err != nil {
		return tranship.File{}, err
	}
	s.set(f)
	return f.describe(), nil
}

// newFile is the file that data, which it keeps, becomes.
func newFile(ctx context.Context, spec tranship.Spec, data []byte, crc uint32) *file {
	return &file{data: data, account: tranship.AccountFromContext(ctx), info: spec.Attributes.Apply(tranship.File{
		Path:    spec.Path,
		Size:    int64(len(data)),
		ModTime: time.Now().Round(0), // without the monotonic clock
		Mode:    tranship.DefaultMode,
		Version: rand.Text(),
		CRC32C:  &crc,
	})}
}

// allow tells whether a file may be put at path.
func (s *Store) allow(path string, precondition tranship.Precondition) error {
	if err := s.check(path, precondition); err != nil {
		return err
	}
	if s.below[path] > 0 {
		return failure.FilesBelow(path)
	}
	for _, directory := range directories(path) {
		if s.files[directory] != nil {
			return failure.Worded(&tranship.PathError{Path: path, Err: tranship.ErrExists}, "%v: the file %s, above %s", tranship.ErrExists, directory, path)
		}
	}
	return nil
}

// check decides a precondition about path.
func (s *Store) check(path string, precondition tranship.Precondition) error {
	f := s.files[path]
	if precondition.MustNotExist && f != nil {
		return &tranship.PathError{Path: path, Err: tranship.ErrExists}
	}
	if want := precondition.MustMatchVersion; want != "" {
		if f == nil {
			return failure.WrongVersion(path, "", want)
		}
		if f.info.Version != want {
			return failure.WrongVersion(path, f.info.Version, want)
		}
	}
	if want := precondition.MustMatchRevision; want != "" {
		if f == nil {
			return failure.WrongRevision(path, "", want)
		}
		if has := f.info.Revision(); has != want {
			return failure.WrongRevision(path, has, want)
		}
	}
	return nil
}

// set puts a file at its path.
func (s *Store) set(f *file) {
	if s.files == nil {
		s.files = make(map[string]*file)
		s.below = make(map[string]int)
	}
	old := s.files[f.info.Path]
	s.files[f.info.Path] = f
	s.sorted = nil
	if old != nil {
		if old.info.Version != f.info.Version {
			s.forgetCommit(f.info.Path)
		}
		return
	}
	for _, directory := range directories(f.info.Path) {
		s.below[directory]++
	}
}

// delete removes the file at path, if there is one.
func (s *Store) delete(path string) {
	if s.files[path] == nil {
		return
	}
	delete(s.files, path)
	s.sorted = nil
	for _, directory := range directories(path) {
		s.below[directory]--
		if s.below[directory] == 0 {
			delete(s.below, directory)
			s.removeDirectory(directory)
		}
	}
}

// directories are all those that a path is in: "a" and "a/b" for "a/b/c".
func directories(path string) []string {
	var all []string
	for i := range len(path) {
		if path[i] == '/' {
			all = append(all, path[:i])
		}
	}
	return all
}

// inDirectory is what is left of path below directory.
func inDirectory(path, directory string) (rest string, ok bool) {
	if directory == "" {
		return path, true
	}
	return strings.CutPrefix(path, directory+"/")
}
