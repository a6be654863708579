package transfer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/tranship/tranship"
)

// errReplaced means that a source was replaced by another version, so that the
// file may be copied from its beginning again. It is not for a source that was
// written to in place: that may go on for ever.
var errReplaced = fmt.Errorf("source %w", ErrChanged)

// abortTimeout bounds how long an upload that failed may take to be removed.
const abortTimeout = 10 * time.Second

// inside is what a destination implements that can copy by itself.
type inside interface {
	Copy(ctx context.Context, source, destination string, precondition tranship.Precondition) (tranship.File, error)
}

// attempt copies an item once. It keeps in item.File what it learns of the source.
func (c *copier) attempt(ctx context.Context, item *Item, result *Result) error {
	c.options.Progress.done.received.Add(-result.SentBytes)
	result.SentBytes = 0
	if store, ok := c.destination.(inside); ok && item.Inside {
		file, err := store.Copy(ctx, item.SourcePath, item.Path, tranship.Precondition{})
		if err == nil {
			result.complete(file)
			result.SkippedBytes = file.Size
			c.options.Progress.done.skipped.Add(file.Size)
		}
		return err
	}
	// The size in the list plans the memory. When the file turns out to be of
	// another one, plan again.
	for range 3 {
		planned := item.File.Size
		done, err := c.planned(ctx, item, result)
		if done || err != nil {
			return err
		}
		if planned == item.File.Size {
			break
		}
	}
	return fmt.Errorf("source %w: its size is another each time", ErrChanged)
}

// isSmall reports whether a file goes in one Put.
func isSmall(size int64) bool { return size >= 0 && size <= tranship.MaxPutBytes }

// planned copies an item if it has the size that item.File says; otherwise it
// corrects that and returns false.
func (c *copier) planned(ctx context.Context, item *Item, result *Result) (bool, error) {
	limit, weight := c.streams, int64(1)
	if isSmall(item.File.Size) {
		limit, weight = c.small, item.File.Size
	}
	if err := limit.Acquire(ctx, weight); err != nil {
		return false, err
	}
	defer limit.Release(weight)

	source, err := read(ctx, item)
	if err != nil {
		return false, err
	}
	defer source.close()
	file := source.content.File()
	result.Size = file.Size
	if isSmall(item.File.Size) && file.Size != item.File.Size {
		item.File.Size = file.Size
		return false, nil
	}

	spec := tranship.Spec{Path: item.Path, Attributes: attributesOf(file), Durability: c.options.Durability}
	if file.Size >= 0 {
		spec.Size = new(file.Size)
	}
	var committed tranship.File
	if isSmall(file.Size) {
		committed, err = c.put(ctx, source.content, spec, result)
	} else {
		committed, err = c.stream(ctx, source, spec, result)
	}
	if err == nil {
		result.complete(committed)
	}
	return true, err
}

// reading is a source that is open, and can be stopped: when the destination
// fails, nobody waits for a source that stalls.
type reading struct {
	ctx     context.Context
	stop    context.CancelFunc
	content tranship.Content
}

func read(ctx context.Context, item *Item) (*reading, error) {
	ctx, stop := context.WithCancel(ctx)
	content, err := item.Source.Open(ctx, item.SourcePath, tranship.OpenOptions{})
	if err != nil {
		stop()
		return nil, err
	}
	return &reading{ctx, stop, content}, nil
}

func (r *reading) close() {
	r.stop()
	// It was only read from, and has said how that went.
	_ = r.content.Close()
}

func (r *Result) complete(file tranship.File) {
	r.Size, r.Version = file.Size, file.Version
	if file.CRC32C != nil {
		r.CRC32C = file.CRC32C
	}
}

// attributesOf is what of a source is kept. A source that knows neither time nor
// mode, as those of the compatibility protocols, leaves the defaults.
func attributesOf(file tranship.File) tranship.Attributes {
	if file.ModTime.IsZero() {
		return tranship.Attributes{Metadata: file.Metadata}
	}
	return tranship.Attributes{
		ModTime:  new(file.ModTime),
		Mode:     new(file.Mode.Perm()),
		Metadata: file.Metadata,
	}
}

// put sends a small file as a whole.
func (c *copier) put(ctx context.Context, content tranship.Content, spec tranship.Spec, result *Result) (tranship.File, error) {
	file := content.File()
	data := make([]byte, file.Size)
	if _, err := io.ReadFull(content, data); err != nil {
		return tranship.File{}, sourceError(err)
	}
	// Only at the end does a source say whether it is whole.
	if n, err := io.ReadFull(content, make([]byte, 1)); n > 0 {
		return tranship.File{}, fmt.Errorf("source %w: it has more than the %d bytes it began with", ErrChanged, file.Size)
	} else if err != io.EOF {
		return tranship.File{}, sourceError(err)
	}
	crc := tranship.CRC32C(data)
	if err := verify(file, file.Size, crc); err != nil {
		return tranship.File{}, err
	}
	result.CRC32C = &crc
	committed, err := c.destination.Put(ctx, spec, data)
	if err != nil {
		return tranship.File{}, err
	}
	result.SentBytes = file.Size
	c.options.Progress.done.received.Add(file.Size)
	return committed, arrived(committed, file.Size, crc)
}

// stream sends a file of any or unknown size through buffers.
func (c *copier) stream(ctx context.Context, source *reading, spec tranship.Spec, result *Result) (_ tranship.File, err error) {
	upload, err := c.destination.Begin(ctx, spec)
	if err != nil {
		return tranship.File{}, err
	}
	c.outage.over()
	defer func() {
		if err != nil {
			abort, cancel := context.WithTimeout(context.WithoutCancel(ctx), abortTimeout)
			defer cancel()
			// What cannot be removed now expires in its store.
			_ = upload.Abort(abort)
		}
	}()
	size, crc, err := c.pump(ctx, source, upload, &result.SentBytes)
	if err != nil {
		return tranship.File{}, err
	}
	if err := verify(source.content.File(), size, crc); err != nil {
		return tranship.File{}, err
	}
	result.CRC32C = &crc
	committed, err := upload.Commit(ctx, tranship.Commit{Size: size, CRC32C: &crc})
	if err != nil {
		return tranship.File{}, err
	}
	// From here on the file is visible: there is nothing to abort.
	return committed, arrived(committed, size, crc)
}

// verify checks what was read against what the source said of itself.
func verify(file tranship.File, size int64, crc uint32) error {
	if file.Size >= 0 && size != file.Size {
		return fmt.Errorf("source %w: it has %d bytes and began with %d", ErrChanged, size, file.Size)
	}
	if file.CRC32C != nil && crc != *file.CRC32C {
		return fmt.Errorf("%w: what was read has CRC32C %08x, and the source %08x", tranship.ErrIntegrity, crc, *file.CRC32C)
	}
	return nil
}

// arrived checks what a destination says of a new file against what was sent.
func arrived(file tranship.File, size int64, crc uint32) error {
	if file.Size != size {
		return fmt.Errorf("%w: %d bytes were sent, and the destination has %d", tranship.ErrIntegrity, size, file.Size)
	}
	if file.CRC32C != nil && *file.CRC32C != crc {
		return fmt.Errorf("%w: what was sent has CRC32C %08x, and the destination %08x", tranship.ErrIntegrity, crc, *file.CRC32C)
	}
	return nil
}

// sourceError is what a failure to read means for the copy.
func sourceError(err error) error {
	switch {
	case errors.Is(err, tranship.ErrPrecondition):
		return errReplaced
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("source %w: it ended early", ErrChanged)
	}
	return err
}
