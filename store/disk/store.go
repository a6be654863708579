// Package disk is a store that keeps files in a directory, each as an ordinary file at its
// path, so that the directory can also be read, filled and edited by hand.
//
// The store never touches symbolic links, which it does not follow anywhere, special files,
// and names that do not make valid paths. They are not visible, and neither are directories
// that cannot be read, but lists can report them, by path and kind, as skipped. A file has
// exactly one path: the one under which its directory lists it, even if the file system also
// finds it under other spellings.
//
// The store's own state is in ".tranship" below the directory, which no path reaches. The
// store recognizes it by device and inode, so that no path reaches it either after it was
// renamed, moved or mounted elsewhere below the directory, or by another spelling of its name.
// The same holds for the directories and files in it, also under other hard links, except for
// the files of unfinished uploads and of the server's state. A new file is written there, synced,
// and then renamed to its path.
//
// The version, checksum and metadata of a file are in one extended attribute, "user.tranship",
// with a stamp of size and modified time. A file without the attribute, or with another stamp,
// was created or edited by hand: its version is derived from inode, size and times, and its
// checksum is unknown. On a file system without extended attributes, this holds for all files:
// the store refuses metadata, and SetAttributes and Move change the version.
//
// An upload with a resume key consists of two files in the state directory: its data, with
// every part at its offset, and a journal of the complete parts. A part is added to the journal
// only after its data was synced, and removed from it before the part is overwritten.
// Therefore Open can resume uploads after a crash or a power loss, and never with bytes that
// do not match their checksum. Open removes uploads without a resume key.
//
// One Store has a directory open at a time, because locks, unfinished uploads and caches are in
// its memory. The server's state, the values of a tranship.StateStore, has no such limit:
// OpenState opens it beside the Store, in any number of processes, and so does OpenFiles the files
// for reading.
package disk

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/commits"
	"github.com/tranship/tranship/internal/keyedlock"
	"github.com/tranship/tranship/internal/rootfs"
	"github.com/tranship/tranship/internal/sharedsync"
)

// Store keeps files in a directory. It locks the directory while it is open, so that no other
// Store can open it. It is safe for concurrent use.
type Store struct {
	options Options
	system  system
	root    *rootfs.Dir
	// directories caches open directories below root.
	directories *rootfs.Cache
	state       *state
	// attributes is set if the file system has extended attributes.
	attributes  bool
	recordSizes recordSizes
	// lostAttributes is set if the directory was copied without its extended attributes.
	lostAttributes bool
	// setsModes is set if the file system is known to let the store set modes.
	setsModes bool
	// timeless is set if the file system does not let the store set modified times. timeUnit
	// is the unit to which it rounds them; 0 if it keeps microseconds.
	timeless bool
	timeUnit time.Duration
	// exactTimes is set if the file system keeps nanoseconds of the times that filetime.IsSafe
	// reports. exactDevice is then its number, and 0 otherwise: another one may be mounted in a
	// directory.
	exactTimes  bool
	exactDevice uint64
	times       timeRange
	space       *space
	paths       keyedlock.Locks
	// renaming is held while a file is renamed to a name that may have other spellings,
	// which paths does not cover.
	renaming sync.Mutex
	// begins has the paths of resumable uploads that are being begun.
	begins     keyedlock.Locks
	syncer     sharedsync.Syncer
	entrySyncs entrySyncs
	owners     owners
	// keptNames has the names of large directories that were listed recently.
	keptNames *nameCache
	turns     turns
	// values are those of the StateStore.
	values *values

	// reportGone makes the store log only once that its directory was removed.
	reportGone sync.Once
	// location is the absolute path of the directory; "" if it is unknown. lost is set
	// while another directory, or none, is there.
	location string
	lost     atomic.Bool

	// stop ends the goroutine that sweeps, for which sweeping waits.
	stop     chan struct{}
	sweeping sync.WaitGroup

	mu sync.Mutex
	// sessions has all sessions by their ids, and resumable those that can be resumed.
	sessions  map[string]*session
	resumable map[resumption]*session
	// commits has the remembered commits.
	commits commits.Book[*session]
	// stale has sessions that forget could not lock, for its next call.
	stale  []*session
	closed bool
}

var (
	_ tranship.Store        = (*Store)(nil)
	_ tranship.UploadFinder = (*Store)(nil)
)

// Open opens the store in a directory, which must exist. It creates only the state directory
// in it, unless Options.MustExist forbids that, recovers the resumable uploads of an earlier
// process, and removes the others. The caller must call Close.
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
	state, err := openState(root, system, options.MustExist)
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
		values:      newValues(system, root, state.dir),
		space:       &space{least: options.MinFreeBytes, free: func() (int64, error) { return system.free(root) }},
		stop:        make(chan struct{}),
		location:    location(directory),

		sessions:  make(map[string]*session),
		resumable: make(map[resumption]*session),
		commits:   commits.Book[*session]{PerOwner: options.RememberedCommits},
	}
	s.syncer.Sync = s.syncDirectory
	if err := s.probe(); err != nil {
		return nil, errors.Join(fmt.Errorf("disk: %s: %w", directory, err), s.Close())
	}
	if err := s.checkMarker(directory); err != nil {
		return nil, errors.Join(fmt.Errorf("disk: %s: %w", directory, err), s.Close())
	}
	if !s.attributes {
		options.Logger.Warn("this file system has no extended attributes: versions change more often than contents, checksums are not kept, and metadata is refused",
			"directory", directory)
	}
	if state.isNew {
		options.Logger.Info("the directory had no store: a new one was made", "directory", directory)
	}
	if s.timeless {
		options.Logger.Warn("this file system does not let a program set modified times: "+s.timelessEffect(), "directory", directory)
	}
	if err := s.values.hideAll(context.Background()); err != nil {
		return nil, errors.Join(fmt.Errorf("disk: %s: the server's state: %w", directory, err), s.Close())
	}
	if err := s.recover(); err != nil {
		return nil, errors.Join(fmt.Errorf("disk: %s: unfinished uploads: %w", directory, err), s.Close())
	}
	s.sweep()
	s.sweeping.Go(func() { s.sweepUntil(s.stop) })
	return s, nil
}

// location returns the absolute path of a directory; "" if it cannot be known.
func location(directory string) string {
	absolute, err := filepath.Abs(directory)
	if err != nil {
		return ""
	}
	return absolute
}

// probe finds out whether the file system has extended attributes, and which times it keeps.
func (s *Store) probe() error {
	probe, err := s.newShortDraft(plainDraftMode)
	if err != nil {
		return err
	}
	if err := s.probeTimes(probe); err != nil {
		return errors.Join(err, probe.discard())
	}
	s.setsModes = s.system.chmod(probe.file, plainDraftMode) == nil
	err = s.system.setxattr(probe.file, attributeName, record{version: "probe"}.encode())
	s.attributes = err == nil
	if errors.Is(err, errors.ErrUnsupported) {
		err = nil
	}
	return errors.Join(err, probe.discard())
}

// Close detaches resumable uploads, aborts the others, and unlocks the directory. Files that
// are open for reading stay open. All other calls fail with tranship.ErrUnavailable
// afterwards. A second Close does nothing.
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
	return errors.Join(append(errs, s.values.close(), s.state.close(), s.root.Close())...)
}

// durability returns the effective durability of a spec that asks for asked.
func (s *Store) durability(asked tranship.Durability) tranship.Durability {
	if asked == tranship.DurabilityDefault {
		asked = s.options.Durability
	}
	return max(asked, s.options.MinDurability)
}
