package localdir

import (
	"io"
)

// What tests outside the package know of its files.
const (
	LeastPart       = leastPart
	TemporaryPrefix = temporaryPrefix
	TemporarySuffix = temporarySuffix
	PartialSuffix   = partialSuffix
	JournalSuffix   = journalSuffix
	Temporaries     = temporaries
	Partials        = partials
	ChangedName     = changedName
)

var (
	HiddenName    = hiddenName
	PartialName   = partialName
	TemporaryName = temporaryName
	IsShared      = isShared
	IsPrivate     = isPrivate
)

// ReadJournal returns the parts of a journal, and the length of what is whole of it.
func ReadJournal(r io.Reader) (parts map[int]uint32, length int64, err error) {
	j, length, err := readJournal(r)
	return j.parts, length, err
}

// IsExact reports whether two names in the directory are known never to be one file.
func (d *Dir) IsExact() bool { return d.top.IsExact() }
