package disk

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/rootfs"
	"github.com/tranship/tranship/internal/sharedsync"
)

const (
	// valuesName is the directory of values in the state directory. It has a directory for
	// each first segment of keys, one for drafts, and a file that is locked for each change.
	valuesName = "state"

	// valueLockWait is how long a change waits for those of other processes.
	valueLockWait = 10 * time.Second
)

// values are the values of the StateStore of a directory. Several of them, also in several
// processes, may use one directory at the same time. A change writes and syncs a draft, locks
// all values, compares the version, and renames the draft. So a value is always whole, and only
// the rename is serial. It is safe for concurrent use.
type values struct {
	system system
	// root hides the directories of values. It and state, the state directory, belong to the
	// caller.
	root, state *rootfs.Dir

	syncer sharedsync.Syncer
	// turn has an element while a goroutine of this process has the lock, or waits for it.
	turn chan struct{}

	mu sync.Mutex
	// dir is the directory of values, and drafts that of drafts. Both are nil until they are
	// needed and exist.
	dir, drafts *rootfs.Dir
	// groups has the open directories in dir by name.
	groups map[string]*rootfs.Dir
	closed bool
}

func newValues(system system, root, state *rootfs.Dir) *values {
	v := &values{system: system, root: root, state: state, turn: make(chan struct{}, 1), groups: make(map[string]*rootfs.Dir)}
	v.syncer.Sync = func(name string) error {
		group, err := v.group(name, false)
		if err != nil {
			return err
		}
		return system.syncDir(group)
	}
	return v
}

// close closes the directories. Calls that run may fail.
func (v *values) close() error {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.closed = true
	var errs []error
	for _, dir := range v.groups {
		errs = append(errs, dir.Close())
	}
	for _, dir := range []*rootfs.Dir{v.drafts, v.dir} {
		if dir != nil {
			errs = append(errs, dir.Close())
		}
	}
	return errors.Join(errs...)
}

// directory returns the directory of values, and that of drafts. If they do not exist, it makes
// them, or returns fs.ErrNotExist.
func (v *values) directory(create bool) (dir, drafts *rootfs.Dir, err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.directoryLocked(create)
}

func (v *values) directoryLocked(create bool) (dir, drafts *rootfs.Dir, err error) {
	if v.closed {
		return nil, nil, errClosed()
	}
	if v.dir == nil {
		v.dir, err = v.openHidden(v.state, valuesName, create)
	}
	if err == nil && v.drafts == nil {
		v.drafts, err = v.openHidden(v.dir, draftsName, create)
	}
	return v.dir, v.drafts, err
}

// group returns the directory with a name in that of values. If it does not exist, it makes it,
// or returns fs.ErrNotExist.
func (v *values) group(name string, create bool) (*rootfs.Dir, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	dir, _, err := v.directoryLocked(create)
	if err != nil {
		return nil, err
	}
	group := v.groups[name]
	if group == nil {
		if group, err = v.openHidden(dir, name, create); err != nil {
			return nil, err
		}
		v.groups[name] = group
	}
	return group, nil
}

// hideAll hides the directories that exist from all paths.
func (v *values) hideAll(ctx context.Context) error {
	names, err := v.groupNames(ctx, "")
	if err != nil {
		return err
	}
	for _, name := range names {
		if _, err := v.group(name, false); err != nil && !rootfs.IsAbsent(err) {
			return err
		}
	}
	return nil
}

// openHidden opens a directory that no path may reach. With make, it makes it durably.
func (v *values) openHidden(parent *rootfs.Dir, name string, create bool) (dir *rootfs.Dir, err error) {
	if create {
		dir, err = openOrMake(parent, name, v.system, (*rootfs.Dir).Sub)
	} else {
		dir, err = parent.Sub(name)
	}
	if err != nil {
		return nil, err
	}
	if err := v.root.Hide(dir); err != nil {
		return nil, errors.Join(err, dir.Close())
	}
	return dir, nil
}

// lock waits until no other change runs, in this process or another, and excludes them until
// unlock.
func (v *values) lock(ctx context.Context, dir *rootfs.Dir) (unlock func(), err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, valueLockWait, errValuesLocked)
	defer cancel()
	select {
	case v.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	file, err := lockValues(ctx, dir)
	if err != nil {
		<-v.turn
		return nil, err
	}
	return func() {
		_ = file.Close() // which unlocks it
		<-v.turn
	}, nil
}

// errValuesLocked means that another process does not unlock the values.
var errValuesLocked = fmt.Errorf("%w: another process is changing the server's state: try again", tranship.ErrUnavailable)

// lockValues waits until it has locked the file for that.
func lockValues(ctx context.Context, dir *rootfs.Dir) (*os.File, error) {
	file, err := dir.CreateFile(lockName, 0o600)
	if errors.Is(err, fs.ErrExist) {
		file, _, err = dir.OpenFileWrite(lockName)
	}
	if err != nil {
		return nil, err
	}
	for pause := time.Millisecond; ; pause = min(2*pause, 50*time.Millisecond) {
		locked, err := rootfs.Lock(file)
		if locked {
			return file, nil
		}
		if err == nil {
			err = wait(ctx, pause)
		}
		if err != nil {
			return nil, errors.Join(err, file.Close())
		}
	}
}

// wait returns after a pause, or with the error of the context.
func wait(ctx context.Context, pause time.Duration) error {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// fail returns the error for an operation on the value of a key that failed with err.
func (v *values) fail(op, key string, err error) error {
	switch {
	case err == nil, errors.Is(err, tranship.ErrPrecondition), errors.Is(err, tranship.ErrUnavailable), errors.Is(err, tranship.ErrIntegrity),
		errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case rootfs.IsAbsent(err):
		return errGoneDirectory
	}
	return fail(op+" the state", key, err)
}
