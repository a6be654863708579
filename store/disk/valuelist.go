package disk

import (
	"context"
	"errors"
	"io/fs"
	"iter"
	"slices"
	"strings"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/rootfs"
)

// list implements ListState for a valid prefix.
func (v *values) list(ctx context.Context, prefix string) iter.Seq2[tranship.StateEntry, error] {
	return func(yield func(tranship.StateEntry, error) bool) {
		names, err := v.groupNames(ctx, prefix)
		if err != nil {
			yield(tranship.StateEntry{}, v.fail("list", prefix, err))
			return
		}
		for _, name := range names {
			if !v.listGroup(ctx, name, prefix, yield) {
				return
			}
		}
	}
}

// groupNames returns the directories that may have keys with a prefix, in the order of the keys.
func (v *values) groupNames(ctx context.Context, prefix string) ([]string, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if first, _, whole := strings.Cut(prefix, "/"); whole {
		return []string{valueMark + first}, nil
	}
	dir, _, err := v.directory(false)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	entries, err := dir.ReadDir()
	if err != nil {
		return nil, err
	}
	var names []string
	for _, entry := range entries {
		if strings.HasPrefix(entry.Name(), valueMark+prefix) {
			names = append(names, entry.Name())
		}
	}
	slices.SortFunc(names, func(a, b string) int { return strings.Compare(a+"/", b+"/") })
	return names, nil
}

// listGroup lists the values of one directory. It returns false if the list has ended.
func (v *values) listGroup(ctx context.Context, name, prefix string, yield func(tranship.StateEntry, error) bool) bool {
	group, keys, err := v.keys(name, prefix)
	if err != nil {
		yield(tranship.StateEntry{}, v.fail("list", prefix, err))
		return false
	}
	for _, key := range keys {
		if err := ctx.Err(); err != nil {
			yield(tranship.StateEntry{}, err)
			return false
		}
		_, file := valueNames(key)
		entry, err := v.read(group, file, key)
		switch {
		case errors.Is(err, fs.ErrNotExist), err == nil && entry.Expired(v.system.now()):
			continue
		case err != nil:
			yield(tranship.StateEntry{}, v.fail("read", key, err))
			return false
		case !yield(entry, nil):
			return false
		}
	}
	return true
}

// keys returns the directory with a name and its keys that begin with prefix, in ascending
// order. There are none if the directory does not exist.
func (v *values) keys(name, prefix string) (*rootfs.Dir, []string, error) {
	group, err := v.group(name, false)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	entries, err := group.ReadDir()
	if err != nil {
		return nil, nil, err
	}
	var keys []string
	for _, entry := range entries {
		if key, ok := valueKey(name, entry.Name()); ok && strings.HasPrefix(key, prefix) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return group, keys, nil
}
