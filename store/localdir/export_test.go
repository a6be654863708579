package localdir

// Exported for tests outside the package.
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
	ShortMode     = shortMode
)

// ReadJournal returns the parts of a partial file's journal, and the length of what is
// whole of it.
func ReadJournal(id string, data []byte) (parts map[int64]uint32, length int64, ok bool) {
	h, ok := readJournal(id, data)
	return h.Parts, h.Bytes, ok
}

// IsExact reports whether two names in the directory are known never to be one file.
func (d *Dir) IsExact() bool { return d.top.IsExact() }

// SetFetching sets what FetchBatch calls between the content of a file and its last check. Batches
// then handle one file after the other.
func (d *Dir) SetFetching(fetching func(name string)) { d.fetching, d.inOrder = fetching, true }

// SetPutting sets what PutBatch calls before it gives a file its name. Batches then handle one file
// after the other.
func (d *Dir) SetPutting(putting func(path string)) { d.putting, d.inOrder = putting, true }
