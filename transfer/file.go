package transfer

import (
	"context"
	"fmt"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/silence"
)

// slowest is the rate, in bytes a second, below which small files are taken to
// stall: they move as wholes.
const slowest = 16 << 10

// commitFactor is how many times as long as any other step a commit may take, in which
// hardly anything visible moves.
const commitFactor = 10

// inside is what a destination implements that can copy by itself.
type inside interface {
	Copy(ctx context.Context, source, destination string, precondition tranship.Precondition) (tranship.File, error)
}

// job is an item that is being copied, with what its attempts have learned.
type job struct {
	*copier
	item     Item
	result   *Result
	progress *fileProgress

	// proved are the checksums of parts that this copy has read from the source
	// and sent, as long as the source is file and parts have partSize.
	proved   map[int]uint32
	file     tranship.File
	partSize int64
	// best is the most that was ever durable, advanced that it has grown.
	best     int64
	advanced bool
	// restarts are how often it began again for another reason than an outage.
	restarts int
	// kept: the destination has an upload to be resumed.
	kept bool
	// discarded: what it had before NoResume is gone.
	discarded bool
}

// attempt copies the item once. It keeps in item.File what it learns of the source.
func (j *job) attempt(ctx context.Context) error {
	if store, ok := j.destination.(inside); ok && j.item.Inside && j.item.Digest == nil {
		file, err := store.Copy(ctx, j.item.SourcePath, j.item.Path, tranship.Precondition{})
		if err == nil {
			j.result.complete(file)
			j.skipped(file.Size)
		}
		return err
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

// skipped notes that the whole file is at the destination without being sent.
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

// begun notes what an attempt begins with.
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

// lost removes what an earlier attempt kept, if the source cannot be opened because
// that is not there any more.
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

// inOrder reports whether all has to be read in order, once, to know its digest:
// neither side is on this machine, to be read a second time for it.
func (j *job) inOrder() bool {
	if j.item.Digest == nil {
		return false
	}
	_, localSource := j.item.Source.(absolute)
	_, localDestination := j.destination.(absolute)
	return !localSource && !localDestination
}

// spec is what the destination is to make of a source.
func (j *job) spec(file tranship.File) tranship.Spec {
	spec := tranship.Spec{Path: j.item.Path, Attributes: attributesOf(file), Durability: j.options.Durability}
	if file.Size >= 0 {
		spec.Size = new(file.Size)
	}
	return spec
}

// attributesOf is what of a source is kept. A source that knows neither time nor
// mode, as those of the compatibility protocols, leaves the defaults.
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
