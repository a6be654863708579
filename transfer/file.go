package transfer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/silence"
	"github.com/tranship/tranship/store/localdir"
)

// slowest is the rate, in bytes a second, below which small files, which move as wholes,
// count as stalled.
const slowest = 16 << 10

// commitFactor is how many times as long as other steps a commit may take, because hardly
// any byte moves while the destination syncs.
const commitFactor = 10

// inside is implemented by a destination that can copy its own files.
type inside interface {
	Copy(ctx context.Context, source, destination string, precondition tranship.Precondition) (tranship.File, error)
}

// job is an item that is being copied, and what its attempts have found out.
type job struct {
	*copier
	item     Item
	start    time.Time
	result   *Result
	progress *fileProgress

	// proved has the checksums of the parts that this copy has read from the source
	// and sent. It is valid while the source is file and parts have partSize bytes.
	proved map[int]uint32
	// streamed is the longest prefix of the source that an attempt to send it as one
	// stream has read.
	streamed prefix
	file     tranship.File
	partSize int64
	// best is the largest number of bytes that was ever durable; advanced is true if it
	// has grown since try last looked.
	best     int64
	advanced bool
	// restarts counts how often the copy began again for a reason other than an outage.
	restarts int
	// kept is true if the destination has an upload that can be resumed.
	kept bool
	// discarded is true once NoResume has removed what the destination had.
	discarded bool
	// timeRefused is why the destination did not take the modified time; nil if it has not
	// refused it.
	timeRefused error
}

// attempt copies the item once. It stores in item.File what it finds out of the source.
func (j *job) attempt(ctx context.Context) error {
	if store, ok := j.destination.(inside); ok && j.item.Inside && j.item.Digest == nil && j.timeRefused == nil {
		progress := tranship.NewCopyProgressContext(ctx, j.progress.skipped.Store)
		file, err := store.Copy(progress, j.item.SourcePath, j.item.Path, tranship.Precondition{})
		if err != nil {
			j.progress.skipped.Store(0)
			return err
		}
		j.result.complete(file)
		j.skipped(file.Size)
		return nil
	}
	if j.item.Once {
		return j.once(ctx)
	}
	// The size in the list plans the memory. When the file turns out to be of
	// another one, plan again.
	for range 3 {
		planned := j.item.File.Size
		done, err := j.planned(ctx)
		if done || err != nil {
			return err
		}
		if planned == j.item.File.Size {
			break
		}
	}
	return fmt.Errorf("source %w: its size is another each time", ErrChanged)
}

// skipped records that the whole file is at the destination without having been sent.
func (j *job) skipped(size int64) {
	j.result.SentBytes, j.result.SkippedBytes = 0, size
	j.progress.size.Store(size)
	j.progress.there(0, size)
}

// open begins to read the source as a whole.
func (j *job) open(ctx context.Context) (tranship.Content, error) {
	return j.item.open(ctx, tranship.OpenOptions{})
}

// once copies an item whose source can be read only once. It opens the source once, and
// takes the size from what it opened: the size in the list may be wrong, or not set.
func (j *job) once(ctx context.Context) (err error) {
	if err := j.streams.Acquire(ctx, 1); err != nil {
		return err
	}
	defer j.streams.Release(1)
	watch, stop := silence.New(ctx, j.options.StallTimeout, "no byte moved")
	defer stop()
	return watch.Explain(j.stream(watch))
}

// begun resets the result and the progress at the beginning of an attempt.
func (j *job) begun(file tranship.File) {
	j.result.Size, j.result.SentBytes, j.result.SkippedBytes = file.Size, 0, 0
	j.progress.size.Store(file.Size)
	j.progress.there(0, 0)
}

// isSmall reports whether a file goes in one Put.
func isSmall(size int64) bool { return size >= 0 && size <= tranship.MaxPutBytes }

// planned copies the item if it has the size that item.File says; otherwise it
// corrects that and returns false.
func (j *job) planned(ctx context.Context) (done bool, err error) {
	limit, weight := j.streams, int64(1)
	small := isSmall(j.item.File.Size)
	if small {
		limit, weight = j.small, j.item.File.Size
	}
	if err := limit.Acquire(ctx, weight); err != nil {
		return false, err
	}
	defer limit.Release(weight)
	timeout := j.options.StallTimeout
	if small {
		inFlight := j.smallInFlight.Add(weight)
		defer j.smallInFlight.Add(-weight)
		timeout += time.Duration(inFlight) * (time.Second / slowest)
	}
	watch, stop := silence.New(ctx, timeout, "no byte moved")
	defer stop()
	defer func() { err = watch.Explain(err) }()
	switch {
	case small:
		return j.put(watch)
	case isPipe(j.destination) || j.item.File.Size < 0 || j.inOrder():
		return true, j.stream(watch)
	}
	source, err := openSource(watch.Context(), &j.item)
	if err != nil {
		return false, j.lost(watch.Context(), err)
	}
	defer source.close()
	if size := source.from.Size; size < 0 || isSmall(size) {
		j.item.File.Size = size
		return false, nil
	}
	return true, j.parts(watch, source)
}

// lost removes what an earlier attempt kept, if err says that the version which that
// attempt copied is no longer at the source. It returns err.
func (j *job) lost(ctx context.Context, err error) error {
	old := &source{from: j.file, item: &j.item}
	if !j.kept || !old.isLost(err) {
		return err
	}
	spec := j.spec(j.file)
	spec.ResumeKey = old.resumeKey()
	if j.discard(ctx, spec) == nil {
		j.kept = false
	}
	return err
}

// inOrder reports whether the content must be read in order to compute its digest: it
// must if neither side is on this machine, where it could be read a second time.
func (j *job) inOrder() bool {
	if j.item.Digest == nil {
		return false
	}
	_, localSource := j.item.Source.(absolute)
	_, localDestination := j.destination.(absolute)
	return !localSource && !localDestination
}

// spec returns what the destination must make of the source's file.
func (j *job) spec(file tranship.File) tranship.Spec {
	spec := tranship.Spec{Path: j.item.Path, Attributes: attributesOf(file), Durability: j.options.Durability}
	if file.Size >= 0 {
		spec.Size = new(file.Size)
	}
	if why := j.timeless.Load(); why != nil && j.timeRefused == nil {
		j.timeRefused = *why
	}
	if j.timeRefused != nil {
		spec.Attributes.ModTime = nil
	}
	return spec
}

// attributesOf returns the attributes that a copy keeps. A source that knows neither time
// nor mode, as those of the compatibility protocols, gets the defaults.
func attributesOf(file tranship.File) tranship.Attributes {
	if file.ModTime.IsZero() {
		return tranship.Attributes{Metadata: file.Metadata}
	}
	metadata := file.Metadata
	if metadata == nil && file.Version != "" {
		metadata = map[string]string{} // known to be none
	}
	return tranship.Attributes{
		ModTime:  new(file.ModTime),
		Mode:     new(file.Mode.Perm()),
		Metadata: metadata,
	}
}

func (r *Result) complete(file tranship.File) {
	r.Size, r.Version = file.Size, file.Version
	if file.CRC32C != nil {
		r.CRC32C = file.CRC32C
	}
}

// verify compares what was read with the size and checksum that the source has declared.
func verify(file tranship.File, size int64, crc uint32) error {
	if file.Size >= 0 && size != file.Size {
		return fmt.Errorf("source %w: it has %d bytes and began with %d", ErrChanged, size, file.Size)
	}
	if file.CRC32C != nil && crc != *file.CRC32C {
		return fmt.Errorf("%w: what was read has CRC32C %08x, and the source %08x", tranship.ErrIntegrity, crc, *file.CRC32C)
	}
	return nil
}

// arrived compares the new file that a destination describes with what was sent.
func arrived(file tranship.File, size int64, crc uint32) error {
	if file.Size != size {
		return fmt.Errorf("%w: %d bytes were sent, and the destination has %d", tranship.ErrIntegrity, size, file.Size)
	}
	if file.CRC32C != nil && *file.CRC32C != crc {
		return fmt.Errorf("%w: what was sent has CRC32C %08x, and the destination %08x", tranship.ErrIntegrity, crc, *file.CRC32C)
	}
	return nil
}

// discarder is implemented by a destination on this machine, which can remove what
// unfinished copies to a path have left.
type discarder interface{ Discard(path string) error }

// forget removes what this copy and earlier ones have left at the destination, if the item
// failed with err because its source is gone.
func (j *job) forget(err error) {
	if _, target := errors.AsType[*localdir.TargetError](err); target || !errors.Is(err, tranship.ErrNotFound) {
		return
	}
	if destination, ok := j.destination.(discarder); ok && destination.Discard(j.item.Path) == nil {
		j.kept = false
	}
}
