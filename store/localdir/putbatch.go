package localdir

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/batch"
	"github.com/tranship/tranship/internal/filetime"
	"github.com/tranship/tranship/internal/rootfs"
)

// PutBatch implements tranship.BatchPutter. It enters each directory once for the files in it
// that follow each other, and checks at their end that the path still leads to that directory.
func (d *Dir) PutBatch(ctx context.Context, items []tranship.PutItem) []tranship.PutResult {
	results := make([]tranship.PutResult, len(items))
	directory := func(i int) string {
		directory, _ := rootfs.Split(d.local(items[i].Spec.Path))
		return directory
	}
	batch.Runs(len(items), directory, func(first, end int) {
		d.putRun(ctx, directory(first), items[first:end], results[first:end])
	})
	return results
}

// putRun stores files of one directory. What cannot be stored in the short way, it leaves to
// Put, which has the reason.
func (d *Dir) putRun(ctx context.Context, directory string, items []tranship.PutItem, results []tranship.PutResult) {
	put := func(i int) {
		if results[i].Err = ctx.Err(); results[i].Err == nil {
			results[i].File, results[i].Err = d.Put(ctx, items[i].Spec, items[i].Data)
		}
	}
	dir := d.enterForRun(directory, items)
	if dir == nil {
		d.each(len(items), put)
		return
	}
	defer dir.Close()
	short := make([]bool, len(items)) // which files were stored in the short way
	d.each(len(items), func(i int) {
		if ctx.Err() == nil {
			if results[i].File, short[i] = d.putShort(dir, items[i]); short[i] {
				return
			}
		}
		put(i)
	})
	if !slices.Contains(short, true) || d.isStill(dir) {
		return
	}
	// The directory was moved, perhaps before the first of the files. Put finds out what is at
	// their paths now.
	d.each(len(items), func(i int) {
		if short[i] {
			put(i)
		}
	})
}

// each calls do for each of n files of a batch.
func (d *Dir) each(n int, do func(i int)) {
	if d.inOrder {
		for i := range n {
			do(i)
		}
		return
	}
	batch.Each(n, do)
}

// enterForRun opens the directory of a run. It returns nil if the run is of one file, no file
// of it is valid, or the directory cannot be opened.
func (d *Dir) enterForRun(directory string, items []tranship.PutItem) *openDirectory {
	if len(items) == 1 {
		return nil
	}
	for _, item := range items {
		if _, err := admitPut(&item.Spec, item.Data); err == nil {
			if dir, err := d.enter(directory, true); err == nil {
				return dir
			}
			return nil
		}
	}
	return nil
}

// isStill reports whether the path of a directory leads to it.
func (d *Dir) isStill(dir *openDirectory) bool {
	there, err := d.enter(dir.path, false)
	if err != nil {
		return false
	}
	defer there.Close()
	if there.Dir == dir.Dir { // the cache has checked that
		return true
	}
	was, err := dir.Stat()
	if err != nil {
		return false
	}
	is, err := there.Stat()
	return err == nil && os.SameFile(was, is)
}

// errLong means that a file cannot be stored in the short way.
var errLong = errors.New("not in the short way")

// putShort does what Put does, in an open directory, with few system calls. It reports false,
// and leaves nothing behind, if it fails in any way, or if the file needs more than it does:
// to be synced, a check of its spelling, a time that not every file system keeps, or a path
// that has no file, which it would have after putRun has stored it in a directory that moves. It
// looks for no partial files in a directory that is new.
func (d *Dir) putShort(dir *openDirectory, item tranship.PutItem) (tranship.File, bool) {
	spec := item.Spec
	modified := spec.Attributes.ModTime
	if spec.Durability == tranship.DurabilityDurable || spec.Precondition.MustNotExist || !dir.exact || modified != nil && !filetime.IsSafe(*modified) {
		return tranship.File{}, false
	}
	crc, err := admitPut(&spec, item.Data)
	if err != nil {
		return tranship.File{}, false
	}
	_, name := rootfs.Split(d.local(spec.Path))
	if dir.checkTarget(name) != nil {
		return tranship.File{}, false
	}
	temporary := temporaryName(name, "0")
	status, err := dir.fillShort(temporary, spec.Attributes, item.Data)
	if err != nil {
		return tranship.File{}, false
	}
	if d.putting != nil {
		d.putting(spec.Path)
	}
	// Most files are new.
	err = dir.names.RenameNoReplace(temporary, name)
	if errors.Is(err, fs.ErrExist) {
		err = d.place(dir, temporary, name, spec.Precondition)
	}
	if err != nil {
		_ = dir.Remove(temporary)
		return tranship.File{}, false
	}
	if !d.news.has(dir.path) {
		dir.removePartials(name)
	}
	file := fileOfStatus(spec.Path, status)
	file.CRC32C = &crc
	return file, true
}

// fillShort makes a temporary file with attributes and content. It leaves nothing behind if it
// fails.
func (d *openDirectory) fillShort(temporary string, attributes tranship.Attributes, data []byte) (rootfs.Status, error) {
	file, err := d.CreateDescriptor(temporary, shortMode(attributes.Mode))
	if err != nil {
		return rootfs.Status{}, err
	}
	status, err := d.fillDescriptor(file, attributes, data)
	if err = errors.Join(err, file.Close()); err != nil {
		_ = d.Remove(temporary)
	}
	return status, err
}

// shortMode returns the mode with which a file is created that gets a mode, or nil. It is that mode,
// so that it need not be set, if it lets only the owner write. Otherwise the file is private until
// it has its mode.
func shortMode(mode *fs.FileMode) fs.FileMode {
	switch {
	case mode == nil:
		return 0o666
	case *mode&0o600 == 0o600 && *mode&0o022 == 0:
		return *mode
	}
	return 0o600
}

// fillDescriptor gives a new file its content and attributes, and describes it.
func (d *openDirectory) fillDescriptor(file rootfs.Descriptor, attributes tranship.Attributes, data []byte) (rootfs.Status, error) {
	// If the file system has no locks, no process takes the file for unused.
	_, _ = file.Lock()
	for left := data; len(left) > 0; {
		n, err := file.Write(left)
		if err != nil {
			return rootfs.Status{}, err
		}
		if n == 0 {
			return rootfs.Status{}, io.ErrShortWrite
		}
		left = left[n:]
	}
	modified := attributes.ModTime
	if modified != nil {
		if err := file.Chtimes(*modified); err != nil {
			return rootfs.Status{}, err
		}
	}
	kept := d.kept.Load()
	if status, ok := kept.status(attributes, len(data)); ok {
		return status, nil
	}
	status, err := file.Status()
	if err == nil && attributes.Mode != nil && status.Mode.Perm() != *attributes.Mode {
		if err = file.Chmod(*attributes.Mode); err == nil {
			status, err = file.Status()
		}
	} else if err == nil && kept == nil {
		d.kept.Store(keptOf(attributes, status))
	}
	if err == nil && modified != nil && status.ModTime.Sub(*modified).Abs() > filetime.Tolerance {
		err = errLong // as of a file system that has ignored the time
	}
	return status, err
}
