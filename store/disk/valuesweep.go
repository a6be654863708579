package disk

import (
	"context"
	"errors"
	"io/fs"
	"time"

	"github.com/tranship/tranship/internal/rootfs"
)

const (
	// sweepValuesInterval is the time between two sweeps of the values.
	sweepValuesInterval = 10 * time.Minute
	// staleDraft is the age from which the draft of a value is a leftover of a process that
	// has ended.
	staleDraft = time.Hour
)

// sweepValues sweeps the values if that is due after the last time, and returns the time of the
// last sweep.
func (s *Store) sweepValues(last time.Time) time.Time {
	now := s.system.now()
	if now.Sub(last) < sweepValuesInterval {
		return last
	}
	if err := s.values.sweep(context.Background()); err != nil {
		s.options.Logger.Warn("values of the server's state that have expired could not be removed", "error", err)
	}
	return now
}

// sweep removes the values that have expired, and the drafts of processes that have ended. Other
// processes may sweep at the same time.
func (v *values) sweep(ctx context.Context) error {
	dir, drafts, err := v.directory(false)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return v.fail("list", "", err)
	}
	errs := []error{v.sweepDrafts(drafts)}
	names, err := v.groupNames(ctx, "")
	errs = append(errs, v.fail("list", "", err))
	for _, name := range names {
		group, keys, err := v.keys(name, "")
		errs = append(errs, v.fail("list", name, err))
		for _, key := range keys {
			errs = append(errs, v.fail("remove", key, v.sweepValue(ctx, dir, group, key)))
		}
	}
	return errors.Join(errs...)
}

// sweepValue removes the value of a key if it has expired.
func (v *values) sweepValue(ctx context.Context, dir, group *rootfs.Dir, key string) error {
	if expired, err := v.expired(group, key); !expired {
		return err
	}
	unlock, err := v.lock(ctx, dir)
	if err != nil {
		return err
	}
	defer unlock()
	// It may have changed since.
	expired, err := v.expired(group, key)
	if !expired {
		return err
	}
	_, name := valueNames(key)
	return v.system.remove(group, name)
}

// expired reports whether a key has a value that has expired.
func (v *values) expired(group *rootfs.Dir, key string) (bool, error) {
	_, name := valueNames(key)
	entry, err := v.read(group, name, key)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil && entry.Expired(v.system.now()), err
}

func (v *values) sweepDrafts(drafts *rootfs.Dir) error {
	entries, err := drafts.ReadDir()
	if err != nil {
		return v.fail("list the drafts of", "", err)
	}
	var errs []error
	for _, entry := range entries {
		info, err := drafts.Lstat(entry.Name())
		if err == nil && v.system.now().Sub(info.ModTime()) >= staleDraft {
			err = v.system.remove(drafts, entry.Name())
		}
		if !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, v.fail("remove a draft of", "", err))
		}
	}
	return errors.Join(errs...)
}
