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
	// maxKnown bounds the directories that are remembered, maxListed those whose
	// names are. When there are more, all are forgotten.
	maxKnown  = 10_000
	maxListed = 16
)

// changedName is a name that file systems which change names are likely to change: it
// has both letter cases, two normalizations of one character, and a dot at its end.
const changedName = "Aa\u00e9e\u0301."

// spellings know which names of a Dir were given how, where the file system may take
// two for one. It is safe for concurrent use; the zero value is ready to use.
type spellings struct {
	mu sync.Mutex
	// exact tells of the directories that were entered whether two names there are
	// never one file.
	exact map[string]bool
	// changes tells whether the other directories may list a file under another name
	// than it was created by, as on file systems that normalize names or drop dots at
	// their end; nil while that is not known.
	changes *bool
	// listed are the names that some directories had when they were last listed.
	listed map[string]map[string]bool
	// given has the spelling that a name was given in where names are changed, by
	// the hash of what all spellings have in common that may be one file.
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

// know notes that a directory was entered, and whether its names are exact.
func (s *spellings) know(directory string, exact bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.exact == nil || len(s.exact) >= maxKnown {
		s.exact = map[string]bool{}
	}
	s.exact[directory] = exact
}

// mayChange reports whether a directory whose names are not exact may change them. One
// below another is taken to be on the same file system.
func (s *spellings) mayChange(names directoryNames) bool {
	s.mu.Lock()
	changes := s.changes
	s.mu.Unlock()
	if changes != nil {
		return *changes
	}
	stored, err := names.Stored(changedName)
	if err != nil {
		return true // at worst
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.changes = new(stored != changedName)
	return *s.changes
}

// spellingKey is the same for all names that file systems take for one: those that
// differ only in letter case, Unicode normalization, characters that are ignored, or
// dots and spaces at their end. It may be the same for others, too.
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

// claim notes that a name in a directory is one of a copy, and returns the key of the note
// and the spelling that was noted first.
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

// release forgets a claim.
func (s *spellings) release(key uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.given, key)
}

// list returns the names in a directory; those that were listed before, unless fresh is
// set.
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

// claimSpelling notes that a name is one of a copy, and fails if that is the same file as
// another name that was noted before. release forgets it, for when nothing is there.
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

// checkSpelling fails unless what is there under a name is listed under that name, or
// as this file system lists it.
func (d *Dir) checkSpelling(dir *openDirectory, name string) error {
	if dir.exact {
		return nil
	}
	const lists = 4 // what is renamed meanwhile may be missing in a list
	for n := range lists {
		listed, err := d.spellings.list(dir, n > 0)
		if err != nil {
			return targetError(err)
		}
		if listed[name] {
			return nil
		}
		if n == 0 { // it may be an old list
			continue
		}
		info, err := dir.names.Lstat(name)
		if errors.Is(err, fs.ErrNotExist) {
			return nil // any more
		}
		if err != nil {
			return targetError(err)
		}
		// Where a new file cannot be tried, the answer is that it is another.
		if stored, err := dir.names.Stored(name); err == nil && stored != name && listed[stored] {
			return nil
		}
		if other := listedAs(dir, listed, name, info); other != "" {
			return spellingError(name, other)
		}
	}
	return spellingError(name, "")
}

// listedAs finds the name under which a file is listed; "" if that is not known.
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

// spellingError says that a name is taken under another spelling, "" if that is not
// known.
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

// place gives a temporary file its name, all at once. What is there under that name it
// replaces, and nothing that is there under another spelling.
func (d *Dir) place(dir *openDirectory, temporary, name string, precondition tranship.Precondition) (err error) {
	const attempts = 100 // while others put files there and remove them
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
		case errors.Is(err, fs.ErrNotExist): // another copy took it for unused, or its directory went
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
