package disk

import (
	"fmt"
	"os"
	"sync"

	"github.com/tranship/tranship"
)

// journal is the file beside the data of a resumable upload that outlives the
// process: history.go has its format. Whoever compares what it says with what is
// about to happen holds mu.
type journal struct {
	mu     sync.Mutex
	system system
	id     string
	// limit bounds bytes.
	limit int64
	file  *os.File
	// records are in bytes bytes of the file.
	records uint64
	bytes   int64
}

// append writes records in one go, and syncs them if they are to be durable. After
// a finalError nobody knows what is on disk; after another, it is as before. The
// caller holds mu.
func (j *journal) append(durable bool, entries ...entry) error {
	var b []byte
	for i, e := range entries {
		b = appendRecord(b, j.id, j.records+uint64(i), e)
	}
	if j.bytes+int64(len(b)) > j.limit {
		return fmt.Errorf("%w: parts of this upload were begun again too often: resume it", tranship.ErrLimit)
	}
	if _, err := j.system.writeAt(j.file, j.bytes, b); err != nil {
		if failed := j.system.truncate(j.file, j.bytes); failed != nil {
			return finalError{err}
		}
		return err
	}
	j.bytes += int64(len(b))
	j.records += uint64(len(entries))
	if durable {
		if err := j.system.sync(j.file); err != nil {
			return finalError{err}
		}
	}
	return nil
}
