// Package disk keeps files in a directory, each as an ordinary file at its path,
// so that the directory can be read, filled and edited by hand as well.
//
// What is not a file of the store is not visible and never touched: symbolic
// links, which are followed nowhere, special files, and names that are no valid
// paths. The store's own state is in ".tranship" below the directory, which no
// path reaches. A new file is made there, synced, and renamed into place.
//
// A file's version, checksum and metadata are in one extended attribute,
// "user.tranship", with a stamp of size and modified time. A file without it, or
// with another stamp, was put there or edited by hand: then its version is derived
// from inode, size and times, and its checksum is not known. Where the file system
// has no extended attributes, all files are like that: metadata is refused, and
// SetAttributes and Move change the version.
//
// A server that restarts begins with no uploads: what a dead process left in the
// state directory is removed by Open.
package disk

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"slices"
	"sync"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/rootfs"
)

// Options configure a store. The zero value is useful.
type Options struct {
	// Logger gets warnings for whoever runs the store; nil: none.
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
	// means DefaultMinPartSize.
	MinPartSize int64
}

// Lengths of parts, in bytes.
const (
	DefaultMinPartSize = 8 << 20
	maxPartSize        = 64 << 20
)

func (o Options) withDefaults() (Options, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Durability == tranship.DurabilityDefault {
		o.Durability = tranship.DurabilityDurable
	}
	if o.MinPartSize == 0 {
		o.MinPartSize = DefaultMinPartSize
	}
	switch size := o.MinPartSize; {
	case size < 1<<20 || size > maxPartSize || size&(size-1) != 0:
		return o, fmt.Errorf("disk: the minimum part size must be a power of two from 1 MiB to 64 MiB, not %d bytes", size)
	case o.MinFreeBytes < 0:
		return o, fmt.Errorf("disk: the free space to keep must not be negative, not %d bytes", o.MinFreeBytes)
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
	state   *state
	// attributes tells whether the file system has extended attributes.
	attributes bool
	space      *space
	paths      keyedLock
	syncer     syncer
	settled    settlements

	mu      sync.Mutex
	uploads map[string]*upload
	closed  bool
}

var _ tranship.Store = (*Store)(nil)

// Open opens the store in a directory, which must exist. It creates nothing but
// the state directory in it, and removes what unfinished uploads of a dead process
// left there.
func Open(directory string, options Options) (*Store, error) {
	return open(directory, options, realSystem())
}

func open(directory string, options Options, system system) (*Store, error) {
	options, err := options.withDefaults()
	if err != nil {
		return nil, err
	}
	root, err := rootfs.Open(directory)
	if err != nil {
		return nil, fmt.Errorf("disk: %w", err)
	}
	state, err := openState(root)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("disk: %s: %w", directory, err), root.Close())
	}
	s := &Store{
		options: options,
		system:  system,
		root:    root,
		state:   state,
		space:   &space{least: options.MinFreeBytes, free: func() (int64, error) { return system.free(root) }},
		uploads: make(map[string]*upload),
	}
	s.syncer.sync = s.syncDirectory
	if err := s.probeAttributes(); err != nil {
		return nil, errors.Join(fmt.Errorf("disk: %s: %w", directory, err), s.Close())
	}
	if !s.attributes {
		options.Logger.Warn("this file system has no extended attributes: versions change more often than contents, checksums are not kept, and metadata is refused",
			"directory", directory)
	}
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

// Close aborts all uploads and gives the directory free for another store. Files
// that are open for reading stay open; all else is ErrUnavailable from then on. A
// second Close does nothing.
func (s *Store) Close() error {
	s.mu.Lock()
	closed := s.closed
	s.closed = true
	uploads := slices.Collect(maps.Values(s.uploads))
	s.mu.Unlock()
	if closed {
		return nil
	}
	var errs []error
	for _, upload := range uploads {
		errs = append(errs, upload.Abort(context.Background()))
	}
	return errors.Join(append(errs, s.state.close(), s.root.Close())...)
}

// durability is what a spec's is here.
func (s *Store) durability(asked tranship.Durability) tranship.Durability {
	if asked == tranship.DurabilityDefault {
		asked = s.options.Durability
	}
	return max(asked, s.options.MinDurability)
}

// state is the store's directory of its own.
type state struct {
	dir, drafts *rootfs.Dir
	lock        *os.File
}

const (
	lockName   = "lock"
	draftsName = "tmp"
)

// openState opens or creates the state directory, takes its lock, and empties it.
func openState(root *rootfs.Dir) (*state, error) {
	dir, err := openOrMake(root, tranship.ReservedSegment)
	if err != nil {
		return nil, err
	}
	s := &state{dir: dir}
	if err := s.open(); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

func (s *state) open() error {
	file, err := s.dir.CreateFile(lockName, 0o600)
	if errors.Is(err, fs.ErrExist) {
		file, _, err = s.dir.OpenFileWrite(lockName)
	}
	if err != nil {
		return err
	}
	s.lock = file
	locked, err := rootfs.Lock(file)
	if err != nil {
		return fmt.Errorf("locking: %w", err)
	}
	if !locked {
		return errors.New("the directory is in use by another process")
	}
	if s.drafts, err = openOrMake(s.dir, draftsName); err != nil {
		return err
	}
	leftovers, err := s.drafts.ReadDir()
	if err != nil {
		return err
	}
	for _, leftover := range leftovers {
		if err := s.drafts.Remove(leftover.Name()); err != nil {
			return fmt.Errorf("removing what an unfinished upload left: %w", err)
		}
	}
	return nil
}

func (s *state) close() error {
	var errs []error
	for _, dir := range []*rootfs.Dir{s.drafts, s.dir} {
		if dir != nil {
			errs = append(errs, dir.Close())
		}
	}
	if s.lock != nil {
		errs = append(errs, s.lock.Close())
	}
	return errors.Join(errs...)
}

func openOrMake(parent *rootfs.Dir, name string) (*rootfs.Dir, error) {
	if err := parent.Mkdir(name, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	return parent.Sub(name)
}

// draft is a file that is being made, where no path reaches it.
type draft struct {
	dir  *rootfs.Dir
	name string
	file *os.File
}

func (s *Store) newDraft() (*draft, error) {
	d := &draft{dir: s.state.drafts, name: rand.Text()}
	var err error
	d.file, err = d.dir.CreateFile(d.name, 0o600)
	return d, err
}

// discard removes the draft.
func (d *draft) discard() error {
	return errors.Join(d.file.Close(), d.dir.Remove(d.name))
}
