package localdir

import (
	"context"
	"errors"
	"io"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/batch"
	"github.com/tranship/tranship/internal/failure"
	"github.com/tranship/tranship/internal/filetime"
	"github.com/tranship/tranship/internal/localerr"
	"github.com/tranship/tranship/internal/rootfs"
)

// FetchBatch implements tranship.BatchFetcher. Like Open, it takes any name that the operating
// system allows, and fails with ErrChanged for a file that is changed while it is read.
func (d *Dir) FetchBatch(ctx context.Context, items []tranship.FetchItem) []tranship.FetchResult {
	results := make([]tranship.FetchResult, len(items))
	buffers := batch.Buffers(items, 1) // a longer file shows
	d.each(len(items), func(i int) {
		result := &results[i]
		switch {
		case ctx.Err() != nil:
			result.Err = ctx.Err()
		case buffers[i] == nil:
			result.Err = failure.FetchTooLarge(max(items[i].Size, 0))
		default:
			result.File, result.Data, result.Err = d.fetch(ctx, items[i].Path, buffers[i])
			if result.Err != nil {
				result.File = tranship.File{}
			}
		}
	})
	return results
}

// fetch reads the file of a name, if it has one byte less than buffer. It makes few system
// calls. What it cannot read in this way it leaves to fetchOpened, which has the reason.
func (d *Dir) fetch(ctx context.Context, name string, buffer []byte) (tranship.File, []byte, error) {
	f, err := d.top.OpenDescriptor(d.local(name))
	if err != nil {
		return d.fetchOpened(ctx, name, buffer)
	}
	defer func() { _ = f.Close() }() // it was only read from
	before, err := f.Status()
	if err != nil || !before.Mode.IsRegular() {
		return d.fetchOpened(ctx, name, buffer)
	}
	size := int64(len(buffer) - 1)
	file := fileOfStatus(name, before)
	if file.Size != size {
		return file, nil, nil
	}
	n, err := fill(f, buffer, before.NoBlocks)
	if err != nil {
		return file, nil, localerr.Explain(err)
	}
	if d.fetching != nil {
		d.fetching(name)
	}
	after, err := f.Status()
	if err != nil {
		return file, nil, localerr.Explain(err)
	}
	if err := changed(file, fileOfStatus(name, after)); err != nil {
		return file, nil, err
	}
	switch {
	case n < size:
		return file, nil, tooFew(size)
	case n > size:
		return file, nil, tooMany(size)
	}
	return file, buffer[:size:size], nil
}

// fill reads a file until the end, or until buffer is full. A read that ends one byte before
// the end of buffer is at the end of the file, as its size says. With unsized, the size may be
// wrong, and fill reads on.
func fill(f rootfs.Descriptor, buffer []byte, unsized bool) (n int64, err error) {
	for n < int64(len(buffer)) {
		more, err := f.ReadAt(buffer[n:], n)
		n += int64(more)
		if err != nil {
			return n, err
		}
		if more == 0 || n == int64(len(buffer)-1) && !unsized {
			break
		}
	}
	return n, nil
}

// fetchOpened is fetch for all systems and files.
func (d *Dir) fetchOpened(ctx context.Context, name string, buffer []byte) (tranship.File, []byte, error) {
	content, err := d.Open(ctx, name, tranship.OpenOptions{})
	if err != nil {
		return tranship.File{}, nil, err
	}
	defer func() { _ = content.Close() }() // it was only read from
	file := content.File()
	size := int64(len(buffer) - 1)
	if file.Size != size {
		return file, nil, nil
	}
	n, err := io.ReadFull(content, buffer)
	switch {
	case n > int(size): // which content never returns
		return file, nil, tooMany(size)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		if n < int(size) {
			return file, nil, tooFew(size)
		}
		return file, buffer[:size:size], nil
	}
	return file, nil, err
}

func fileOfStatus(name string, status rootfs.Status) tranship.File {
	return tranship.File{Path: name, Size: status.Size, ModTime: filetime.Clamp(status.ModTime), Mode: status.Mode.Perm()}
}
