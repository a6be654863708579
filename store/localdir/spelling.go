package localdir

import (
	"errors"
	"fmt"
	"hash/maphash"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"sync"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"github.com/tranship/tranship"
)

const (
	// maxKnown bounds how many directories are remembered, and maxListed how many lists of
	// names. When there are more, all are forgotten.
	maxKnown  = 10_000
	maxListed = 16
)

// changedName is a name that a file system which changes names is likely to change. It has
// both letter cases, two normalizations of one character, and a dot at its end.
const changedName = "Aa\u00e9e\u0301."

// spellings remembers how the names in a Dir were spelled, if the file system may take two
// names for one. It is safe for concurrent use. The zero value is ready to use.
type spellings struct {
	mu sync.Mutex
	// exact has the directories that were entered, and whether two names there are never
	// one file.
	exact map[string]bool
	// changes is whether the other directories may list a file under another name than it
	// was created by, as do file systems that normalize names or drop dots at their end.
	// It is nil while that is unknown.
	changes *bool
	// listed has the names in some directories when they were last listed.
	listed map[string]map[string]bool
	// given has the first spelling of each name in directories that change names. The key
	// is a hash that is the same for all spellings that may be one file.
	given map[uint64]string
	seed  maphash.Seed
}

// known reports whether a directory was entered, and whether its names are exact.
func (s *spellings) known(directory string) (exact, known bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	exact, known = s.exact[directory]
	return exact, known
}

// know remembers that a directory was entered, and whether its names are exact.
func (s *spellings) know(directory string, exact bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.exact == nil || len(s.exact) >= maxKnown {
		s.exact = map[string]bool{}
	}
	s.exact[directory] = exact
}

// mayChange reports whether a directory whose names are not exact may change them. It tries
// that once, and takes all directories to be on one file system.
func (s *spellings) mayChange(names directoryNames) bool {
	s.mu.Lock()
	changes := s.changes
	s.mu.Unlock()
	if changes != nil {
		return *changes
	}
	stored, err := names.Stored(changedName)
	if err != nil {
		return true // the answer that is safe
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.changes = new(stored != changedName)
	return *s.changes
}

// spellingKey returns a key that is the same for all names that a file system may take for
// one: names that differ only in letter case, Unicode normalization, ignored characters, or
// dots and spaces at their end. Other names may have the same key, too.
func spellingKey(name string) string {
	name = norm.NFKD.String(cases.Fold().String(norm.NFKD.String(name)))
	name = strings.Map(func(r rune) rune {
		if unicode.In(r, unicode.Cf, unicode.Mn, unicode.Other_Default_Ignorable_Code_Point) {
			return -1
		}
		return r
	}, name)
	return strings.TrimRight(name, ". ")
}

// claim remembers the spelling of a name in a directory, unless there is one already. It
// returns the key of the name, the first spelling, and whether the first is this one.
func (s *spellings) claim(directory, name string) (key uint64, first string, fresh bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.given == nil {
		s.given, s.seed = map[uint64]string{}, maphash.MakeSeed()
	}
	key = maphash.String(s.seed, directory+"\x00"+spellingKey(name))
	first, claimed := s.given[key]
	if !claimed {
		first = strings.Clone(name)
		s.given[key] = first
	}
	return key, first, !claimed
}

// release forgets the spelling with a key.
func (s *spellings) release(key uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.given, key)
}

// list returns the names in a directory. Unless fresh is set, that may be an older list.
func (s *spellings) list(dir *openDirectory, fresh bool) (map[string]bool, error) {
	s.mu.Lock()
	listed := s.listed[dir.path]
	s.mu.Unlock()
	if listed != nil && !fresh {
		return listed, nil
	}
	names, err := dir.names.List()
	if err != nil {
		return nil, err
	}
	listed = make(map[string]bool, len(names))
	for _, name := range names {
		listed[name] = true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.listed == nil || len(s.listed) >= maxListed {
		s.listed = map[string]map[string]bool{}
	}
	s.listed[dir.path] = listed
	return listed, nil
}

// claimSpelling remembers the spelling of a name, and fails if the file system may take it for
// another name that was claimed before. release takes the claim back: the caller calls it if
// no file gets the name.
func (d *Dir) claimSpelling(dir *openDirectory, name string) (release func(), err error) {
	if dir.exact || !d.spellings.mayChange(dir.names) {
		return func() {}, nil
	}
	key, first, fresh := d.spellings.claim(dir.path, name)
	if fresh {
		return func() { d.spellings.release(key) }, nil
	}
	if first != name && !isApart(dir.names, first, name) {
		err = spellingError(name, first)
	}
	return func() {}, err
}

// isApart reports whether two names are stored as different ones.
func isApart(names directoryNames, a, b string) bool {
	storedA, err := names.Stored(a)
	if err != nil {
		return false
	}
	storedB, err := names.Stored(b)
	return err == nil && storedA != storedB
}

// checkSpelling fails unless the file or directory under a name is listed under that name, or
// under the name that this file system stores for it.
func (d *Dir) checkSpelling(dir *openDirectory, name string) error {
	if dir.exact {
		return nil
	}
	const lists = 4 // a list may lack a file that is renamed meanwhile
	for n := range lists {
		listed, err := d.spellings.list(dir, n > 0)
		if err != nil {
			return targetError(err)
		}
		if listed[name] {
			return nil
		}
		if n == 0 { // the list may be old
			continue
		}
		info, err := dir.names.Lstat(name)
		if errors.Is(err, fs.ErrNotExist) {
			return nil // it is gone
		}
		if err != nil {
			return targetError(err)
		}
		// If a new file cannot be tried, the name is taken to be another one.
		if stored, err := dir.names.Stored(name); err == nil && stored != name && listed[stored] {
			return nil
		}
		if other := listedAs(dir, listed, name, info); other != "" {
			return spellingError(name, other)
		}
	}
	return spellingError(name, "")
}

// listedAs returns the name under which a file is listed; "" if that is unknown.
func listedAs(dir *openDirectory, listed map[string]bool, name string, info fs.FileInfo) string {
	key := spellingKey(name)
	for other := range listed {
		if spellingKey(other) == key {
			return other
		}
	}
	for other := range listed {
		if found, err := dir.names.Lstat(other); err == nil && os.SameFile(found, info) {
			return other
		}
	}
	return ""
}

// spellingError returns the error for a name that is taken under the spelling other; "" if
// that is unknown.
func spellingError(name, other string) error {
	if other == "" {
		return targetExists("this file system takes %q for the same name as another one, which is there", name)
	}
	quote := strconv.Quote
	if norm.NFC.String(name) == norm.NFC.String(other) { // they look the same
		quote = strconv.QuoteToASCII
	}
	return targetExists("this file system takes %s for the same name as %s, which is there", quote(name), quote(other))
}

// place renames a temporary file to its final name. It replaces a file that is listed under
// that name, and no file of another spelling.
func (d *Dir) place(dir *openDirectory, temporary, name string, precondition tranship.Precondition) (err error) {
	const attempts = 100 // while other processes put files there and remove them
	release, err := d.claimSpelling(dir, name)
	defer func() {
		if err != nil {
			release()
		}
	}()
	if err != nil {
		return err
	}
	path := join(dir.path, name)
	for range attempts {
		info, missing := dir.names.Lstat(name)
		if err := vacant(info, missing, path, precondition); err != nil {
			return err
		}
		if missing != nil {
			err = dir.names.RenameNoReplace(temporary, name)
		} else if err = d.checkSpelling(dir, name); err == nil {
			err = dir.names.Rename(temporary, name)
		}
		switch {
		case err == nil:
			return nil
		case missing != nil && errors.Is(err, fs.ErrExist):
			if precondition.MustNotExist {
				return fmt.Errorf("%w: %s", tranship.ErrExists, path)
			}
			// Another copy has put a file there, perhaps under another name.
		case errors.Is(err, fs.ErrNotExist): // another copy, or a user, has removed it
			return fmt.Errorf("%w: the temporary file of %s is gone", tranship.ErrUnavailable, path)
		default:
			if _, ok := errors.AsType[*TargetError](err); ok {
				return err
			}
			return targetError(err)
		}
	}
	return fmt.Errorf("%w: %s is replaced by others all the time", tranship.ErrAborted, path)
}
