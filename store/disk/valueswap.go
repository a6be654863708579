package disk

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/rootfs"
)

// get returns the value of a key, which must be valid. It returns ErrNotFound if the key has
// none.
func (v *values) get(ctx context.Context, key string) (tranship.StateEntry, error) {
	if err := ctx.Err(); err != nil {
		return tranship.StateEntry{}, err
	}
	directory, file := valueNames(key)
	group, err := v.group(directory, false)
	if err == nil {
		var entry tranship.StateEntry
		entry, err = v.read(group, file, key)
		if err == nil && !entry.Expired(v.system.now()) {
			return entry, nil
		}
	}
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		return tranship.StateEntry{}, tranship.StateNotFound(key)
	}
	return tranship.StateEntry{}, v.fail("read", key, err)
}

// read reads the value of a key, whether or not it has expired. It returns fs.ErrNotExist if
// there is none.
func (v *values) read(group *rootfs.Dir, name, key string) (tranship.StateEntry, error) {
	file, _, err := group.OpenFile(name)
	if err != nil {
		return tranship.StateEntry{}, err
	}
	data, err := io.ReadAll(io.LimitReader(file, maxValueFile))
	if err := errors.Join(err, file.Close()); err != nil {
		return tranship.StateEntry{}, err
	}
	entry, ok := decodeValue(key, data)
	if !ok {
		return tranship.StateEntry{}, fmt.Errorf("%w: the file of the server's state %s is damaged", tranship.ErrIntegrity, key)
	}
	return entry, nil
}

// swap implements SwapState for a valid entry.
func (v *values) swap(ctx context.Context, entry tranship.StateEntry) (version string, err error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	expected := entry.Version
	entry.Version = rand.Text()
	directory, name := valueNames(entry.Key)
	dir, drafts, err := v.directory(true)
	if err != nil {
		return "", v.fail("write", entry.Key, err)
	}
	group, err := v.group(directory, true)
	if err != nil {
		return "", v.fail("write", entry.Key, err)
	}
	// Most changes that must fail need no draft.
	if err := v.match(group, name, entry.Key, expected); err != nil {
		return "", v.fail("write", entry.Key, err)
	}
	if err := v.draft(drafts, entry); err != nil {
		return "", v.fail("write", entry.Key, err)
	}
	err = v.change(ctx, dir, group, name, entry.Key, expected, func() error {
		return v.system.rename(drafts, entry.Version, group, name, true)
	})
	if err != nil {
		_ = v.system.remove(drafts, entry.Version)
		return "", v.fail("write", entry.Key, err)
	}
	return entry.Version, v.fail("sync", entry.Key, v.syncer.Request(directory))
}

// draft writes and syncs the file of an entry under the name of its version.
func (v *values) draft(drafts *rootfs.Dir, entry tranship.StateEntry) error {
	file, err := v.system.create(drafts, entry.Version)
	if err != nil {
		return err
	}
	_, err = v.system.writeAt(file, 0, encodeValue(entry))
	if err == nil {
		err = v.system.sync(file)
	}
	if err := errors.Join(err, file.Close()); err != nil {
		return errors.Join(err, v.system.remove(drafts, entry.Version))
	}
	return nil
}

// change calls do while no other change runs, if the value of a key has the expected version.
func (v *values) change(ctx context.Context, dir, group *rootfs.Dir, name, key, expected string, do func() error) error {
	unlock, err := v.lock(ctx, dir)
	if err != nil {
		return err
	}
	defer unlock()
	if err := v.match(group, name, key, expected); err != nil {
		return err
	}
	return do()
}

// match fails unless the value of a key has the expected version; "" means that it has none.
func (v *values) match(group *rootfs.Dir, name, key, expected string) error {
	entry, err := v.read(group, name, key)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err != nil || entry.Expired(v.system.now()) {
		entry.Version = ""
	}
	if entry.Version != expected {
		return tranship.StateChanged(key)
	}
	return nil
}

// remove implements RemoveState for a valid key and version.
func (v *values) remove(ctx context.Context, key, version string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	directory, name := valueNames(key)
	group, err := v.group(directory, false)
	if errors.Is(err, fs.ErrNotExist) {
		return tranship.StateChanged(key)
	}
	if err != nil {
		return v.fail("remove", key, err)
	}
	dir, _, err := v.directory(true)
	if err == nil {
		err = v.change(ctx, dir, group, name, key, version, func() error { return v.system.remove(group, name) })
	}
	if err == nil {
		err = v.syncer.Request(directory)
	}
	return v.fail("remove", key, err)
}
