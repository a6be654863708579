// Package mem is a store that keeps files in memory. It is the reference implementation of
// tranship.Store, written to be read beside the contract rather than to be fast, and serves
// the tests of packages that use a store.
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

// Store keeps files in memory. The zero value is an empty store that is ready to use. It has
// no limits other than the memory of the process. It is safe for concurrent use.
type Store struct {
	// PartSize is the length of an upload's parts in bytes; 0 or less means
	// DefaultPartSize. Set it before the first use.
	PartSize int64
	// UploadExpiry is the time without a write after which an unfinished upload is removed;
	// 0 or less means DefaultUploadExpiry. Set it before the first use.
	UploadExpiry time.Duration

	// RememberedCommits is the number of commits of resumable uploads that are remembered
	// for each owner; 0 means commits.DefaultPerOwner, 500. Set it before the first use.
	RememberedCommits int

	// mu guards the fields below, and all sessions and parts.
	mu    sync.Mutex
	files map[string]*file
	// sorted has the files in ascending order of their paths, so that many short lists need
	// not sort them again; nil after a change. The slice itself is immutable.
	sorted []*file
	// below counts the files below each directory, at any depth.
	below map[string]int
	// owners has the accounts that directories count for. The ledger has their numbers.
	owners map[string]*string
	ledger tranship.DirectoryLedger
	// sessions has the resumable uploads, unfinished or committed and remembered.
	sessions map[resumption]*session
	// ids has the same sessions by their ids.
	ids map[string]*session
	// commits has the remembered commits.
	commits commits.Book[*session]
	// state has the values of the StateStore by key. stateSwept is how many were left when
	// those that had expired were last removed.
	state      map[string]tranship.StateEntry
	stateSwept int
}

// DefaultPartSize is the length of an upload's parts, 1 MiB.
const DefaultPartSize = 1 << 20

var _ tranship.Store = (*Store)(nil)

// file is immutable. A change replaces it with another, so that readers keep the file that
// they have opened.
type file struct {
	info tranship.File
	data []byte
	// account is the account that the file counts for; nil for none.
	account *string
	// changed is when the file was put at its path as it is.
	changed time.Time
}

// describe returns a description that shares no memory with the file.
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
	if err := s.allowLocked(spec.Path, spec.Precondition); err != nil {
		return tranship.File{}, err
	}
	if err := s.makeDirectoriesLocked(ctx, spec.Path); err != nil {
		return tranship.File{}, err
	}
	s.setLocked(f)
	return f.describe(), nil
}

// newFile returns a file with a new version. It keeps data.
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

// allowLocked checks whether a file may be put at path.
func (s *Store) allowLocked(path string, precondition tranship.Precondition) error {
	if err := s.checkLocked(path, precondition); err != nil {
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

// checkLocked checks a precondition on path.
func (s *Store) checkLocked(path string, precondition tranship.Precondition) error {
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

// setLocked puts a file at its path. It replaces the file that is there.
func (s *Store) setLocked(f *file) {
	if s.files == nil {
		s.files = make(map[string]*file)
		s.below = make(map[string]int)
	}
	f.changed = time.Now().Round(0)
	old := s.files[f.info.Path]
	s.files[f.info.Path] = f
	s.sorted = nil
	if old != nil {
		if old.info.Version != f.info.Version {
			s.forgetCommitLocked(f.info.Path)
		}
		return
	}
	for _, directory := range directories(f.info.Path) {
		s.below[directory]++
	}
}

// deleteLocked removes the file at path, if it exists.
func (s *Store) deleteLocked(path string) {
	if s.files[path] == nil {
		return
	}
	delete(s.files, path)
	s.sorted = nil
	for _, directory := range directories(path) {
		s.below[directory]--
		if s.below[directory] == 0 {
			delete(s.below, directory)
			s.removeDirectoryLocked(directory)
		}
	}
}

// directories returns the directories above a path: "a" and "a/b" for "a/b/c".
func directories(path string) []string {
	var all []string
	for i := range len(path) {
		if path[i] == '/' {
			all = append(all, path[:i])
		}
	}
	return all
}

// inDirectory returns path relative to directory. ok reports whether it is below directory.
func inDirectory(path, directory string) (rest string, ok bool) {
	if directory == "" {
		return path, true
	}
	return strings.CutPrefix(path, directory+"/")
}
