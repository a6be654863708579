// Package quota bounds what each principal may keep in a store: how large a file may
// be, how many bytes and files, and how many uploads may be unfinished.
//
// # What counts
//
// What a caller causes to exist is the caller's, until it is gone.
//
// A file counts for the principal that made it: that put it, committed its upload or
// copied it. A directory that was made for a file counts as a file, for the principal that
// made it, until the store removes it with the last file below it. All callers without a
// name are one principal. The store keeps that beside the file or directory, where no
// user can see or set it (on disk in an extended attribute; with a file's version, set
// with the same rename that makes the file visible). So there is no second place that
// could disagree with the tree, and nothing to repair after a crash; at worst a directory
// that was being made counts for no one.
//
// A file that is moved, or whose attributes change, goes on counting for its principal; one
// that is replaced or removed does until no caller has it open. What is put into the
// directory by hand counts for no one, and what is edited in place for its principal. What
// is changed by hand while the store is open is noticed when it is opened the next time:
// New reads the accounts of all files.
//
// # What may be begun
//
// What counts and what is reserved together never exceed a limit, except for one file of
// each principal that is being replaced, however many uploads run at once. An upload of
// known size reserves all of it when it begins, although it may come in the place of a
// file; one of unknown size reserves all up to the furthest byte before it is written, and
// keeps that when a part is begun again. A commit takes the place of the reservation; an
// end without commit gives it back. A resumable upload keeps its reservation while it is
// not open, also over a restart, until it is committed, aborted or expires. Directories
// count when the store makes them; an upload that needs too many is refused when it
// begins, too.
//
// Where there is no room for all of an upload or a large copy, one at a time of a principal
// reserves only what it takes more than the principal's own file in its place, so that a
// file can be replaced at the limit. Puts and small copies, which have a file twice only
// while their call lasts, all do, unless files of the principal that were replaced, or that
// one, are being read.
//
// After a crash, then, all counts are what the files and the unfinished uploads say.
// The worst is an upload of unknown size that the crash has cut: the store removes it,
// and nothing of it counts.
//
// Part writers of uploads of known size are those of the store itself. Limits that are
// lowered, and files that were there before, may leave an account over its limit: then
// it can do whatever does not make that worse.
package quota

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/failure"
	"github.com/tranship/tranship/internal/keyedlock"
)

// Options are the limits. Those of the zero value are useful: no file, nor all files
// together, have a bound, and unfinished uploads have the default one.
type Options struct {
	// FileBytes is the largest size of a file; 0: any.
	FileBytes int64
	// Bytes is how much the files and unfinished uploads of one principal may have
	// together; 0 means unlimited.
	Bytes int64
	// Files is how many files and directories one principal may have, unfinished
	// uploads included: each takes room beside its bytes. 0 means DefaultFiles of
	// Bytes if those are limited, and otherwise unlimited; less than 0 means unlimited.
	Files int64
	// Uploads is how many unfinished uploads one principal may have, those that can
	// be resumed included; 0: DefaultUploads; less than 0: any.
	Uploads int
	// Logger gets a warning for each file or directory that cannot be read and so is
	// not counted; nil: none.
	Logger *slog.Logger
}

// DefaultUploads is how many unfinished uploads a principal may have unless told
// otherwise.
const DefaultUploads = 1000

// DefaultFiles is how many files and directories a principal may have that may have so many
// bytes, unless told otherwise: one for each KiB, and at least 1,000.
func DefaultFiles(bytes int64) int64 { return max(bytes>>10, 1000) }

// counts tells whether there is a limit for which files must be counted.
func (o Options) counts() bool { return o.Bytes > 0 || o.Files > 0 }

// Store is a store whose users have limits. It is safe for concurrent use.
type Store struct {
	tranship.Store
	options Options
	// keeper is nil if files do not count.
	keeper tranship.AccountKeeper
	// paths are held while what a path counts for changes.
	paths  keyedlock.Locks
	ledger ledger
}

// New returns a store with limits, and counts what is in it. If Bytes or Files are
// limited, the store must be able to keep whom a file counts for: those in directories
// with extended attributes and in memory can. Others are tranship.ErrUnsupported.
func New(ctx context.Context, store tranship.Store, options Options) (*Store, error) {
	if options.Uploads == 0 {
		options.Uploads = DefaultUploads
	}
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	if options.Files == 0 && options.Bytes > 0 {
		options.Files = DefaultFiles(options.Bytes)
	}
	s := &Store{Store: store, options: options}
	s.ledger = newLedger(options)
	if options.counts() {
		keeper, ok := tranship.As[tranship.AccountKeeper](store)
		if !ok {
			return nil, fmt.Errorf("%w: the store cannot keep whom a file counts for, so there can be no quota of bytes or files", tranship.ErrUnsupported)
		}
		if err := keeper.KeepsAccounts(); err != nil {
			return nil, fmt.Errorf("no quota of bytes or files is possible: %w", err)
		}
		s.keeper = keeper
		keeper.ReportDirectories(&s.ledger)
		for file, err := range keeper.Accounts(ctx) {
			if skipped, ok := errors.AsType[*tranship.SkippedError](err); ok {
				options.Logger.WarnContext(ctx, "files that cannot be read do not count for a quota", "path", skipped.Display(), "error", skipped.Err)
				continue
			}
			if err != nil {
				return nil, fmt.Errorf("counting files: %w", err)
			}
			s.ledger.count(file, 1)
		}
	}
	for info, err := range store.ListUploads(ctx, "") {
		if err != nil {
			return nil, fmt.Errorf("counting uploads: %w", err)
		}
		// What it replaces is not taken off: the next upload may do that instead.
		s.ledger.adopt(info.ID, s.fullHold(nameOf(info.Owner), info.Path, info.Size))
	}
	return s, nil
}

// look tells whom the file at a path counts for; nobody, if there is none or if files
// do not count.
func (s *Store) look(ctx context.Context, path string) (tranship.AccountEntry, error) {
	if s.keeper == nil {
		return tranship.AccountEntry{}, nil
	}
	file, err := s.keeper.Account(ctx, path)
	if isNotFound(err) {
		return tranship.AccountEntry{}, nil
	}
	return file, err
}

// needed is what an account needs more than it has, when a file of size bytes comes in
// the place of old. It may be less than nothing.
func needed(name string, size int64, old tranship.AccountEntry) (bytes, files int64) {
	if isOwn(name, old) {
		return size - old.Size, 0
	}
	return size, 1
}

func isOwn(name string, old tranship.AccountEntry) bool {
	return old.Account != nil && *old.Account == name
}

// admitSize fails for a file that is too large.
func (s *Store) admitSize(path string, size int64) error {
	if s.options.FileBytes > 0 && size > s.options.FileBytes {
		over := &tranship.LimitError{
			Limit:   tranship.LimitFileBytes,
			Allowed: s.options.FileBytes,
			Asked:   size,
			For:     path,
			Rule:    fmt.Sprintf("%s has %d bytes or more, and a file may have at most %d", path, size, s.options.FileBytes),
		}
		return failure.Worded(&tranship.PathError{Path: path, Err: over}, "%v", over)
	}
	return nil
}

// Put implements tranship.Writer.
func (s *Store) Put(ctx context.Context, spec tranship.Spec, data []byte) (tranship.File, error) {
	if err := spec.Validate(); err != nil {
		return tranship.File{}, err
	}
	if err := s.admitSize(spec.Path, int64(len(data))); err != nil {
		return tranship.File{}, err
	}
	if s.keeper == nil || len(data) > tranship.MaxPutBytes {
		return s.Store.Put(ctx, spec, data)
	}
	return s.make(ctx, spec.Path, int64(len(data)), func(ctx context.Context) (tranship.File, error) {
		return s.Store.Put(ctx, spec, data)
	})
}

// make lets do make a file of size bytes at path, for whoever calls.
func (s *Store) make(ctx context.Context, path string, size int64, do func(context.Context) (tranship.File, error)) (tranship.File, error) {
	unlock, err := s.paths.Lock(ctx, path)
	if err != nil {
		return tranship.File{}, err
	}
	defer unlock()
	return s.makeLocked(ctx, path, size, do)
}

// makeLocked is make for who holds path.
func (s *Store) makeLocked(ctx context.Context, path string, size int64, do func(context.Context) (tranship.File, error)) (tranship.File, error) {
	name := caller(ctx)
	old, err := s.look(ctx, path)
	if err != nil {
		return tranship.File{}, err
	}
	h := &hold{account: name, path: path}
	reserve := func() error { return s.ledger.admit(h, size, old) }
	if size <= tranship.MaxPutBytes { // there twice for a moment only, while this call lasts
		reserve = func() error { return s.ledger.admitPut(h, size, old) }
	}
	if err := s.try(ctx, reserve); err != nil {
		return tranship.File{}, err
	}
	defer s.ledger.release(h)
	file, err := do(tranship.NewAccountContext(ctx, name))
	if err != nil {
		s.recount(ctx, path, old)
		return tranship.File{}, err
	}
	s.ledger.settle(h, old, tranship.AccountEntry{Path: path, Size: file.Size, Account: &name})
	return file, nil
}

// recount counts what is at a path after a change of it has failed, which may yet have
// been made. The caller holds the path.
func (s *Store) recount(ctx context.Context, path string, old tranship.AccountEntry) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recountTime)
	defer cancel()
	// If the store does not even tell, nothing is known to have changed.
	if now, err := s.look(ctx, path); err == nil && !same(now, old) {
		s.ledger.replace(old, now)
	}
}

// same tells whether two files count alike.
func same(a, b tranship.AccountEntry) bool {
	if a.Account == nil || b.Account == nil {
		return a == b
	}
	return a.Path == b.Path && a.Size == b.Size && *a.Account == *b.Account
}

// recountTime bounds how long recount waits for the store.
const recountTime = 10 * time.Second

// try tries what may fail for want of room, and again when there were uploads that
// have expired.
func (s *Store) try(ctx context.Context, reserve func() error) error {
	err := reserve()
	if errors.Is(err, tranship.ErrQuota) && s.forgetExpired(ctx) {
		err = reserve()
	}
	return err
}

// forgetExpired gives back what uploads have reserved that nobody has open and that
// the store does not have any more. It looks at most every few seconds.
func (s *Store) forgetExpired(ctx context.Context) bool {
	idle, due := s.ledger.idle(time.Now())
	if !due {
		return false
	}
	for info, err := range s.Store.ListUploads(ctx, "") {
		if err != nil {
			return false
		}
		delete(idle, info.ID)
	}
	for id, h := range idle {
		s.ledger.drop(id, h)
	}
	return len(idle) > 0
}

// Usage is what an account has.
type Usage struct {
	// Bytes is what its files have; Files counts them and its directories.
	Bytes, Files int64
	// ReservedBytes and ReservedFiles are what its unfinished uploads may need, and what
	// it has of files that were replaced or removed and are still read.
	ReservedBytes, ReservedFiles int64
	// Uploads are those that are unfinished.
	Uploads int
}

// Usage tells what a principal has; "" is whoever is not known. Bytes and Files are 0
// unless they are limited.
func (s *Store) Usage(principal string) Usage { return s.ledger.usage(nameOf(principal)) }
