package server

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/rpcstatus"
	"github.com/tranship/tranship/internal/wire"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// slotEvents is how many messages wait for one slot; the stream bounds their bytes.
const slotEvents = 16

// minProgressInterval is the shortest that a client can ask for.
const minProgressInterval = 100 * time.Millisecond

// event is what the stream hands to a slot: exactly one field is set. After finish
// or err there is no other.
type event struct {
	chunk  *transhipv1.Chunk
	finish *transhipv1.Finish
	err    error
}

// slot is one file, or one writer of a file, on an Upload stream. The stream's
// goroutine delivers events; the slot's own, run, handles them.
type slot struct {
	stream *uploadStream
	id     uint64
	events chan event
	// done is closed when the slot has had its terminal reply. What the stream
	// still delivers is dropped.
	done chan struct{}

	received atomic.Int64
	written  atomic.Int64

	// These belong to run.
	session *session
	owner   bool
	cursor  cursor
}

func newSlot(stream *uploadStream, id uint64) *slot {
	return &slot{stream: stream, id: id, events: make(chan event, slotEvents), done: make(chan struct{})}
}

func (s *slot) ended() bool {
	select {
	case <-s.done:
		return true
	default:
		return false
	}
}

// deliver hands an event to run. Only the stream's goroutine may call it.
func (s *slot) deliver(e event) {
	s.events <- e // run takes all of them, to the end
}

// end hands over the last event.
func (s *slot) end(e event) {
	s.deliver(e)
	close(s.events)
}

// run opens the slot, handles its events, sends the terminal reply and leaves
// nothing behind that the slot owned. It returns after the last event.
func (s *slot) run(begin *transhipv1.Begin) {
	start := time.Now()
	file, err := s.transfer(begin)
	server := s.stream.server
	if s.owner {
		server.sessions.remove(s.session)
		if err != nil {
			server.abort(s.stream.ctx, s.session.upload)
		}
	}
	s.reply(file, err)
	close(s.done)
	server.logInternal(s.stream.ctx, "upload", err)
	if begin.GetMode() != transhipv1.Begin_MODE_JOIN {
		server.logTransfer(s.stream.ctx, outcome{
			direction: "upload", path: begin.GetPath(), bytes: s.total(), start: start, err: err,
		})
	}
	for e := range s.events {
		s.stream.bytes.Release(int64(len(e.chunk.GetData())))
	}
}

// total counts the bytes of the slot's upload, those of joined slots included.
func (s *slot) total() int64 {
	if s.session == nil {
		return 0
	}
	return s.session.written()
}

// abort removes an upload, also when the client has gone.
func (s *Server) abort(ctx context.Context, upload tranship.Upload) {
	if err := upload.Abort(context.WithoutCancel(ctx)); err != nil {
		s.log.ErrorContext(ctx, "internal failure", "operation", "abort", "error", err)
	}
}

func (s *slot) reply(file *tranship.File, err error) {
	if err != nil {
		s.stream.replies.failed(s.id, rpcstatus.Proto(err))
		return
	}
	finished := &transhipv1.Finished{Slot: s.id}
	if file != nil {
		finished.File = wire.FileToProto(*file)
	}
	s.stream.replies.finished(finished)
}

// transfer is the slot's life up to its outcome: the file, when it owns one.
func (s *slot) transfer(begin *transhipv1.Begin) (file *tranship.File, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = s.stream.server.panicked(s.stream.ctx, "upload", r)
		}
	}()
	if err := s.begin(begin); err != nil {
		return nil, err
	}
	defer s.cursor.close()

	progress := s.ticker(begin)
	if progress != nil {
		defer progress.Stop()
	}
	for {
		select {
		case e := <-s.events:
			switch {
			case e.chunk != nil:
				if err := s.write(e.chunk); err != nil {
					return nil, err
				}
			case e.finish != nil:
				return s.finish(e.finish)
			default:
				return nil, e.err
			}
		case <-tick(progress):
			s.stream.replies.progressed(s.progress())
		case <-s.stream.ctx.Done():
			return nil, s.stream.ctx.Err()
		}
	}
}

// ticker asks for progress as often as the client does; nil: never.
func (s *slot) ticker(begin *transhipv1.Begin) *time.Ticker {
	if begin.GetProgressInterval() == nil {
		return nil
	}
	return time.NewTicker(max(begin.GetProgressInterval().AsDuration(), minProgressInterval))
}

func tick(ticker *time.Ticker) <-chan time.Time {
	if ticker == nil {
		return nil
	}
	return ticker.C
}

// progress tells how far the slot is. Nothing is durable before the commit.
func (s *slot) progress() *transhipv1.Progress {
	written := s.written.Load() // first, so that it is not more than received
	return &transhipv1.Progress{Slot: s.id, ReceivedBytes: s.received.Load(), WrittenBytes: written}
}

// begin opens the slot: it begins an upload or joins one, and answers.
func (s *slot) begin(begin *transhipv1.Begin) error {
	switch begin.GetMode() {
	case transhipv1.Begin_MODE_UNSPECIFIED, transhipv1.Begin_MODE_NEW:
		if err := s.beginNew(begin); err != nil {
			return err
		}
	case transhipv1.Begin_MODE_JOIN:
		joined, err := s.stream.server.sessions.join(begin.GetUploadId(), begin.GetEpoch())
		if err != nil {
			return err
		}
		s.session = joined
	case transhipv1.Begin_MODE_RESUME:
		return fmt.Errorf("%w: resuming an upload", tranship.ErrUnsupported)
	default:
		return fmt.Errorf("%w: begin mode %d", tranship.ErrUnsupported, begin.GetMode())
	}
	s.cursor = cursor{ctx: s.stream.ctx, upload: s.session.upload, size: s.session.spec.Size}
	s.stream.replies.begun(&transhipv1.Begun{
		Slot:     s.id,
		UploadId: s.session.upload.ID(),
		Epoch:    s.session.epoch,
		PartSize: s.session.upload.PartSize(),
	})
	return nil
}

func (s *slot) beginNew(begin *transhipv1.Begin) error {
	if begin.GetKeep() {
		return fmt.Errorf("%w: keeping an upload to resume it", tranship.ErrUnsupported)
	}
	spec, err := specFromProto(begin)
	if err != nil {
		return err
	}
	spec.Size = begin.Size
	spec.Durability = s.stream.server.durability(spec.Durability)
	upload, err := s.stream.server.store.Begin(s.stream.ctx, spec)
	if err != nil {
		return err
	}
	s.session = &session{upload: upload, spec: spec, epoch: 1}
	s.owner = true
	s.stream.server.sessions.add(s.session)
	return nil
}

func (s *slot) write(chunk *transhipv1.Chunk) error {
	size := int64(len(chunk.GetData()))
	defer s.stream.bytes.Release(size)
	if chunk.Crc32C != nil && tranship.CRC32C(chunk.GetData()) != chunk.GetCrc32C() {
		return fmt.Errorf("%w: a chunk at offset %d does not have its CRC32C", tranship.ErrIntegrity, chunk.GetOffset())
	}
	if err := s.cursor.write(chunk.Offset, chunk.GetData()); err != nil {
		return err
	}
	s.written.Add(size)
	s.session.wrote(s.cursor.offset)
	return nil
}

// finish commits, or only detaches when the slot has joined.
func (s *slot) finish(finish *transhipv1.Finish) (*tranship.File, error) {
	if err := s.cursor.close(); err != nil {
		return nil, err
	}
	if !s.owner {
		return nil, nil
	}
	commit := tranship.Commit{Size: s.session.written(), CRC32C: finish.Crc32C}
	switch {
	case finish.Size != nil:
		commit.Size = finish.GetSize()
	case s.session.spec.Size != nil:
		commit.Size = *s.session.spec.Size
	}
	if err := verifyCheck(finish.Check, s.session.spec.Path, finish.Size, finish.Crc32C); err != nil {
		return nil, err
	}
	file, err := s.session.upload.Commit(s.stream.ctx, commit)
	if err != nil {
		return nil, err
	}
	return &file, nil
}

// panicked turns a panic into the error of one file, and logs it.
func (s *Server) panicked(ctx context.Context, operation string, reason any) error {
	s.log.ErrorContext(ctx, "panic", "operation", operation, "reason", reason, "stack", string(debug.Stack()))
	return fmt.Errorf("panic in %s", operation)
}

// outcome is what the log says of a transfer that has ended.
type outcome struct {
	direction, path string
	bytes           int64
	start           time.Time
	err             error
}

// logTransfer writes the one line that each transfer gets.
func (s *Server) logTransfer(ctx context.Context, o outcome) {
	attributes := []slog.Attr{
		slog.String("protocol", "tranship"),
		slog.String("direction", o.direction),
		slog.String("path", o.path),
		slog.Int64("bytes", o.bytes),
		slog.Float64("seconds", time.Since(o.start).Seconds()),
	}
	if o.err != nil {
		s.log.LogAttrs(ctx, slog.LevelWarn, "transfer failed", append(attributes, slog.Any("error", o.err))...)
		return
	}
	s.log.LogAttrs(ctx, slog.LevelInfo, "transfer finished", attributes...)
}
