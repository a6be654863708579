// Package partfile writes a file in parts. A journal beside the file says which parts are
// whole, so that another process can resume the upload. store/disk and store/localdir keep
// their unfinished uploads with it.
//
// The data file has every part in its place: part n begins at n times the part size. The
// journal is a run of records: see history.go. The caller names, creates, opens, locks
// and removes both files, decides who may use them, and gives the journal's header its
// content.
//
// # Invariants
//
//  1. A part is in the journal only if all its bytes are in the data file and have the
//     recorded checksum. The record is written after the bytes; if the upload is durable,
//     after a sync of the data file, and the journal is synced before the part counts.
//  2. Before the first byte of a recorded part is overwritten, a record that voids the part
//     is in the journal; synced, if the upload is durable. So whenever the process or the
//     machine ends, each part in the journal has the recorded bytes. If the upload is not
//     durable, that holds only when the process ends: after a crash of the machine the
//     parts have to be read before they count. See Doubt and Rewrite.
//  3. A record counts only if it is whole. Its checksum covers the id of the journal, so
//     that the journal of another file is not taken for this one's, and its sequence
//     number, so that the rest of an older record is not taken for a newer one. The first
//     record that is not whole ends the journal. The caller cuts off such a torn tail, or
//     writes the journal anew, before a record is appended.
//  4. Each use of the files has an epoch, one more than the use before, and records it in
//     a header before it writes anything. Within a process, a newer use takes the Gate,
//     and so begins after the last write of the older use. Between processes, a lock of
//     the caller's does that.
//  5. A part has one writer. A newer writer of the part begins after the last write of the
//     older one, which fails from then on.
//  6. After a failed sync it is unknown what is on disk, and a second sync may succeed
//     without the bytes of the first. So a failed sync is a FinalError, and so is a failed
//     write to the journal that cannot be taken back: nothing succeeds after it. Other
//     failures leave everything as it was before.
//  7. The data file grows as it is written; no space is allocated ahead. Zeros that a writer
//     gets as a number are not written: the file grows over them, and bytes that an older
//     writer may have left there are cleared before the part can be whole. Bytes that an
//     older writer left behind the end of the file are cut off before the file is
//     committed: see Trim.
//  8. A tail is the beginning of a part that is not whole. It is in the journal only if its
//     bytes are in the data file and have the recorded checksum, by the rules of parts. The
//     part is then continued behind the tail, without another record: until the next tail, or
//     the whole part, is in the journal, the recorded bytes stay as they are. The rule for the
//     first byte of a part, invariant 2, applies to a tail too.
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
	WriteAt  func(file rootfs.File, offset int64, pieces ...[]byte) (int, error)
	Sync     func(file rootfs.File) error
	Truncate func(file *os.File, size int64) error
	// Clear makes a range of a file read as zeros, and keeps the size of the file.
	Clear func(file *os.File, offset, length int64) error
}

// RealSystem is the operating system.
func RealSystem() System {
	return System{WriteAt: rootfs.WriteAt, Sync: rootfs.File.Sync, Truncate: (*os.File).Truncate, Clear: rootfs.Clear}
}

// Space keeps account of the room that a file takes. Its errors end the call that asked.
type Space interface {
	// Resume is called before a part is begun or written to.
	Resume() error
	// Grow is called before a part of so many bytes is begun in a file of unknown size.
	Grow(bytes int64) error
	// Spend is called before each write, with how many bytes of room it may take: those
	// that go beyond all that the part ever had, but all of them if the part may have
	// holes, and none for zeros. They are at most 0 if the write takes no room.
	Spend(bytes int64) error
	// Used is called after each write, with how many bytes the part has more than it ever
	// had; at least 0. Zeros are among them only in a file of known size. In others the
	// zeros keep what Grow was called with, which bounds the number of parts: otherwise
	// tiny messages could add parts to a file without end.
	Used(bytes int64)
}

// Config says how a File behaves. All but Space, Settle, Shorten and Ended must be set.
type Config struct {
	System System
	// Path is what messages call the file.
	Path string
	// Size is the length of the file in bytes; nil while that is not known.
	Size *int64
	// PartSize is the length in bytes of all parts but the last.
	PartSize int64
	// Durable reports whether parts have to survive a crash of the machine, and not only
	// the end of the process. It is called while the Gate is held.
	Durable func() bool
	// Background makes a goroutine sync a group of parts, when the group has 32 MiB, or
	// GroupDelay after its first part. If Background is false, the Close of a part does
	// that: if the file is Durable, the Close that completes 32 MiB; otherwise each.
	Background bool
	// Space may be nil.
	Space Space
	// Settle makes the two files durable entries of their directory. It is nil if parts
	// count without that.
	Settle func() error
	// Explain makes an error of the operating system one of the store. op is the operation
	// that failed, such as "write".
	Explain func(op string, err error) error
	// Shorten replaces a journal that has become long by one without what no longer counts,
	// with Rewrite. CloseTail calls it, without the Gate, when the journal has reached its
	// limit. It may be nil.
	Shorten func() error
	// Ended is called once, after the first FinalError, while the Gate is held.
	Ended func()
}

// File is a data file that is written in parts, with a journal if it can be resumed. Methods
// may be called from any goroutine. Some may be called only while the caller holds the Gate;
// their comments say so.
type File struct {
	config Config

	// Gate is held for reading while a part is begun or written. The caller that commits,
	// resumes or ends the upload holds it alone: so no byte is written to a file that is
	// visible, or for an upload that is over. It guards the open files.
	Gate sync.RWMutex

	data    *os.File
	journal *Journal
	// doubted is true if parts have to be read before they count.
	doubted bool
	// settled is true once both files are durable entries of their directory.
	settled atomic.Bool

	// writing is held while data is written to.
	writing sync.Mutex
	// flushing is held while a group is synced.
	flushing sync.Mutex
	// groups shares the syncs of parts that were closed since the last sync.
	groups sharedsync.Syncer

	mu sync.Mutex
	// failed is the first FinalError.
	failed error
	parts  map[int64]*part
	// stale is true if the data file may have bytes of parts that are not in memory.
	stale bool
	// tail is the one that the journal has; nil for none. filled is true while its part is
	// whole and not yet in the journal.
	tail   *Tail
	filled bool
	// partsAtDrop is how many parts were left when unfinished parts were last dropped.
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

// Open sets the open files, which f closes. journal is nil if the file cannot be resumed.
// The caller holds the Gate alone, or has not shared f yet.
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

// Close closes the open files, and stops the timer of the next group. The caller holds the
// Gate alone.
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

// Failure returns the first FinalError, without its mark; nil if there was none.
func (f *File) Failure() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.failed
}

// FinalError is a failure after which nothing may be tried again with the same files. A
// second sync can succeed although the first lost data, and a data file that was renamed no
// longer belongs to the upload.
type FinalError struct{ Err error }

// Error implements error.
func (e FinalError) Error() string { return e.Err.Error() }

// Unwrap returns the failure.
func (e FinalError) Unwrap() error { return e.Err }

// Fail ends the file for good if err is a FinalError, and returns the first such error. It
// returns other errors as they are. The caller holds the Gate, at least for reading.
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

// Trim cuts off bytes behind the end of the file. They were written by a writer that was
// followed by another one, which wrote less. The caller holds the Gate alone.
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
