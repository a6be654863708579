package disk

import (
	"context"
	"errors"
	"io/fs"

	"golang.org/x/sync/errgroup"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/rootfs"
)

const (
	// maxGroup is the number of files of a batch that are put into their directory before its
	// path is looked up again. Their paths stay locked meanwhile.
	maxGroup = 64
	// syncingPuts is the number of files of a batch that are synced at the same time, so that
	// the file system makes several durable with one write to its journal.
	syncingPuts = 16
)

var _ tranship.BatchPutter = (*Store)(nil)

// PutBatch implements tranship.BatchPutter. Consecutive files of one directory cost the fewest
// system calls.
func (s *Store) PutBatch(ctx context.Context, items []tranship.PutItem) []tranship.PutResult {
	b := &putBatch{store: s, ctx: ctx, items: items, results: make([]tranship.PutResult, len(items))}
	var written, durable []int
	var size int64 // of those that are only written
	for i, item := range items {
		if s.durability(item.Spec.Durability) == tranship.DurabilityDurable {
			durable = append(durable, i)
		} else {
			written = append(written, i)
			size += int64(len(item.Data))
		}
	}
	if len(written) > 0 {
		// If there is no space for all, each put finds out whether there is space for it.
		if reserved, err := s.space.reserve(nil, "", size); err == nil {
			b.hasSpace = true
			defer reserved.release()
		}
	}
	defer b.leave() // also if the code below panics
	for _, i := range written {
		b.put(i)
	}
	b.leave()
	b.putDurably(durable)
	return b.results
}

// putBatch is one call of PutBatch. It puts files into the directory of the file before, without
// finding it again for each file. Its methods are not safe for concurrent use.
type putBatch struct {
	store   *Store
	ctx     context.Context
	items   []tranship.PutItem
	results []tranship.PutResult
	// hasSpace is set if there is space reserved for all files that are not synced.
	hasSpace bool

	// at is the open directory; nil if there is none.
	at *rootfs.Position
	// placed has the items that were put into the directory, and unlocks unlocks their paths.
	placed  []int
	unlocks []func()
	// created is the mode that the file system gave to a draft that was created with it; 0 if
	// that is not known.
	created fs.FileMode
	// replaces is set if the last file replaced another.
	replaces bool
	// stale is set if the path does not lead to the directory any more, or a file could not be
	// renamed into it, perhaps because it was removed.
	stale bool
}

// putDurably puts items that must be synced.
func (b *putBatch) putDurably(items []int) {
	var puts errgroup.Group
	puts.SetLimit(syncingPuts)
	for _, i := range items {
		puts.Go(func() error {
			b.putReserving(i) // the result has the error
			return nil
		})
	}
	_ = puts.Wait()
}

// putReserving puts an item for which no space is reserved. It is safe for concurrent use with
// other items.
func (b *putBatch) putReserving(i int) {
	item := b.items[i]
	file, err := b.store.Put(b.ctx, item.Spec, item.Data)
	b.results[i] = tranship.PutResult{File: file, Err: err}
}

// putAlone puts an item into a directory that it finds for it.
func (b *putBatch) putAlone(i int) {
	if !b.hasSpace {
		b.putReserving(i)
		return
	}
	spec, data := b.items[i].Spec, b.items[i].Data
	var file tranship.File
	crc, err := b.store.admitPut(b.ctx, spec, data)
	if err == nil {
		file, err = b.store.putAdmitted(b.ctx, spec, data, crc)
	}
	b.store.explain(&err)
	b.results[i] = tranship.PutResult{File: file, Err: err}
}

// put puts an item into the directory of the one before, if it belongs there.
func (b *putBatch) put(i int) {
	spec := b.items[i].Spec
	directory, _ := rootfs.Split(spec.Path)
	if b.at != nil && (b.stale || directory != b.at.Path() || len(b.unlocks) >= maxGroup) {
		b.leave()
	}
	precondition := spec.Precondition
	precondition.MustNotExist = false // which the rename checks
	if !b.hasSpace || precondition != (tranship.Precondition{}) {
		b.leave()
		b.putAlone(i)
		return
	}
	if b.at == nil {
		b.enter(directory)
	}
	if b.at != nil {
		if unlock, ok := b.store.paths.TryLock(spec.Path); ok {
			b.unlocks = append(b.unlocks, unlock)
			b.putIntoLocked(i)
			return
		}
		// Nothing is waited for while other paths are locked: that could be a deadlock.
		b.leave()
	}
	b.putAlone(i)
}

// enter opens a directory for the items that follow, if it is one that was used recently and
// whose names have one spelling.
func (b *putBatch) enter(directory string) {
	if !b.store.attributes {
		return
	}
	at := b.store.directories.Position(directory)
	if at == nil {
		return
	}
	if at.Dir().Ambiguous() {
		at.Close()
		return
	}
	b.at = at
}

// putIntoLocked puts an item, whose path is locked, into the open directory.
func (b *putBatch) putIntoLocked(i int) {
	s, spec, data := b.store, b.items[i].Spec, b.items[i].Data
	result := &b.results[i]
	crc, err := s.admitPut(b.ctx, spec, data)
	if err == nil {
		result.File, err = s.writeFile(spec, data, func(draft *draft) (tranship.File, error) {
			b.describe(draft, spec, int64(len(data)))
			return s.placeLocked(b.ctx, spec, draft, &crc, nil, func(from *rootfs.Dir, name, path string, replace bool, owner *string) ([]ancestor, error) {
				if b.rename(from, name, path, replace) {
					b.placed = append(b.placed, i)
					return nil, nil
				}
				return s.renameInto(from, name, path, replace, owner)
			})
		})
	}
	s.explain(&err)
	result.Err = err
}

// describe describes a draft of a size as the file system would, if the file system has given an
// earlier draft of the batch the mode with which it was created. It asks for the first draft: the
// umask of the process, or a default of the directory, may make it another one.
func (b *putBatch) describe(draft *draft, spec tranship.Spec, size int64) {
	mode := b.store.draftMode(spec)
	if b.created != mode {
		b.created = 0
		info, err := draft.file.Stat()
		if err != nil || info.Mode() != mode {
			return
		}
		b.created = mode
	}
	draft.known = &draftInfo{name: draft.name, size: size, mode: mode}
}

// rename renames a file to a path in the open directory, if nothing is there or, with replace,
// a regular file. Otherwise, and if the directory was moved, it returns false: then renameInto
// must rename the file or give the reason.
func (b *putBatch) rename(from *rootfs.Dir, name, path string, replace bool) bool {
	s := b.store
	if s.usable() != nil {
		return false
	}
	_, target := rootfs.Split(path)
	replaces := false
	if b.replaces && replace {
		seen, err := b.at.Dir().Lstat(target)
		if err == nil && !seen.Mode().IsRegular() {
			return false
		}
		replaces = err == nil
	}
	if !b.at.Holds() {
		b.stale = true
		return false
	}
	err := s.system.rename(from, name, b.at.Dir(), target, replaces)
	if err != nil {
		b.replaces = errors.Is(err, fs.ErrExist) // as the next file may, too
		b.stale = !b.replaces
		return false
	}
	b.replaces = replaces
	s.keptNames.added(b.at.Path())
	return true
}

// leave closes the open directory and unlocks the paths of the items in it. If their path does
// not lead to the directory any more, leave puts them again. At most one of them was put to where
// the directory was moved: rename has noticed that for the next one.
func (b *putBatch) leave() {
	if b.at == nil {
		return
	}
	var again []int
	if len(b.placed) > 0 && !b.at.Leads() {
		again = b.placed
	}
	b.at.Close()
	for _, unlock := range b.unlocks {
		unlock()
	}
	b.at, b.placed, b.unlocks, b.stale = nil, nil, nil, false
	for _, i := range again {
		b.putAlone(i)
	}
}
