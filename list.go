package tranship

import (
	"strings"
	"unicode/utf8"
)

// ListOptions says what to list. The zero value lists a store's top level.
//
// Prefix, StartAfter and EndBefore are compared with Entry.Key, bytewise: with whole
// paths from the root of the store, whatever Directory is. A store reads no directory in
// which they leave nothing. For a list as object stores have it, of the keys with a
// prefix and with or without '/' as the delimiter, Directory is what Prefix has before
// its last '/', and Recursive is set without a delimiter.
//
// A list is read in pages when each has a Limit, and the Key of its last entry is the
// StartAfter of the next. No page costs much more than its entries, however large the
// directory is; a directory that changes between two pages is read again. What comes or
// goes between two pages is in the list or not by its Key, as if the pages were one list.
type ListOptions struct {
	// Directory is where to list; "" is the root.
	Directory string
	// Recursive lists all files below the directory and no directories.
	// Otherwise the list has the directory's own files and, as one entry each,
	// the directories in it that have files below them, or may have some where they
	// cannot be read.
	Recursive bool
	// Prefix, when not empty, leaves only the entries whose Key begins with it. It may
	// end in the middle of a name. A directory's Key ends in '/', and is compared as a
	// whole: without Recursive, the entry of a directory a does not begin with "a/b".
	Prefix string
	// StartAfter, when not empty, skips all entries whose Key does not sort after
	// it, and what is left out alike.
	StartAfter string
	// EndBefore, when not empty, ends the list before the first entry whose Key does not
	// sort before it, and what is left out alike.
	EndBefore string
	// Limit, when not 0, ends the list after so many entries. What is left out does not
	// count.
	Limit int
	// ReportSkipped: the list goes on past what it leaves out, and yields a
	// *SkippedError for it. Otherwise what has no valid path, and what is not a
	// file, is left out silently, and what cannot be read ends the list.
	ReportSkipped bool
}

// Validate reports whether a store may list with the options. The error is an
// *InvalidError.
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

// Contains reports whether an entry with this Key, of the listed directory, is within
// Prefix, StartAfter and EndBefore.
func (o ListOptions) Contains(key string) bool {
	return strings.HasPrefix(key, o.Prefix) && (o.StartAfter == "" || key > o.StartAfter) && (o.EndBefore == "" || key < o.EndBefore)
}

// Overlaps reports whether an entry whose Key begins with start may be within Prefix,
// StartAfter and EndBefore. For the Key of a directory, it tells whether files below the
// directory may be.
func (o ListOptions) Overlaps(start string) bool {
	low := o.Low()
	return (low < start || strings.HasPrefix(low, start)) && !o.Ends(start)
}

// Ends reports whether neither this Key nor one that sorts after it is within Prefix and
// EndBefore.
func (o ListOptions) Ends(key string) bool {
	return o.EndBefore != "" && key >= o.EndBefore || key > o.Prefix && !strings.HasPrefix(key, o.Prefix)
}

// Low is a bound of the keys within Prefix and StartAfter: none sorts before it.
func (o ListOptions) Low() string { return max(o.Prefix, o.StartAfter) }
