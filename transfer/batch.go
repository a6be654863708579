package transfer

import (
	"context"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/batch"
	"github.com/tranship/tranship/internal/silence"
)

// batchedFile is a small file that is copied in a batch.
type batchedFile struct {
	job *job
	// done: the attempt has ended, with err. A file that is not done when the attempt of the
	// batch ends could not be copied in this way.
	done bool
	err  error
	// apart: the file leaves the batch without having failed.
	apart bool
	// read is what was read from the source, and crc the checksum of data.
	read tranship.File
	data []byte
	crc  uint32
}

// end ends the attempt to copy the file.
func (f *batchedFile) end(err error) { f.done, f.err = true, err }

// isPending reports whether the batch continues with the file.
func (f *batchedFile) isPending() bool { return !f.done && !f.apart }

// copyBatch copies small files of one source together, and reports them. A file that fails, or
// that cannot be copied in this way, is then copied by itself, as if the batch had been its
// first attempt.
func (c *copier) copyBatch(ctx context.Context, items []Item, memory *batchMemory) {
	files := c.beginBatch(ctx, items)
	c.outage.Attempt()
	c.attemptBatch(ctx, files, memory)
	succeeded := false
	for _, f := range files {
		if f.done && f.err == nil {
			succeeded = true
			f.job.end(ctx, nil)
			c.free(&f.job.item)
		}
	}
	if succeeded {
		c.outage.Over()
	}
	for _, f := range files {
		if !f.done || f.err != nil {
			c.workers.Go(func() { c.copyAlone(ctx, f) })
		}
	}
}

// copyAlone continues to copy a file of a batch.
func (c *copier) copyAlone(ctx context.Context, f *batchedFile) {
	defer c.free(&f.job.item)
	if !f.done {
		f.end(f.job.attempt(ctx))
	}
	f.job.end(ctx, f.job.tryAgain(ctx, f.job.tries(), f.err))
}

// free gives back what copyBatches has acquired for a file.
func (c *copier) free(item *Item) {
	c.files.Release(1)
	c.claims.release(item.Path)
}

// beginBatch reports those items that are at the destination already, and begins an attempt to
// copy the others.
func (c *copier) beginBatch(ctx context.Context, items []Item) []*batchedFile {
	var files []*batchedFile
	start := time.Now()
	looks := c.lookForAll(ctx, items)
	for i := range items {
		item := &items[i]
		if looks != nil && looks[i].there {
			c.skipItem(item, start)
			c.free(item)
			continue
		}
		f := &batchedFile{job: c.begin(*item)}
		f.job.start = start
		files = append(files, f)
		if err := item.validate(); err != nil {
			f.end(err)
			continue
		}
		f.job.attempted()
		if looks != nil && looks[i].err != nil {
			f.end(looks[i].err)
		}
	}
	return files
}

// attemptBatch reads the files that are pending, and stores them.
func (c *copier) attemptBatch(ctx context.Context, files []*batchedFile, memory *batchMemory) {
	var pending []*batchedFile
	size := int64(0)
	for _, f := range files {
		if f.isPending() {
			pending = append(pending, f)
			size += f.job.item.File.Size
		}
	}
	if len(pending) == 0 {
		return
	}
	if err := c.small.Acquire(ctx, size); err != nil {
		for _, f := range pending {
			f.end(err)
		}
		return
	}
	defer c.small.Release(size)
	inFlight := c.smallInFlight.Add(size)
	defer c.smallInFlight.Add(-size)
	timeout := c.options.StallTimeout + time.Duration(inFlight)*(time.Second/slowest)
	watch, stop := silence.New(ctx, timeout, "no byte moved")
	defer stop()
	c.fetchBatch(watch.Context(), pending, memory)
	watch.Moved()
	c.putBatch(watch.Context(), pending)
	for _, f := range pending {
		f.err, f.data = watch.Explain(f.err), nil
	}
}

// batchMemory is the memory of the files of one batch after the other. Neither the source nor the
// destination uses it after a batch.
type batchMemory []byte

// of returns the memory, of so many bytes.
func (m *batchMemory) of(length int) []byte {
	const step = 64 << 10
	if len(*m) < length {
		*m = make([]byte, (length+step-1)/step*step)
	}
	return (*m)[:length]
}

// fetchBatch reads files from their source.
func (c *copier) fetchBatch(ctx context.Context, files []*batchedFile, memory *batchMemory) {
	items := make([]tranship.FetchItem, len(files))
	for i, f := range files {
		items[i] = tranship.FetchItem{Path: f.job.item.SourcePath, Size: f.job.item.File.Size}
	}
	batch.Lend(items, tranship.MaxPutBytes, memory.of)
	fetcher, _ := tranship.As[tranship.BatchFetcher](files[0].job.item.Source)
	results := fetcher.FetchBatch(ctx, items)
	for i, f := range files {
		if len(results) != len(items) { // which breaks the contract
			f.apart = true
			continue
		}
		result, j := results[i], f.job
		j.progress.read.Add(int64(len(result.Data)))
		switch {
		case result.Err != nil:
			f.end(sourceError(result.Err))
		case result.File.Size != j.item.File.Size:
			j.item.File.Size = result.File.Size
			f.apart = true
		default:
			f.read, f.data = result.File, result.Data
			var err error
			if f.crc, err = j.loaded(f.read, f.data); err != nil {
				f.end(err)
			}
		}
	}
}

// putBatch stores the files that are pending.
func (c *copier) putBatch(ctx context.Context, files []*batchedFile) {
	items := make([]tranship.PutItem, 0, len(files))
	for _, f := range files {
		if f.isPending() {
			items = append(items, tranship.PutItem{Spec: f.job.spec(f.read), Data: f.data})
		}
	}
	if len(items) == 0 {
		return
	}
	results := c.putter.PutBatch(ctx, items)
	whole := len(results) == len(items)
	for _, f := range files {
		switch {
		case !f.isPending():
		case !whole: // which breaks the contract
			f.apart = true
		default:
			result := results[0]
			results = results[1:]
			f.stored(result)
		}
	}
}

// stored ends the attempt of a file with what the destination has made of it. A file whose
// time the destination refuses is copied once more without it.
func (f *batchedFile) stored(result tranship.PutResult) {
	switch {
	case f.job.leaveTimeOut(f.read.ModTime, result.Err):
		f.apart = true
	case result.Err != nil:
		f.end(result.Err)
	default:
		f.end(f.job.stored(f.read, result.File, f.crc))
	}
}
