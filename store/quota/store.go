// Package quota is a decorator that limits what each principal may keep in a store: the
// size of a file, the total bytes and files, and the number of unfinished uploads.
//
// # What counts
//
// A file counts for the principal that created it: by Put, by the commit of its upload, or
// by Copy. A directory that was created for a file counts as one file for the principal
// that created it, until the store removes it with the last file below it. All anonymous
// callers are one principal. The store keeps the account with the file or directory, where
// no user can see or set it. (On disk it is in the extended attribute that has the version,
// and so is set by the same rename that makes the file visible.) No second place could
// disagree with the tree, and no repair is needed after a crash: at worst a directory that
// was being created counts for no principal.
//
// A file that is moved, or whose attributes change, continues to count for its principal. A
// file that is replaced or removed counts until no caller has it open. Files that were put
// into the directory by hand do not count. Files that were edited in place by hand count
// for their principal. New reads the accounts of all files, and so finds changes by hand
// the next time that the store is opened.
//
// # What is admitted
//
// The sum of what counts and what is reserved never exceeds a limit, no matter how many
// uploads run at once, except by one file of each principal that is being replaced. An
// upload of known size reserves its whole size when it begins, even if it replaces a file.
// An upload of unknown size reserves the space up to its furthest byte before the byte is
// written, and keeps it when a part is begun again. A commit turns the reservation into the
// count of the file; an upload that ends without commit gives it back. A resumable upload
// keeps its reservation while it is not open, also across a restart, until it is committed,
// aborted or expired. Directories count when the store creates them. Begin already refuses
// an upload that needs too many.
//
// A file can be replaced at the limit. If the whole size of an upload or of a large copy
// does not fit, one at a time of each principal reserves only what it needs more than the
// principal's own file that it replaces. Puts and small copies, which keep both files only
// during their call, always do so, unless a caller reads the file or a replaced file of the
// principal.
//
// After a crash all counts are what the files and the unfinished uploads say. With Options.Saved
// they are counted again in the background, and calls that store anything wait for that. An upload of
// unknown size that the crash has interrupted does not count: the store removes it.
//
// The part writers of an upload of known size are those of the inner store, at its speed.
// Lower limits, or files that existed before, may leave an account over its limit. Its
// principal may then make only calls that do not increase the excess.
package quota

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/internal/failure"
	"github.com/tranship/tranship/internal/keyedlock"
)

// Store is a store with limits for each principal. It is safe for concurrent use.
type Store struct {
	tranship.Store
	// principal is Options.Principal.
	principal func(access.Principal) Limits
	// keeper is nil if files do not count.
	keeper tranship.AccountKeeper
	// paths locks each path while a call changes what counts at it.
	paths  keyedlock.Locks
	ledger ledger
	logger *slog.Logger
	// shared is nil if this server is the only one with the limits.
	shared *shared
	// saver is nil unless the sums are saved.
	saver *saver
}

// New returns a decorator of store with limits. It counts all files and unfinished uploads
// first, unless Options.Saved is set. If Bytes or Files are limited, the store must be a tranship.AccountKeeper, as a
// directory with extended attributes and a store in memory are; otherwise New fails with
// tranship.ErrUnsupported.
func New(ctx context.Context, store tranship.Store, options Options) (*Store, error) {
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Store{Store: store, principal: options.Principal, logger: options.Logger}
	s.ledger = newLedger(options)
	if options.counts() {
		keeper, ok := tranship.As[tranship.AccountKeeper](store)
		if !ok {
			return nil, fmt.Errorf("%w: the store cannot record which principal a file counts for, so a quota of bytes or files is not possible", tranship.ErrUnsupported)
		}
		if err := keeper.KeepsAccounts(); err != nil {
			return nil, fmt.Errorf("a quota of bytes or files is not possible: %w", err)
		}
		s.keeper = keeper
		if options.Shared {
			return s, s.share()
		}
		keeper.ReportDirectories(&s.ledger)
		if err := s.countFiles(ctx, options.Saved); err != nil {
			return nil, fmt.Errorf("counting files: %w", err)
		}
	}
	if s.keeper == nil && options.Saved {
		if err := forgetSums(ctx, store); err != nil {
			return nil, fmt.Errorf("forgetting the sums of quotas: %w", err)
		}
	}
	for info, err := range store.ListUploads(ctx, "") {
		if err != nil {
			if s.saver != nil {
				s.saver.end()
			}
			return nil, fmt.Errorf("counting uploads: %w", err)
		}
		// The file that it replaces is not subtracted, because the next upload may replace
		// that file instead.
		s.ledger.adopt(info.ID, s.fullReservation(nameOf(info.Owner), info.Path, info.Size))
	}
	return s, nil
}

// accountAt returns the file at a path with its account. It returns the zero value if no
// file is there, or if files do not count.
func (s *Store) accountAt(ctx context.Context, path string) (tranship.AccountEntry, error) {
	if s.keeper == nil {
		return tranship.AccountEntry{}, nil
	}
	file, err := s.keeper.Account(ctx, path)
	if isNotFound(err) {
		return tranship.AccountEntry{}, nil
	}
	s.ledger.expect(file)
	return file, err
}

// needed returns how much more an account needs if a file of size bytes replaces old. It
// may be negative.
func needed(name string, size int64, old tranship.AccountEntry) (bytes, files int64) {
	if isOwn(name, old) {
		return size - old.Size, 0
	}
	return size, 1
}

// isOwn reports whether old counts for the account.
func isOwn(name string, old tranship.AccountEntry) bool {
	return old.Account != nil && *old.Account == name
}

// SetLimits replaces the limits. Calls and uploads that are under way are not cut off: the
// higher one of the limit at their beginning and the new one applies to them. Options.Principal,
// Count, Shared and Logger do not change. If New has not counted the files, SetLimits cannot set a
// limit of bytes or files: it changes nothing then, and fails with tranship.ErrUnsupported.
func (s *Store) SetLimits(options Options) error {
	options.Count = false
	if options.counts() && s.keeper == nil {
		return fmt.Errorf("%w: files were not counted when the store was opened, so a quota of bytes or files begins when it is opened again", tranship.ErrUnsupported)
	}
	s.ledger.setOptions(options)
	return nil
}

// terms returns the limits that apply to what the caller begins now.
func (s *Store) terms(ctx context.Context) terms {
	var t terms
	if s.principal != nil {
		t.own = s.principal(access.FromContext(ctx))
	}
	t.begun = new(s.ledger.limitsFor(t))
	return t
}

// reservation returns an empty reservation of the caller.
func (s *Store) reservation(ctx context.Context, path string) *reservation {
	return &reservation{account: caller(ctx), terms: s.terms(ctx), path: path}
}

// admitSize fails for a file that is too large.
func (s *Store) admitSize(t terms, path string, size int64) error {
	most := s.ledger.limitsFor(t).FileBytes
	if most > 0 && size > most {
		over := &tranship.LimitError{
			Limit:   tranship.LimitFileBytes,
			Allowed: most,
			Asked:   size,
			For:     path,
			Rule:    fmt.Sprintf("%s has at least %d bytes, the limit for a file is %d", path, size, most),
		}
		return failure.Worded(&tranship.PathError{Path: path, Err: over}, "%v", over)
	}
	return nil
}

// Put implements tranship.Writer.
func (s *Store) Put(ctx context.Context, spec tranship.Spec, data []byte) (tranship.File, error) {
	if err := s.admitPut(ctx, spec, data); err != nil {
		return tranship.File{}, err
	}
	if s.keeper == nil || len(data) > tranship.MaxPutBytes {
		return s.Store.Put(ctx, spec, data)
	}
	return s.create(ctx, spec.Path, int64(len(data)), func(ctx context.Context) (tranship.File, error) {
		return s.Store.Put(ctx, spec, data)
	})
}

// admitPut fails for a put that is invalid or too large.
func (s *Store) admitPut(ctx context.Context, spec tranship.Spec, data []byte) error {
	if err := spec.Validate(); err != nil {
		return err
	}
	return s.admitSize(s.terms(ctx), spec.Path, int64(len(data)))
}

// create calls do, which must create a file of size bytes at path, and counts the file for
// the caller.
func (s *Store) create(ctx context.Context, path string, size int64, do func(context.Context) (tranship.File, error)) (tranship.File, error) {
	unlock, err := s.paths.Lock(ctx, path)
	if err != nil {
		return tranship.File{}, err
	}
	defer unlock()
	return s.createLocked(ctx, path, size, do)
}

// createLocked is create for a path that the caller has locked.
func (s *Store) createLocked(ctx context.Context, path string, size int64, do func(context.Context) (tranship.File, error)) (tranship.File, error) {
	c, err := s.prepareLocked(ctx, path, size)
	if err != nil {
		return tranship.File{}, err
	}
	defer s.ledger.release(c.reservation)
	file, err := do(tranship.NewAccountContext(ctx, c.reservation.account))
	return s.countLocked(ctx, c, file, err)
}

// creation is a file that a call creates for the caller. Its path is locked.
type creation struct {
	reservation *reservation
	// old is the file that it replaces.
	old tranship.AccountEntry
}

// prepareLocked reserves what a file of size bytes at path needs. The caller must release
// the reservation, and must have locked the path.
func (s *Store) prepareLocked(ctx context.Context, path string, size int64) (creation, error) {
	old, err := s.accountAt(ctx, path)
	if err != nil {
		return creation{}, err
	}
	r := s.reservation(ctx, path)
	reserve := func() error { return s.ledger.admit(r, size, old) }
	if size <= tranship.MaxPutBytes { // both files exist only during this call
		reserve = func() error { return s.ledger.admitPut(r, size, old) }
	}
	return creation{r, old}, s.admit(ctx, r.account, reserve)
}

// countLocked counts the file that a call has created, or what is at its path if err, the
// error of that call, is not nil. It returns the results of the call.
func (s *Store) countLocked(ctx context.Context, c creation, file tranship.File, err error) (tranship.File, error) {
	if err != nil {
		s.recount(ctx, c.reservation.path, c.old)
		return tranship.File{}, err
	}
	s.ledger.commit(c.reservation, c.old, tranship.AccountEntry{Path: c.reservation.path, Size: file.Size, Account: &c.reservation.account})
	return file, nil
}

// recount counts the file at a path after a failed change, which may have taken effect
// nevertheless. The caller must have locked the path.
func (s *Store) recount(ctx context.Context, path string, old tranship.AccountEntry) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recountTime)
	defer cancel()
	// If this fails as well, keep the old count.
	if now, err := s.accountAt(ctx, path); err == nil && !sameEntry(now, old) {
		s.ledger.replace(old, now)
	}
}

// sameEntry reports whether two entries count alike.
func sameEntry(a, b tranship.AccountEntry) bool {
	if a.Account == nil || b.Account == nil {
		return a == b
	}
	return a.Path == b.Path && a.Size == b.Size && *a.Account == *b.Account
}

// recountTime is the timeout of recount.
const recountTime = 10 * time.Second
