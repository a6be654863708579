package partfile

import (
	"os"
	"sync"

	"github.com/tranship/tranship"
)

// Journal is the file beside the data of an upload that outlives the process: history.go
// has its format.
type Journal struct {
	system System
	id     string
	// limit bounds bytes.
	limit int64

	// mu is held from a look at what the journal has of a part until the record that
	// follows from it is appended.
	mu   sync.Mutex
	file *os.File
	// records are in bytes bytes of the file.
	records uint64
	bytes   int64
}

// NewJournal returns an empty journal for a file of size bytes, without an open file. No
// other journal may have its id.
func NewJournal(system System, id string, size, partSize int64) *Journal {
	return &Journal{system: system, id: id, limit: JournalLimit(size, partSize)}
}

// Open sets the open file, which belongs to the journal from then on.
func (j *Journal) Open(file *os.File) { j.file = file }

// Close closes the open file.
func (j *Journal) Close() error { return j.file.Close() }

// Continue makes j go on behind the records of a history.
func (j *Journal) Continue(h *History) { j.records, j.bytes = h.Records, h.Bytes }

// Bytes is how many bytes of the file are in whole records.
func (j *Journal) Bytes() int64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.bytes
}

// IsLong reports whether the journal should be written anew, because much of it no longer
// counts.
func (j *Journal) IsLong() bool { return j.Bytes() > j.limit/2 }

// errLong means that a journal has reached its limit.
var errLong error = &tranship.LimitError{Limit: tranship.LimitPartRestarts, Rule: "parts of this upload were begun again too often: resume it"}

// Append appends records in one write, and syncs them if durable is set. After a FinalError it
// is unknown what is on disk. After another error the journal is as it was before.
func (j *Journal) Append(durable bool, entries ...Entry) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.appendLocked(durable, entries...)
}

func (j *Journal) appendLocked(durable bool, entries ...Entry) error {
	var b []byte
	for i, e := range entries {
		b = AppendRecord(b, j.id, j.records+uint64(i), e)
	}
	if j.bytes+int64(len(b)) > j.limit {
		return errLong
	}
	if _, err := j.system.WriteAt(j.file, j.bytes, b); err != nil {
		if failed := j.system.Truncate(j.file, j.bytes); failed != nil {
			return FinalError{err}
		}
		return err
	}
	j.bytes += int64(len(b))
	j.records += uint64(len(entries))
	if durable {
		if err := j.system.Sync(j.file); err != nil {
			return FinalError{err}
		}
	}
	return nil
}
