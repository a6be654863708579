// Package disk keeps files in a directory, each as an ordinary file at its path,
// so that the directory can be read, filled and edited by hand as well.
//
// What is not a file of the store is never touched: symbolic links, which are followed
// nowhere, special files, and names that are no valid paths. Of these, and of directories
// that cannot be read, nothing is visible but that lists report them, by path and kind,
// as left out. A file has one path, the one under which its directory lists it, also
// where the file system finds it under others.
//
// The store's own state is in ".tranship" below the directory, which no path reaches. It
// is known by device and inode: no path reaches it either when it is renamed, moved or
// mounted elsewhere below the directory, or by another spelling of its name. The same
// holds for its directories, and for its files but those of unfinished uploads, also
// under other hard links. A new file is made there, synced, and renamed into place.
//
// A file's version, checksum and metadata are in one extended attribute,
// "user.tranship", with a stamp of size and modified time. A file without it, or
// with another stamp, was put there or edited by hand: then its version is derived
// from inode, size and times, and its checksum is not known. Where the file system
// has no extended attributes, all files are like that: metadata is refused, and
// SetAttributes and Move change the version.
//
// An upload with a resume key is two files there: its data, every part in its place,
// and a journal of which parts are whole. A part is in the journal only after its
// data was synced, and out of it again before it is overwritten; so Open takes up
// what a dead process or machine left, and never with bytes that differ from their
// checksum. What has no resume key is removed by Open.
package disk

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"sync"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/commits"
	"github.com/tranship/tranship/internal/keyedlock"
	"github.com/tranship/tranship/internal/rootfs"
	"github.com/tranship/tranship/internal/sharedsync"
)

// Options configure a store. The zero value is useful.
type Options struct {
	// Logger gets warnings and errors for whoever runs the store; nil: none.
	Logger *slog.Logger
	// Durability is what specs with DurabilityDefault, and changes that have no
	// spec, get; by default DurabilityDurable.
	Durability tranship.Durability
	// MinDurability raises what specs ask for.
	MinDurability tranship.Durability
	// MinFreeBytes is space on the file system that uploads must leave free.
	MinFreeBytes int64
	// MinPartSize is the length of an upload's parts in bytes, as long as that
	// cuts it into fewer than 2,000: a power of two from 1 MiB to 64 MiB; 0
	// means DefaultMinPartSize, and 8 MiB where the size is not known.
	MinPartSize int64
	// UploadExpiry is after how long without a write an unfinished upload is
	// removed; 0 means DefaultUploadExpiry.
	UploadExpiry time.Duration
	// RememberedCommits is how many commits of resumable uploads are remembered for
	// each owner, the latest ones; 0 means commits.DefaultPerOwner, 500. Each takes a
	// file in the state directory until the file that it made has gone, or a day.
	RememberedCommits int
	// ModeMask are permission bits that no file gets by this store: they are taken
	// out of the mode that a spec or SetAttributes asks for, out of that of the source
	// of a copy, and out of the default. File.Mode is what is left. A file that is moved,
	// or was put into the directory by hand, keeps its mode. It holds when a file is
	// made, also for uploads that were begun with another mask. 0 takes out nothing.
	ModeMask fs.FileMode

	// unknownPartSize is the length of parts where the size is not known.
	unknownPartSize int64
}

// Lengths of parts, in bytes.
const (
	DefaultMinPartSize = 1 << 20
	maxPartSize        = 64 << 20
	// unknownPartSize is for uploads of unknown size: they may become large, and
	// are not resumed.
	unknownPartSize = 8 << 20
)

func (o Options) withDefaults() (Options, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Durability == tranship.DurabilityDefault {
		o.Durability = tranship.DurabilityDurable
	}
	o.unknownPartSize = o.MinPartSize
	if o.MinPartSize == 0 {
		o.MinPartSize, o.unknownPartSize = DefaultMinPartSize, unknownPartSize
	}
	if o.UploadExpiry == 0 {
		o.UploadExpiry = DefaultUploadExpiry
	}
	switch size := o.MinPartSize; {
	case size < 1<<20 || size > maxPartSize || size&(size-1) != 0:
		return o, fmt.Errorf("disk: the minimum part size must be a power of two from 1 MiB to 64 MiB, not %d bytes", size)
	case o.MinFreeBytes < 0:
		return o, fmt.Errorf("disk: the free space to keep must not be negative, not %d bytes", o.MinFreeBytes)
	case o.RememberedCommits < 0:
		return o, fmt.Errorf("disk: the number of remembered commits must not be negative, not %d", o.RememberedCommits)
	case o.ModeMask&^fs.ModePerm != 0:
		return o, fmt.Errorf("disk: the mode mask must be within 0777, not %#o", uint32(o.ModeMask))
	case o.UploadExpiry < 0:
		return o, fmt.Errorf("disk: the expiry of uploads must not be negative, not %s", o.UploadExpiry)
	case max(o.Durability, o.MinDurability) > tranship.DurabilityDurable:
		return o, errors.New("disk: unknown durability")
	}
	return o, nil
}

// Store keeps files in a directory. Its process owns the directory while it is
// open: no other store may.
type Store struct {
	options Options
	system  system
	root    *rootfs.Dir
	// directories are those below root.
	directories *rootfs.Cache
	state       *state
	// attributes tells whether the file system has extended attributes.
	attributes bool
	times      timeRange
	space      *space
	paths      keyedlock.Locks
	// placing is held while a file is renamed to a name that may have other spellings,
	// which paths does not know.
	placing sync.Mutex
	// begins has the paths of resumable uploads that are being begun.
	begins  keyedlock.Locks
	syncer  sharedsync.Syncer
	settled settlements
	owners  owners
	// keptNames has names of large directories that were listed just now.
	keptNames *nameCache
	turns     turns

	// reportGone logs once that the directory is.
	reportGone sync.Once

	// stop ends the sweeper, which is in sweeping.
	stop     chan struct{}
	sweeping sync.WaitGroup

	mu sync.Mutex
	// sessions by their ids, and those of them that can be resumed.
	sessions  map[string]*session
	resumable map[resumption]*session
	// commits are those that are remembered.
	commits commits.Book[*session]
	// stale are sessions to forget that were in use when their time came.
	stale  []*session
	closed bool
}

var (
	_ tranship.Store        = (*Store)(nil)
	_ tranship.UploadFinder = (*Store)(nil)
)

// Open opens the store in a directory, which must exist. It creates nothing but
// the state directory in it, takes up the resumable uploads that it finds there,
// and removes what others left.
func Open(directory string, options Options) (*Store, error) {
	return open(directory, options, realSystem())
}

func open(directory string, options Options, system system) (*Store, error) {
	options, err := options.withDefaults()
	if err != nil {
		return nil, err
	}
	root, err := system.open(directory)
	if err != nil {
		return nil, fmt.Errorf("disk: %w", err)
	}
	state, err := openState(root, system)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("disk: %s: %w", directory, err), root.Close())
	}
	s := &Store{
		options: options,
		system:  system,
		root:    root,
		state:   state,

		directories: rootfs.NewCache(root),
		keptNames:   newNameCache(system.now),
		turns:       newTurns(),
		space:       &space{least: options.MinFreeBytes, free: func() (int64, error) { return system.free(root) }},
		stop:        make(chan struct{}),

		sessions:  make(map[string]*session),
		resumable: make(map[resumption]*session),
		commits:   commits.Book[*session]{PerOwner: options.RememberedCommits},
	}
	s.syncer.Sync = s.syncDirectory
	if err := s.probeAttributes(); err != nil {
		return nil, errors.Join(fmt.Errorf("disk: %s: %w", directory, err), s.Close())
	}
	if !s.attributes {
		options.Logger.Warn("this file system has no extended attributes: versions change more often than contents, checksums are not kept, and metadata is refused",
			"directory", directory)
	}
	if err := s.recover(); err != nil {
		return nil, errors.Join(fmt.Errorf("disk: %s: unfinished uploads: %w", directory, err), s.Close())
	}
	s.sweep()
	s.sweeping.Go(func() { s.sweepUntil(s.stop) })
	return s, nil
}

// probeAttributes finds out whether the file system has extended attributes.
func (s *Store) probeAttributes() error {
	probe, err := s.newDraft()
	if err != nil {
		return err
	}
	err = s.system.setxattr(probe.file, attributeName, record{version: "probe"}.encode())
	s.attributes = err == nil
	if errors.Is(err, errors.ErrUnsupported) {
		err = nil
	}
	return errors.Join(err, probe.discard())
}

// Close detaches resumable uploads, aborts the others, and gives the directory free
// for another store. Files that are open for reading stay open; all else is
// ErrUnavailable from then on. A second Close does nothing.
func (s *Store) Close() error {
	s.mu.Lock()
	closed := s.closed
	s.closed = true
	s.mu.Unlock()
	if closed {
		return nil
	}
	close(s.stop)
	s.sweeping.Wait()
	var errs []error
	for _, open := range s.allSessions() {
		errs = append(errs, open.close())
	}
	s.directories.Close()
	s.keptNames.close()
	return errors.Join(append(errs, s.state.close(), s.root.Close())...)
}

// durability is what a spec's is here.
func (s *Store) durability(asked tranship.Durability) tranship.Durability {
	if asked == tranship.DurabilityDefault {
		asked = s.options.Durability
	}
	return max(asked, s.options.MinDurability)
}
