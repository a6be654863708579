package tranship

import (
	"strings"
	"unicode/utf8"
)

// ListOptions selects the entries of a list. The zero value lists a store's top level.
//
// Prefix, StartAfter and EndBefore are compared with Entry.Key, bytewise: with whole
// paths from the root of the store, whatever Directory is. A store does not read a
// directory that cannot have an entry within them. To list as object stores do, by a
// prefix and with or without '/' as the delimiter, set Directory to the part of Prefix
// before its last '/', and set Recursive unless there is a delimiter.
//
// To read a list in pages, set Limit, and set StartAfter to the Key of the last entry of
// the page before. A page costs little more than its entries, however large the directory
// is, except that a directory that has changed since the page before is read again. A
// file that is added or removed between two pages is in the list or not by its Key, as if
// the pages were one list.
type ListOptions struct {
	// Directory is the directory to list; "" is the root.
	Directory string
	// Recursive lists all files below the directory and no directories. Otherwise the
	// list has the files in the directory and, as one entry each, the directories in it
	// that have files below them, or that cannot be read and so may have some.
	Recursive bool
	// Prefix, if not empty, selects the entries whose Key begins with it. It may end in
	// the middle of a name. The Key of a directory ends in '/' and is compared as a whole:
	// without Recursive, the prefix "a/b" does not select the directory a.
	Prefix string
	// StartAfter, if not empty, selects the entries and SkippedErrors whose Key sorts
	// after it.
	StartAfter string
	// EndBefore, if not empty, selects the entries and SkippedErrors whose Key sorts
	// before it.
	EndBefore string
	// Limit is the maximum number of entries; 0 means unlimited. SkippedErrors do not
	// count.
	Limit int
	// ReportSkipped makes the list yield a *SkippedError for each thing that it leaves
	// out, and continue. Otherwise the list silently leaves out what has no valid path or
	// is not a file, and ends with an error at what it cannot read.
	ReportSkipped bool
	// Brief asks for no more of each file than Path, Size, ModTime and ModTimeUnit. A store
	// may leave the other fields at their zero values, and list faster.
	Brief bool
}

// Validate returns an *InvalidError if a field breaks its rules, and nil otherwise.
func (o ListOptions) Validate() error {
	if err := ValidateDirectory(o.Directory); err != nil {
		return err
	}
	for _, bound := range []struct{ field, value string }{
		{"prefix", o.Prefix}, {"start_after", o.StartAfter}, {"end_before", o.EndBefore},
	} {
		if !utf8.ValidString(bound.value) {
			return &InvalidError{Field: bound.field, Rule: "a bound of a list must be valid UTF-8"}
		}
	}
	if o.Limit < 0 {
		return &InvalidError{Field: "limit", Rule: "a limit must not be negative"}
	}
	return nil
}

// Contains reports whether the Key of an entry is within Prefix, StartAfter and
// EndBefore. It does not check that the entry is in Directory.
func (o ListOptions) Contains(key string) bool {
	return strings.HasPrefix(key, o.Prefix) && (o.StartAfter == "" || key > o.StartAfter) && (o.EndBefore == "" || key < o.EndBefore)
}

// Overlaps reports whether an entry whose Key begins with start may be within Prefix,
// StartAfter and EndBefore. With the Key of a directory, it reports whether files below
// the directory may be.
func (o ListOptions) Overlaps(start string) bool {
	low := o.Low()
	return (low < start || strings.HasPrefix(low, start)) && !o.Ends(start)
}

// Ends reports whether the list has ended before key: neither key nor any Key that sorts
// after it is within Prefix and EndBefore.
func (o ListOptions) Ends(key string) bool {
	return o.EndBefore != "" && key >= o.EndBefore || key > o.Prefix && !strings.HasPrefix(key, o.Prefix)
}

// Low returns a lower bound of the list: no Key within Prefix and StartAfter sorts before
// it.
func (o ListOptions) Low() string { return max(o.Prefix, o.StartAfter) }
