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
	"github.com/tranship/tranship/internal/failure"
	"github.com/tranship/tranship/internal/wire"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// upload is a session on the server. One slot owns it; every part writer has a slot
// of its own that joins it.
type upload struct {
	client *Client
	spec   tranship.Spec
	// start is when the upload was begun, if it is observed.
	start time.Time
	// stream is the owner's, on the first connection, by its number.
	stream *uploadStream
	first  uint64
	owner  *slot

	id       string
	epoch    uint64
	partSize int64

	mu    sync.Mutex
	state uploadState
	// maxStreams is how many streams the server wants at most; 0: any number.
	maxStreams int
	// streams are the streams there have been; retired are calls that they had before.
	streams []*partStream
	retired []*uploadStream
	// writers are the latest of each part, until what they wrote is known to be
	// durable.
	writers map[int]*partWriter
	// durable are the parts that are, by number.
	durable map[int]tranship.Range
}

// progressInterval is how often the server tells what has become durable.
const progressInterval = 250 * time.Millisecond

// uploadState is what may be done with an upload.
type uploadState int

const (
	// uploadOpen: it takes parts.
	uploadOpen uploadState = iota
	// uploadFailed: Commit has failed, and what is there may still be resumed.
	uploadFailed
	// uploadEnded: nothing.
	uploadEnded
)

// Begin implements tranship.Store.
func (c *Client) Begin(ctx context.Context, spec tranship.Spec) (tranship.Upload, error) {
	if err := spec.Validate(); err != nil {
		return nil, err
	}
	first := c.turn.Add(1)
	if spec.Size != nil {
		spec.Size = new(*spec.Size) // the caller may change theirs
	}
	if spec.CRC32C != nil {
		spec.CRC32C = new(*spec.CRC32C)
	}
	u := &upload{
		client: c, spec: spec, start: c.observed.Now(), first: first,
		writers: map[int]*partWriter{}, durable: map[int]tranship.Range{},
	}
	stream, err := openUploadStream(ctx, c.connection(first), u)
	if err != nil {
		return nil, err
	}
	u.stream = stream
	u.streams = []*partStream{{call: u.stream}}
	if err := u.begin(ctx); err != nil {
		u.stream.close(err)
		return nil, err
	}
	return u, nil
}

func (u *upload) begin(ctx context.Context) (err error) {
	mode, interval := transhipv1.Begin_MODE_NEW, (*durationpb.Duration)(nil)
	if u.spec.ResumeKey != "" {
		mode, interval = transhipv1.Begin_MODE_RESUME, durationpb.New(progressInterval)
	}
	u.owner, err = u.stream.open(ctx, func(id uint64) *transhipv1.UploadRequest {
		return &transhipv1.UploadRequest{Request: &transhipv1.UploadRequest_Begin{Begin: &transhipv1.Begin{
			Slot:         id,
			Mode:         mode,
			Path:         u.spec.Path,
			Size:         u.spec.Size,
			Attributes:   wire.AttributesToProto(u.spec.Attributes),
			Precondition: wire.PreconditionToProto(u.spec.Precondition),
			Durability:   wire.DurabilityToProto(u.spec.Durability),
			Keep:         u.spec.ResumeKey != "",
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
		u.noteDurable(begun.GetDurable(), func(int) bool { return true })
	}
	return nil
}

// noteDurable takes parts that the server says are durable, and that are wanted; what
// is no part is ignored. The caller holds mu.
func (u *upload) noteDurable(ranges []*transhipv1.Range, wanted func(n int) bool) {
	for _, r := range ranges {
		n := int(r.GetOffset() / u.partSize)
		start, end, err := u.bounds(n)
		if err == nil && r.GetOffset() == start && r.GetLength() == end-start && r.Crc32C != nil && wanted(n) {
			u.durable[n] = tranship.Range{Offset: start, Length: end - start, CRC32C: new(r.GetCrc32C())}
		}
	}
}

// errEnded is what writers get after Commit, Detach or Abort.
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
	u.absorb()
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

// Sync implements tranship.Upload: a joined slot is finished when what it wrote is
// durable. One more, which writes nothing, finds out whether the upload is still
// under way.
func (u *upload) Sync(ctx context.Context) error {
	if u.spec.ResumeKey == "" {
		return nil
	}
	u.mu.Lock()
	closed := slices.Collect(maps.Values(u.writers))
	ended := u.state != uploadOpen
	u.mu.Unlock()
	if ended {
		return u.errEnded()
	}
	probe, err := u.openJoined(ctx, u.stream)
	if err != nil {
		return err
	}
	if err := u.stream.send(ctx, finishOf(probe)); err != nil {
		// Its place on the stream is not to be lost.
		return errors.Join(err, probe.cancel(context.WithoutCancel(ctx)))
	}
	for _, writer := range closed {
		if err := writer.detached(ctx); err != nil {
			return err
		}
	}
	return probe.wait(ctx)
}

// openJoined opens a slot that joins the upload, on a stream.
func (u *upload) openJoined(ctx context.Context, stream *uploadStream) (*slot, error) {
	return stream.open(ctx, func(id uint64) *transhipv1.UploadRequest {
		return &transhipv1.UploadRequest{Request: &transhipv1.UploadRequest_Begin{Begin: &transhipv1.Begin{
			Slot: id, Mode: transhipv1.Begin_MODE_JOIN, UploadId: u.id, Epoch: u.epoch,
		}}}
	})
}

// closeStreams ends all streams of the upload, which has ended.
func (u *upload) closeStreams() {
	u.mu.Lock()
	streams := slices.Clone(u.retired)
	for _, l := range u.streams {
		streams = append(streams, l.call)
	}
	u.mu.Unlock()
	for _, stream := range streams {
		if stream != nil {
			stream.close(u.errEnded())
		}
	}
}

// finishOf detaches a joined slot.
func finishOf(joined *slot) *transhipv1.UploadRequest {
	return &transhipv1.UploadRequest{Request: &transhipv1.UploadRequest_Finish{Finish: &transhipv1.Finish{Slot: joined.id}}}
}

// end takes the upload out of use, with the writers of its parts; false if it is
// already.
func (u *upload) end(state uploadState) (writers map[int]*partWriter, open bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.state != uploadOpen {
		return nil, false
	}
	writers = u.writers
	u.state, u.writers = state, nil
	return writers, true
}

func (u *upload) commitOnce(ctx context.Context, commit tranship.Commit) (tranship.File, error) {
	if err := ctx.Err(); err != nil {
		return tranship.File{}, err
	}
	if err := commit.Attributes.Validate(); err != nil {
		return tranship.File{}, err
	}
	if want := u.spec.CRC32C; want != nil && commit.CRC32C != nil && *want != *commit.CRC32C {
		return tranship.File{}, failure.WrongChecksum(u.spec.Path, *commit.CRC32C, *want)
	}
	writers, open := u.end(uploadEnded)
	if !open {
		return tranship.File{}, u.errEnded()
	}
	file, err := u.commit(ctx, commit, writers)
	if err != nil && u.spec.ResumeKey != "" {
		// The server holds the upload while the stream is there.
		u.mu.Lock()
		u.state = uploadFailed
		u.mu.Unlock()
		return tranship.File{}, err
	}
	u.closeStreams()
	return file, err
}

func (u *upload) commit(ctx context.Context, commit tranship.Commit, writers map[int]*partWriter) (tranship.File, error) {
	for _, writer := range writers {
		if err := writer.settle(ctx); err != nil {
			return tranship.File{}, err
		}
	}
	finish := &transhipv1.Finish{
		Slot: u.owner.id, Size: &commit.Size, Crc32C: commit.CRC32C,
		Attributes: wire.AttributesToProto(commit.Attributes),
	}
	if finish.Crc32C == nil {
		finish.Crc32C = u.spec.CRC32C
	}
	if finish.Crc32C != nil {
		finish.Check = new(tranship.Check(u.spec.Path, commit.Size, finish.GetCrc32C()))
	}
	if err := u.stream.send(ctx, &transhipv1.UploadRequest{
		Request: &transhipv1.UploadRequest_Finish{Finish: finish},
	}); err != nil {
		return tranship.File{}, err
	}
	return u.owner.committed(ctx, u.spec.Path)
}

// Abort implements tranship.Upload.
func (u *upload) Abort(ctx context.Context) error {
	failed := u.revoke()
	if _, open := u.end(uploadEnded); !open && !failed {
		return nil
	}
	defer u.closeStreams()
	err := u.owner.cancel(ctx)
	switch {
	case err == nil && failed:
		err = u.leave(ctx) // a slot that has ended has no second reply
	case err == nil:
		err = u.owner.wait(ctx)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if u.spec.ResumeKey == "" || errors.Is(err, tranship.ErrAborted) || errors.Is(err, context.Canceled) {
		return nil // it goes with its stream, or is somebody else's, or is gone
	}
	return err
}

// revoke ends an upload whose commit has failed; false for any other.
func (u *upload) revoke() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	failed := u.state == uploadFailed
	if failed {
		u.state = uploadEnded
	}
	return failed
}

// leave half-closes the owner's stream, and waits until the server has ended it.
func (u *upload) leave(ctx context.Context) error {
	u.stream.halfClose(ctx)
	select {
	case <-u.stream.done:
		if errors.Is(u.stream.err, errStreamEnded) {
			return nil
		}
		return u.stream.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Detach implements tranship.Upload: the server detaches an upload when the stream
// that owns it ends.
func (u *upload) Detach(ctx context.Context) error {
	if u.spec.ResumeKey == "" {
		return u.Abort(ctx)
	}
	failed := u.revoke()
	if _, open := u.end(uploadEnded); !open && !failed {
		return nil
	}
	defer u.closeStreams()
	_ = u.leave(ctx) // a stream that broke has let go as well
	return ctx.Err()
}
