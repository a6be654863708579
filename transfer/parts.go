package transfer

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/silence"
)

const (
	// runBytes bounds the length of one range that is opened at the source. Opening a
	// range of a file on a server costs a round trip.
	runBytes = 64 << 20
	// maxParts bounds the memory that the parts of one file take.
	maxParts = 1 << 22
	// durableInterval is how often poll asks an upload what is durable.
	durableInterval = 500 * time.Millisecond
)

// assembly is one attempt to upload a file part by part: senders send what is
// missing while a prover looks at what is there.
type assembly struct {
	*job
	watch  *silence.Watch
	source *source
	upload tranship.Upload
	key    string

	count int // the number of parts
	// durable has the parts that the destination has, with their checksums.
	durable map[int]uint32
	// differing has the parts at the destination that turned out to differ from the
	// source. It has room for all parts, and is closed when all have been compared.
	differing chan int

	mu sync.Mutex
	// next is the part from which take looks for missing ones, missing is how many
	// are left, and taken how many senders have taken.
	next, missing, taken int
	// senders is the number of senders.
	senders int
	// crcs has the checksums of the parts that were sent or proved.
	crcs []uint32

	sentBytes, skippedBytes atomic.Int64
	// committing is true once all parts are at the destination.
	committing bool
}

// parts copies a file of known size.
func (j *job) parts(watch *silence.Watch, source *source) (err error) {
	if !sameContent(j.file, source.from) {
		j.file, j.proved = source.from, nil
	}
	spec := j.spec(source.from)
	spec.ResumeKey = source.resumeKey()
	if j.options.NoResume {
		if err := j.discard(watch.Context(), spec); err != nil {
			return err
		}
		spec.ResumeKey = ""
	}
	key := spec.ResumeKey
	j.progress.size.Store(source.from.Size)
	j.result.Size = source.from.Size
	upload, err := j.destination.Begin(watch.Context(), spec)
	if j.leaveTimeOut(source.from.ModTime, err) {
		spec.Attributes.ModTime = nil
		upload, err = j.destination.Begin(watch.Context(), spec)
	}
	if err != nil {
		return err
	}
	j.outage.Over()
	j.kept = false
	watch.Moved()
	a := &assembly{job: j, watch: watch, source: source, upload: upload, key: key}
	defer func() {
		j.result.SentBytes, j.result.SkippedBytes = a.sentBytes.Load(), a.skippedBytes.Load()
		if err != nil {
			err = a.giveUp(watch.Explain(err))
		}
	}()
	if err := a.look(); err != nil {
		return err
	}
	stop := a.poll(watch.Context())
	defer stop()
	if err := a.move(watch.Context()); err != nil {
		return err
	}
	committed, err := a.commit(watch.Context())
	stop()
	if err != nil {
		return err
	}
	j.completed(source.from, committed)
	j.progress.there(a.sentBytes.Load(), a.skippedBytes.Load())
	return nil
}

// discard removes, once, what the destination has of an upload that would be resumed. The
// upload that it begins for that is transient, so that none is left if the copy is
// interrupted meanwhile.
func (j *job) discard(ctx context.Context, spec tranship.Spec) error {
	if j.discarded || spec.ResumeKey == "" {
		return nil
	}
	spec.Transient = true
	upload, err := j.destination.Begin(ctx, spec)
	if err != nil {
		return err
	}
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTimeout)
	defer cancel()
	if err := upload.Abort(ending); err != nil {
		return err
	}
	j.discarded = true
	return ctx.Err()
}

// look plans what to send and what to prove, by what the upload has.
func (a *assembly) look() error {
	size, partSize := a.source.from.Size, a.upload.PartSize()
	if partSize <= 0 || (size-1)/partSize >= maxParts {
		return fmt.Errorf("the destination has parts of %d bytes, for %d in all", partSize, size)
	}
	if a.partSize != partSize || a.proved == nil {
		a.partSize, a.proved = partSize, map[int]uint32{}
	}
	a.count = int((size-1)/partSize) + 1
	a.crcs = make([]uint32, a.count)
	a.durable = map[int]uint32{}
	var mine, others int64
	for _, r := range a.upload.Durable() {
		n := int(r.Offset / partSize)
		if r.Offset < 0 || r.Offset%partSize != 0 || n >= a.count || r.Length != a.length(n) || r.CRC32C == nil {
			continue // Not a whole part: it is sent as if it was not there.
		}
		a.durable[n] = *r.CRC32C
		if _, ours := a.proved[n]; ours {
			mine += r.Length
		} else {
			others += r.Length
		}
	}
	a.missing = a.count - len(a.durable)
	a.differing = make(chan int, len(a.durable))
	a.progress.there(mine, others)
	if mine+others > a.best {
		a.best, a.advanced = mine+others, true
	}
	if discarding, ok := tranship.As[tranship.DiscardReporter](a.upload); ok {
		if n, why := discarding.Discarded(); why != nil {
			a.event(Event{Kind: EventRestart, Bytes: n, Err: why})
		}
	}
	if mine+others > 0 {
		a.event(Event{Kind: EventResume, Bytes: mine + others})
	}
	return nil
}

func (a *assembly) length(n int) int64 {
	return min(a.partSize, a.source.from.Size-int64(n)*a.partSize)
}

// move sends what is missing and proves what is there, at the same time.
func (a *assembly) move(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return a.sendWide(ctx) })
	group.Go(func() error { return a.prove(ctx) })
	if a.item.Digest != nil && a.source.isLocal() {
		group.Go(func() error { return a.hashSource(ctx) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	if a.item.Digest != nil && !a.source.isLocal() {
		return a.hashUpload(a.watch.Context())
	}
	return nil
}

// poll keeps the progress informed of what is durable, until its result is called.
// More of it is a move, too: that is how a commit moves on a slow link, where much
// is still on its way when the last byte has been taken.
func (a *assembly) poll(ctx context.Context) (stop func()) {
	if a.key == "" {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	var done sync.WaitGroup
	done.Go(func() {
		tick := time.NewTicker(durableInterval)
		defer tick.Stop()
		var most int64
		for {
			select {
			case <-tick.C:
				n := durableBytes(a.upload)
				a.progress.durable.Store(n)
				if n > most {
					most = n
					a.watch.Moved()
				}
			case <-ctx.Done():
				return
			}
		}
	})
	return func() {
		cancel()
		done.Wait()
	}
}

func durableBytes(upload tranship.Upload) (n int64) {
	for _, r := range upload.Durable() {
		n += r.Length
	}
	return n
}

// commit makes the file visible.
func (a *assembly) commit(ctx context.Context) (tranship.File, error) {
	a.committing = true
	var crc uint32
	for n, part := range a.crcs {
		crc = tranship.CombineCRC32C(crc, part, a.length(n))
	}
	size := a.source.from.Size
	if err := verify(a.source.from, size, crc); err != nil {
		return tranship.File{}, err
	}
	a.result.CRC32C = &crc
	a.watch.Extend(commitFactor)
	committed, err := a.upload.Commit(ctx, tranship.Commit{Size: size, CRC32C: &crc})
	if err != nil {
		return tranship.File{}, err
	}
	return committed, arrived(committed, size, crc)
}
