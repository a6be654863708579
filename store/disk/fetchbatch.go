package disk

import (
	"context"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/batch"
	"github.com/tranship/tranship/internal/rootfs"
)

var _ tranship.BatchFetcher = (*Store)(nil)

// FetchBatch implements tranship.BatchFetcher. It has one file open at a time. Consecutive files
// of one directory cost the fewest system calls.
func (s *Store) FetchBatch(ctx context.Context, items []tranship.FetchItem) []tranship.FetchResult {
	results := make([]tranship.FetchResult, len(items))
	buffers := batch.Buffers(items, 0)
	directory := func(i int) string {
		directory, _ := rootfs.Split(items[i].Path)
		return directory
	}
	batch.Runs(len(items), directory, func(first, end int) {
		run := fetchRun{store: s, ctx: ctx, items: items[first:end], buffers: buffers[first:end], results: results[first:end]}
		run.fetch(directory(first))
	})
	return results
}

// fetchRun fetches files of one directory, without finding it again for each file. What it cannot
// fetch in this way it leaves to Open, which has the reason.
type fetchRun struct {
	store   *Store
	ctx     context.Context
	items   []tranship.FetchItem
	buffers [][]byte
	results []tranship.FetchResult
}

func (r *fetchRun) fetch(directory string) {
	at := r.enter(directory)
	if at == nil {
		for i := range r.items {
			r.fetchAlone(i)
		}
		return
	}
	defer at.Close()
	var fetched []int // from there
	for i, item := range r.items {
		var ok bool
		if r.buffers[i] != nil && admit(r.ctx, item.Path) == nil {
			r.results[i], ok = r.store.fetchFrom(at.Dir(), item.Path, r.buffers[i])
		}
		if ok {
			fetched = append(fetched, i)
		} else {
			r.fetchAlone(i)
		}
	}
	// A single file is read from a directory that its path has just led to, as Open does.
	if len(r.items) > 1 && len(fetched) > 0 && !at.Leads() {
		// The directory was moved, perhaps before the first file was there.
		for _, i := range fetched {
			r.fetchAlone(i)
		}
	}
}

// enter opens the directory of the run. It returns nil if there is none, if it cannot tell later
// whether the directory was moved, or if its names have several spellings.
func (r *fetchRun) enter(directory string) *rootfs.Position {
	if directory != "" && admit(r.ctx, directory) != nil {
		return nil
	}
	at := r.store.directories.Position(directory)
	if at == nil {
		dir, err := r.store.directories.Walk(directory)
		if err != nil {
			return nil
		}
		dir.Close()
		if at = r.store.directories.Position(directory); at == nil {
			return nil
		}
	}
	if at.Dir().Ambiguous() {
		at.Close()
		return nil
	}
	return at
}

// fetchAlone fetches an item from a directory that it finds for it.
func (r *fetchRun) fetchAlone(i int) {
	result := &r.results[i]
	result.File, result.Data, result.Err = tranship.Fetch(r.ctx, r.store, r.items[i].Path, r.items[i].Size)
}

// fetchFrom fetches a file of the size of buffer from its directory. It reports false for what
// only Open can tell: why it fails, or what there is instead.
func (s *Store) fetchFrom(dir *rootfs.Dir, path string, buffer []byte) (result tranship.FetchResult, ok bool) {
	_, name := rootfs.Split(path)
	file, before, err := dir.OpenDescriptorOf(name)
	if err != nil {
		return tranship.FetchResult{}, false
	}
	defer file.Close()
	if before.Size() != int64(len(buffer)) {
		return tranship.FetchResult{}, false
	}
	r, err := s.readRecord(file)
	if err != nil || !s.fill(file, buffer) {
		return tranship.FetchResult{}, false
	}
	// The record, the content and what was there before the file was opened belong together if
	// nothing has changed since.
	after, err := file.Info()
	if err != nil || !after.Equal(before) {
		return tranship.FetchResult{}, false
	}
	found := s.describeBy(path, after, r)
	if found.CRC32C != nil && *found.CRC32C != tranship.CRC32C(buffer) {
		return tranship.FetchResult{}, false
	}
	return tranship.FetchResult{File: found.File, Data: buffer}, true
}

// fill reads a file from its beginning. It reports false if the file has not enough bytes, or
// cannot be read.
func (s *Store) fill(file rootfs.Descriptor, buffer []byte) bool {
	for n := 0; n < len(buffer); {
		more, err := s.system.pread(file, buffer[n:], int64(n))
		if err != nil || more == 0 {
			return false
		}
		n += more
	}
	return true
}
