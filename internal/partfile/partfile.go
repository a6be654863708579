// Package partfile writes a file in parts, and remembers in a journal beside it which
// parts are whole, so that another process can go on where one ended. store/disk and
// store/localdir keep their unfinished uploads with it.
//
// The data file has every part in its place: part n begins at n times the part size. The
// journal is a run of records: see history.go. The caller names, creates, opens, locks
// and removes both files, decides who may use them, and gives the journal's header its
// content.
//
// # What holds
//
//  1. A part is in the journal only if all its bytes are in the data file and have the
//     recorded checksum. The record is written after the bytes; if the upload is durable,
//     after a sync of the data file, and the journal is synced before the part counts.
//  2. Before the first byte of a recorded part is overwritten, a record that voids the part
//     is in the journal; synced, if the upload is durable. So at every moment, whatever a
//     process or machine leaves behind, a part that the journal has is what it says.
//     If the upload is not durable, that holds for the end of the process alone: after a
//     crash of the machine the parts have to be read before they count. See Doubt and
//     Sound.
//  3. A record is whole or is not there. Its checksum covers the journal's id, so that the
//     journal of another file is not taken for this one's, and its sequence number, so
//     that what an older record left is not taken for a newer one. The first record that
//     is not whole ends the journal, and the next record takes its place: the caller cuts
//     off the torn tail, or writes the journal anew, before anything is appended.
//  4. Each use of the files has an epoch of its own, one more than the one before, which
//     it records in a header before it writes anything. Within a process, a newer use
//     takes the Gate, and so begins after the last write of the older one. Between
//     processes, the caller's lock does that.
//  5. A part has one writer. A newer writer of the part begins after the last write of the
//     older one, which fails from then on.
//  6. After a failed sync it is not known what is on disk, and a second sync may succeed
//     without the bytes of the first. So a failed sync, and a write to the journal that
//     cannot be taken back, is a FinalError: nothing succeeds after it. Other failures
//     leave everything as it was before.
//  7. The data file takes room as it is written; nothing is allocated ahead. Bytes that
//     an older writer left behind the end of a part are cut off, or overwritten, before
//     the file is committed: see Trim.
package partfile

import (
	"errors"
	"fmt"
	"math"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tranship/tranship/internal/rootfs"
	"github.com/tranship/tranship/internal/sharedsync"
)

// System is what a File asks of the operating system where tests make it fail.
type System struct {
	WriteAt  func(file *os.File, offset int64, pieces ...[]byte) (int, error)
	Sync     func(file *os.File) error
	Truncate func(file *os.File, size int64) error
}

// RealSystem is the operating system.
func RealSystem() System {
	return System{WriteAt: rootfs.WriteAt, Sync: (*os.File).Sync, Truncate: (*os.File).Truncate}
}

// Space keeps account of the room that a file takes. Its errors end the call that asked.
type Space interface {
	// Resume is called before a part is begun or written to.
	Resume() error
	// Grow is called before a part of so many bytes is begun in a file of unknown size.
	Grow(bytes int64) error
	// Spend is called before a write after which a part has so many bytes more than it
	// ever had; at most 0 if it has not.
	Spend(bytes int64) error
	// Used is called after such a write, with at least 0 bytes.
	Used(bytes int64)
}

// Config says how a File behaves. All but Space, Settle and Ended must be set.
type Config struct {
	System System
	// Path is what messages call the file.
	Path string
	// Size is the length of the file in bytes; nil while that is not known.
	Size *int64
	// PartSize is the length in bytes of all parts but the last.
	PartSize int64
	// Durable reports whether the file is to survive the end of the machine, and not
	// only that of the process. It is called while the Gate is held.
	Durable func() bool
	// Background: groups of parts are synced by a goroutine when they have groupBytes, or
	// groupDelay after their first part. Otherwise the Close of a part does that: if the
	// file is Durable, of the one that completes groupBytes, else of each.
	Background bool
	// Space is nil if no account is kept.
	Space Space
	// Settle makes the two files durable entries of their directory, if that has to be so
	// before a part counts.
	Settle func() error
	// Explain makes an error of the operating system one of the store. op is what could
	// not be done to Path, such as "write".
	Explain func(op string, err error) error
	// Ended is called once, after the first FinalError, while the Gate is held.
	Ended func()
}

// File is a data file that is written in parts, with a journal if it is to be resumed.
// Methods may be called from any goroutine; those that say so only while the caller holds
// the Gate.
type File struct {
	config Config

	// Gate is held for reading while a part is begun or written. The caller that commits,
	// resumes or ends the upload holds it alone: so no byte is written to a file that is
	// visible, or for an upload that is over. It guards the open files.
	Gate sync.RWMutex

	data    *os.File
	journal *Journal
	// doubted: parts have to be read before they count.
	doubted bool
	// settled: both files are durable entries of their directory.
	settled atomic.Bool

	// writing is held while data is written to.
	writing sync.Mutex
	// flushing is held while a group is synced.
	flushing sync.Mutex
	// groups are the syncs of what was closed since the last one.
	groups sharedsync.Syncer

	mu sync.Mutex
	// failed is why nothing can succeed any more.
	failed error
	parts  map[int64]*part
	// partsAtDrop is how many parts were left when unfinished ones were dropped last.
	partsAtDrop int
	// pending are parts that are closed and not yet in the journal.
	pending      []closedPart
	pendingBytes int64
	timer        *time.Timer
}

// New returns a File without open files.
func New(config Config) *File {
	f := &File{config: config, parts: make(map[int64]*part)}
	f.groups.Sync = func(string) error { return f.syncGroup() }
	return f
}

// Open sets the open files, which f closes. journal is nil if the file is not to be
// resumed. The caller holds the Gate alone, or has not shared f yet.
func (f *File) Open(data *os.File, journal *Journal) { f.data, f.journal = data, journal }

// Data is the open data file; nil if it is closed. The caller holds the Gate.
func (f *File) Data() *os.File { return f.data }

// Journal is the journal; nil if there is none. The caller holds the Gate.
func (f *File) Journal() *Journal { return f.journal }

// PartSize is the length in bytes of all parts but the last.
func (f *File) PartSize() int64 { return f.config.PartSize }

// Size is the length of the file in bytes, or the largest there can be.
func (f *File) Size() int64 {
	if f.config.Size != nil {
		return *f.config.Size
	}
	return math.MaxInt64
}

// length is that of a part.
func (f *File) length(number int64) int64 {
	return min(f.config.PartSize, f.Size()-number*f.config.PartSize)
}

// Close stops what is under way in the background, and closes the open files. The caller
// holds the Gate alone.
func (f *File) Close() error {
	f.stopTimer()
	var errs []error
	if f.data != nil {
		errs = append(errs, f.data.Close())
		f.data = nil
	}
	if f.journal != nil && f.journal.file != nil {
		errs = append(errs, f.journal.file.Close())
		f.journal.file = nil
	}
	return errors.Join(errs...)
}

// Suspend makes durable what is whole, forgets the rest, and closes the open files until
// the caller opens them again. The caller holds the Gate alone.
func (f *File) Suspend() error {
	err := f.Flush()
	f.ForgetUnrecorded()
	if failed := f.Close(); failed != nil {
		err = errors.Join(err, f.config.Explain("close", failed))
	}
	return err
}

// Failure is why nothing can succeed any more; nil as long as something can.
func (f *File) Failure() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.failed
}

// FinalError is a failure after which nothing may be tried again with the same files: a
// second sync can succeed although the first lost data, and a data file that was renamed
// is none any more.
type FinalError struct{ Err error }

// Error implements error.
func (e FinalError) Error() string { return e.Err.Error() }

// Unwrap returns the failure.
func (e FinalError) Unwrap() error { return e.Err }

// Fail ends the file for good if err is a FinalError, and returns the first of those; other
// errors it returns as they are. The caller holds the Gate, at least for reading.
func (f *File) Fail(err error) error {
	final, ok := errors.AsType[FinalError](err)
	if !ok {
		return err
	}
	f.mu.Lock()
	first := f.failed == nil
	if first {
		f.failed = final.Err
	}
	err = f.failed
	f.mu.Unlock()
	if first && f.config.Ended != nil {
		f.config.Ended()
	}
	return err
}

// Trim cuts off what writers wrote behind the end that were followed by ones that wrote
// less. The caller holds the Gate alone.
func (f *File) Trim(size int64) error {
	info, err := f.data.Stat()
	if err != nil {
		return f.config.Explain("look at the upload of", err)
	}
	if info.Size() < size {
		return fmt.Errorf("the upload of %s has %d bytes on disk, not %d", f.config.Path, info.Size(), size)
	}
	if info.Size() == size {
		return nil
	}
	if err := f.config.System.Truncate(f.data, size); err != nil {
		return f.config.Explain("cut the upload of", err)
	}
	return nil
}
