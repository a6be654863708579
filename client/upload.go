package client

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/wire"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// upload is a session on the server. One slot owns it. Every part writer has its own slot,
// which joins the session.
type upload struct {
	client *Client
	spec   tranship.Spec
	// start is when the upload was begun; zero without an observer.
	start time.Time
	// owner is the slot that owns the upload, stream its stream, and first the number for
	// which the stream got its connection.
	stream *uploadStream
	first  uint64
	owner  *slot

	id       string
	epoch    uint64
	partSize int64

	mu    sync.Mutex
	state uploadState
	// ctx is the context of the operation that waits for the upload: Begin, then Commit.
	ctx context.Context
	// maxStreams is the largest number of streams that the server allows; 0 means
	// unlimited.
	maxStreams int
	// widest is the largest number of streams that the upload would use without this limit.
	widest int
	// streams are all streams that the upload has used; retired are half-closed calls of
	// them.
	streams []*partStream
	retired []*uploadStream
	// writers has the latest writer of each part, until the part is known to be durable.
	writers map[int]*partWriter
	// durable has the durable parts by number.
	durable map[int]tranship.Range
	// progress is the most bytes that the server has reported as received and as written.
	progress int64
	// reported has room for one signal: the server has reported what is durable.
	reported chan struct{}
}

// uploadState is the state of an upload.
type uploadState int

const (
	// uploadOpen means that the upload accepts parts.
	uploadOpen uploadState = iota
	// uploadFailed means that Commit has failed. The upload may still be resumed.
	uploadFailed
	// uploadEnded means that the upload accepts nothing more.
	uploadEnded
)

// Begin implements tranship.Store. It begins again if a lane was lost that had been idle.
func (c *Client) Begin(ctx context.Context, spec tranship.Spec) (tranship.Upload, error) {
	if err := spec.Validate(); err != nil {
		return nil, err
	}
	if spec.Size != nil {
		spec.Size = new(*spec.Size) // the caller may change its own
	}
	if spec.CRC32C != nil {
		spec.CRC32C = new(*spec.CRC32C)
	}
	for repeats := 0; ; repeats++ {
		u, err := c.begin(ctx, spec)
		if err == nil {
			return u, nil
		}
		if u == nil || repeats == maxRepeats || ctx.Err() != nil || !u.stream.stale {
			return nil, err
		}
	}
}

// begin begins an upload in one call. If the call fails after its start, it returns the upload, which
// cannot be used, and the error.
func (c *Client) begin(ctx context.Context, spec tranship.Spec) (*upload, error) {
	first := c.turn.Add(1)
	u := &upload{
		client: c, spec: spec, start: c.observed.Now(), first: first, ctx: ctx,
		writers: map[int]*partWriter{}, durable: map[int]tranship.Range{},
		reported: make(chan struct{}, 1),
	}
	stream, err := openUploadStream(c.askKeepAlive(ctx), c.connection(first), u)
	if err != nil {
		return nil, err
	}
	u.stream = stream
	u.streams = []*partStream{{call: u.stream}}
	if err := u.begin(ctx); err != nil {
		u.stream.close(err)
		return u, err
	}
	return u, nil
}

func (u *upload) begin(ctx context.Context) (err error) {
	mode, interval := transhipv1.Begin_MODE_NEW, (*durationpb.Duration)(nil)
	if u.spec.ResumeKey != "" {
		mode, interval = transhipv1.Begin_MODE_RESUME, durationpb.New(progressInterval)
	}
	u.owner, err = u.stream.open(ctx, true, func(id uint64) *transhipv1.UploadRequest {
		return &transhipv1.UploadRequest{Request: &transhipv1.UploadRequest_Begin{Begin: &transhipv1.Begin{
			Slot:         id,
			Mode:         mode,
			Path:         u.spec.Path,
			Size:         u.spec.Size,
			Attributes:   wire.AttributesToProto(u.spec.Attributes),
			Precondition: wire.PreconditionToProto(u.spec.Precondition),
			Durability:   wire.DurabilityToProto(u.spec.Durability),
			Keep:         u.spec.ResumeKey != "" && !u.spec.Transient,
			ResumeKey:    u.spec.ResumeKey,

			ProgressInterval: interval,
		}}}
	})
	if err != nil {
		return err
	}
	begun, err := u.owner.awaitBegun(ctx)
	if err == nil && begun == nil {
		return fmt.Errorf("%w: the server finished %s before it was sent", tranship.ErrIntegrity, u.spec.Path)
	}
	if err == nil {
		err = wire.CheckBegun(begun, u.spec.Size)
	}
	if err != nil {
		return err
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.id, u.epoch, u.partSize = begun.GetUploadId(), begun.GetEpoch(), begun.GetPartSize()
	if u.spec.ResumeKey != "" {
		u.noteDurableLocked(begun.GetDurable(), func(int) bool { return true })
	}
	return nil
}

// noteDurableLocked records the parts that the server reports as durable and for which
// wanted returns true. It ignores ranges that are not exactly a part with a checksum.
func (u *upload) noteDurableLocked(ranges []*transhipv1.Range, wanted func(n int) bool) {
	for _, r := range ranges {
		n := int(r.GetOffset() / u.partSize)
		start, end, err := u.partBounds(n)
		if err == nil && r.GetOffset() == start && r.GetLength() == end-start && r.Crc32C != nil && wanted(n) {
			u.durable[n] = tranship.Range{Offset: start, Length: end - start, CRC32C: new(r.GetCrc32C())}
		}
	}
}

// errEnded returns the error of calls after Commit, Detach or Abort.
func (u *upload) errEnded() error {
	return fmt.Errorf("%w: the upload of %s has ended", tranship.ErrAborted, u.spec.Path)
}

func (u *upload) hasEnded() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.state != uploadOpen
}

// ID implements tranship.Upload.
func (u *upload) ID() string { return u.id }

// Epoch implements tranship.Upload.
func (u *upload) Epoch() uint64 { return u.epoch }

// PartSize implements tranship.Upload.
func (u *upload) PartSize() int64 { return u.partSize }

// Durable implements tranship.Upload.
func (u *upload) Durable() []tranship.Range {
	u.collectFinished()
	u.mu.Lock()
	defer u.mu.Unlock()
	ranges := make([]tranship.Range, 0, len(u.durable))
	for _, r := range u.durable {
		r.CRC32C = new(*r.CRC32C)
		ranges = append(ranges, r)
	}
	slices.SortFunc(ranges, func(a, b tranship.Range) int { return cmp.Compare(a.Offset, b.Offset) })
	return ranges
}

// Sync implements tranship.Upload. The server finishes a joined slot when its bytes are
// durable. Sync also finishes a slot that writes nothing, to find out whether the upload
// is still open. A writer of several parts that was not closed may have made some of them
// durable, of which the server has not told yet: if there is one, Sync waits for its next report.
func (u *upload) Sync(ctx context.Context) error {
	if u.spec.ResumeKey == "" {
		return nil
	}
	u.mu.Lock()
	writers := slices.Collect(maps.Values(u.writers))
	ended := u.state != uploadOpen
	u.mu.Unlock()
	if ended {
		return u.errEnded()
	}
	probe, err := u.openJoined(ctx, u.stream, false)
	if err != nil {
		return err
	}
	if err := u.stream.send(ctx, finishRequest(probe)); err != nil {
		// The probe must not keep its slot.
		return errors.Join(err, probe.cancel(context.WithoutCancel(ctx)))
	}
	for _, writer := range writers {
		if err := writer.awaitDetached(ctx); err != nil {
			return err
		}
	}
	if err := probe.wait(ctx); err != nil {
		return err
	}
	if !slices.ContainsFunc(writers, func(w *partWriter) bool { return !w.finished.Load() }) {
		return nil
	}
	return u.awaitReport(ctx)
}

// openJoined opens a slot that joins the upload, on a stream. awaited means that the caller waits
// for the reply to its begin.
func (u *upload) openJoined(ctx context.Context, stream *uploadStream, awaited bool) (*slot, error) {
	return stream.open(ctx, awaited, func(id uint64) *transhipv1.UploadRequest {
		return &transhipv1.UploadRequest{Request: &transhipv1.UploadRequest_Begin{Begin: &transhipv1.Begin{
			Slot: id, Mode: transhipv1.Begin_MODE_JOIN, UploadId: u.id, Epoch: u.epoch,
		}}}
	})
}

// finishRequest returns the request that finishes a joined slot.
func finishRequest(joined *slot) *transhipv1.UploadRequest {
	return &transhipv1.UploadRequest{Request: &transhipv1.UploadRequest_Finish{Finish: &transhipv1.Finish{Slot: joined.id}}}
}
