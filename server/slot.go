package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/internal/minrate"
	"github.com/tranship/tranship/internal/payload"
	"github.com/tranship/tranship/internal/rpcstatus"
	"github.com/tranship/tranship/internal/wire"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
	"github.com/tranship/tranship/server/internal/caller"
)

// slotEvents is how many messages wait for one slot; the stream bounds their bytes.
const slotEvents = 16

// maxBegunRanges bounds the durable parts that begun tells of: about 2 MiB. A
// client sends the others again.
const maxBegunRanges = 100_000

// minProgressInterval is the shortest that a client can ask for.
const minProgressInterval = 100 * time.Millisecond

// event is what the stream hands to a slot: exactly one field is set, and data with
// chunk. After finish or err there is no other.
type event struct {
	chunk    *transhipv1.Chunk
	data     *payload.Message
	copyPart *transhipv1.CopyPart
	finish   *transhipv1.Finish
	err      error
	// told: Options.Refused knows of err, or is told of it with the stream's end.
	told bool
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

	received, written, durable atomic.Int64
	// shared is the session that the slot owns, once it does.
	shared atomic.Pointer[session]

	// These belong to run.
	session *session
	owner   bool
	// ctx is what the slot does after begin with; refused is to be told how that fails.
	ctx     context.Context
	refused func(Refusal)
	cursor  cursor
	// finishing: the client has sent finish.
	finishing bool
	// reach is the end of what the slot has written. That of a joined slot counts
	// for the upload once it is finished.
	reach int64
	// told are the durable parts that the client knows of, by offset, with their
	// CRC32C.
	told map[int64]uint32
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
// nothing behind that the slot owned and that is not to be kept. It returns after
// the last event.
func (s *slot) run(begin *transhipv1.Begin) {
	start := time.Now()
	finished, err := s.transfer(begin)
	server := s.stream.server
	if s.owner {
		s.session.revoke(server.options.Memory)
		server.sessions.remove(s.session, err != nil && s.session.keep && !errors.Is(err, errCancelled) && !errors.Is(err, tranship.ErrAborted))
		switch {
		case err != nil && s.finishing && s.session.keep:
			s.stream.leave(s)
		case err != nil:
			server.letGo(s.stream.ctx, s.session, err)
		}
	}
	if err != nil {
		s.stream.replies.failed(s.id, rpcstatus.Proto(err))
	} else {
		s.stream.replies.finished(finished)
	}
	close(s.done)
	s.stream.wake()
	server.logInternal(s.stream.ctx, "upload", err)
	if begin.GetMode() != transhipv1.Begin_MODE_JOIN {
		server.logTransfer(s.stream.ctx, outcome{
			direction: "upload", path: begin.GetPath(), bytes: s.total(), start: start, err: err,
		})
	}
	for e := range s.events {
		if e.chunk != nil {
			s.stream.drop(int64(e.data.Len()))
			e.data.Free()
		}
	}
}

// total counts the bytes of the slot's upload, those of joined slots included.
func (s *slot) total() int64 {
	if s.session == nil {
		return 0
	}
	return s.session.written.Load()
}

// letGo ends an upload whose owner failed with err, also when the client has gone:
// for good, or so that it can be resumed.
func (s *Server) letGo(ctx context.Context, session *session, err error) {
	defer func() {
		if r := recover(); r != nil {
			_ = s.panicked(ctx, "end of an upload", r)
		}
	}()
	end := session.upload.Abort
	if session.keep && !errors.Is(err, errCancelled) {
		end = session.upload.Detach
	}
	if err := end(context.WithoutCancel(ctx)); err != nil {
		s.log.ErrorContext(ctx, "internal failure", "operation", "end of an upload", "error", err)
	}
}

// transfer is the slot's life up to its outcome.
func (s *slot) transfer(begin *transhipv1.Begin) (finished *transhipv1.Finished, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = s.stream.server.panicked(s.stream.ctx, "upload", r)
		}
	}()
	if err := s.begin(begin); err != nil {
		return nil, err
	}
	defer func() {
		err = s.because(err)
		if err != nil && !s.owner && !errors.Is(err, tranship.ErrAborted) {
			s.takeBack()
		}
		_ = s.cursor.close() // what matters has been closed before
	}()

	s.session.waiting.Join(s.stream.pace)
	defer s.session.waiting.Leave(s.stream.pace)
	var sender *minrate.Sender
	if s.owner {
		sender = newSender(s.stream.pace, s.session)
		defer sender.Stop()
	}
	progress := s.ticker(begin)
	if progress != nil {
		defer progress.Stop()
	}
	draining := s.stream.server.draining
	if !s.session.keep {
		draining = nil // it could not be resumed: it may finish
	}
	for {
		select {
		case e := <-s.events:
			finished, err := s.handle(e)
			if err != nil && !e.told {
				s.tell(err)
			}
			if finished != nil || err != nil {
				return finished, err
			}
		case <-sender.Tick():
			if err := s.session.slowness(sender); err != nil {
				s.tell(err)
				return nil, err
			}
		case <-tick(progress):
			s.stream.replies.progressed(s.progress())
		case <-s.session.over:
			return nil, s.session.reason
		case <-draining:
			return nil, errDraining
		case <-s.stream.ctx.Done():
			return nil, s.stream.ctx.Err()
		}
	}
}

// tell tells Options.Refused of what the slot fails with, unless that is the end of its
// upload by others.
func (s *slot) tell(err error) {
	if !errors.Is(err, tranship.ErrAborted) {
		s.refused(Refusal{Action: "upload", Path: s.session.spec.Path, Upload: s.session.upload.ID(), Err: err})
	}
}

// handle does what a message asks for, while its client waits. It returns what a finish
// comes to.
func (s *slot) handle(e event) (finished *transhipv1.Finished, err error) {
	s.stream.pace.Hold()
	defer s.stream.pace.Release()
	switch {
	case e.chunk != nil:
		return nil, s.write(e.chunk, e.data)
	case e.copyPart != nil:
		return nil, s.copyPart(e.copyPart)
	case e.finish != nil:
		s.finishing = true
		return s.finish(e.finish)
	default:
		return nil, e.err
	}
}

// because returns why the session has ended in place of what the store then says to who
// still writes: a client that lost the owner's stream may resume the upload.
func (s *slot) because(err error) error {
	if errors.Is(err, tranship.ErrAborted) {
		select {
		case <-s.session.over:
			return s.session.reason
		default:
		}
	}
	return err
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

// progress tells how far the slot is, or the whole upload if the slot owns it.
func (s *slot) progress() *transhipv1.Progress {
	if !s.owner {
		return s.counts()
	}
	newly := s.newlyDurable()
	progress := s.counts()
	progress.NewlyDurable = newly
	return progress
}

// counts are the numbers of progress. Any goroutine may ask for them.
func (s *slot) counts() *transhipv1.Progress {
	progress := &transhipv1.Progress{Slot: s.id, DurableBytes: s.durable.Load()}
	received, written := &s.received, &s.written
	if owned := s.shared.Load(); owned != nil {
		received, written = &owned.received, &owned.written
	}
	progress.WrittenBytes = written.Load() // first, so that it is not more than received
	progress.ReceivedBytes = received.Load()
	return progress
}

// newlyDurable are the parts that have become durable since it was last called, or
// since the slot began.
func (s *slot) newlyDurable() []*transhipv1.Range {
	var newly []*transhipv1.Range
	for _, part := range s.session.upload.Durable() {
		if crc, told := s.told[part.Offset]; told && crc == *part.CRC32C {
			continue
		}
		s.told[part.Offset] = *part.CRC32C
		s.durable.Add(part.Length)
		newly = append(newly, wire.RangeToProto(part))
	}
	return newly
}

// begin opens the slot: it begins an upload, resumes or joins one, and answers.
func (s *slot) begin(begin *transhipv1.Begin) (err error) {
	begun := &transhipv1.Begun{Slot: s.id}
	ctx, refused := s.stream.server.watch(s.stream.ctx)
	if begin.GetMode() == transhipv1.Begin_MODE_JOIN {
		s.session, err = s.stream.server.sessions.join(access.FromContext(ctx).Name, begin.GetUploadId(), begin.GetEpoch())
	} else {
		s.session, err = s.stream.server.beginSession(ctx, begin)
	}
	refused(refusedBegin(begin, err))
	if err != nil {
		return err
	}
	upload := s.session.upload
	if begin.GetMode() != transhipv1.Begin_MODE_JOIN {
		s.owner = true
		s.stream.server.sessions.add(s.session)
		s.told = map[int64]uint32{}
		begun.Durable = s.newlyDurable()
		begun.Durable = begun.Durable[:min(len(begun.Durable), maxBegunRanges)]
		s.durable.Store(0)
		s.shared.Store(s.session)
	}
	s.ctx, s.refused = s.stream.server.watch(s.stream.ctx)
	s.cursor = cursor{ctx: s.ctx, upload: upload, size: s.session.spec.Size}
	begun.MaxStreams = s.session.grant(s.stream.server.options.Memory, s.stream.server.sessions.number())
	begun.UploadId, begun.Epoch, begun.PartSize = upload.ID(), upload.Epoch(), upload.PartSize()
	s.stream.replies.begun(begun)
	return nil
}

// refusedBegin is the refusal of a slot that could not begin.
func refusedBegin(begin *transhipv1.Begin, err error) Refusal {
	if begin.GetMode() == transhipv1.Begin_MODE_JOIN {
		return Refusal{Action: "join", Upload: begin.GetUploadId(), Err: err}
	}
	return Refusal{Action: "begin", Path: begin.GetPath(), Err: err}
}

// beginSession begins or resumes an upload.
func (s *Server) beginSession(ctx context.Context, begin *transhipv1.Begin) (*session, error) {
	spec, err := specFromProto(begin)
	if err != nil {
		return nil, err
	}
	spec.Size = begin.Size
	spec.Durability = s.durability(spec.Durability)
	mode := begin.GetMode()
	switch mode {
	case transhipv1.Begin_MODE_UNSPECIFIED, transhipv1.Begin_MODE_NEW, transhipv1.Begin_MODE_RESUME:
	default:
		return nil, fmt.Errorf("%w: begin mode %d", tranship.ErrUnsupported, mode)
	}
	resume := mode == transhipv1.Begin_MODE_RESUME
	if resume || begin.GetKeep() {
		spec.ResumeKey = begin.GetResumeKey()
		if spec.ResumeKey == "" {
			return nil, &tranship.InvalidError{Field: "resume_key", Rule: "must not be empty with keep or MODE_RESUME"}
		}
	}
	upload, err := s.store.Begin(ctx, spec)
	if err != nil {
		return nil, err
	}
	if !resume && spec.ResumeKey != "" && (upload.Epoch() > 1 || len(upload.Durable()) > 0) {
		// Not this one: it gives way to a new one.
		if err := upload.Abort(context.WithoutCancel(ctx)); err != nil {
			return nil, err
		}
		if upload, err = s.store.Begin(ctx, spec); err != nil {
			return nil, err
		}
	}
	return &session{
		upload: upload, spec: spec, owner: access.FromContext(ctx).Name, caller: caller.Name(ctx),
		keep: begin.GetKeep(), over: make(chan struct{}),
	}, nil
}

func (s *slot) write(chunk *transhipv1.Chunk, data *payload.Message) error {
	size := int64(data.Len())
	defer s.stream.drop(size)
	s.session.received.Add(size)
	crc := data.Sum()
	if chunk.Crc32C != nil && crc != chunk.GetCrc32C() {
		data.Free()
		return fmt.Errorf("%w: a chunk at offset %d does not have its CRC32C", tranship.ErrIntegrity, chunk.GetOffset())
	}
	if err := s.cursor.write(chunk.Offset, data.Chunk(crc)); err != nil {
		return err
	}
	s.written.Add(size)
	s.session.written.Add(size)
	s.reached()
	return nil
}

// reached notes how far the slot has written.
func (s *slot) reached() {
	s.reach = max(s.reach, s.cursor.offset)
	if s.owner {
		s.session.extend(s.reach)
	}
}

// takeBack forgets the part that a joined slot was writing when it failed: nothing
// of it may become part of the file. Not if the writer was ended by a newer one, whose
// the part is now.
func (s *slot) takeBack() {
	if s.cursor.writer == nil {
		return
	}
	s.restart(s.cursor.offset / s.session.upload.PartSize())
}

// restart begins a part afresh, so that nothing of it counts.
func (s *slot) restart(part int64) {
	writer, err := s.session.upload.Part(context.WithoutCancel(s.stream.ctx), int(part))
	if err == nil {
		_ = writer.Close() // the upload has ended, or the part is empty
	}
}

// copyPart fills a part from a file of the store.
func (s *slot) copyPart(request *transhipv1.CopyPart) error {
	if request.Crc32C != nil && s.session.spec.ResumeKey == "" {
		return &tranship.InvalidError{Field: "copy_part.crc32c", Rule: "needs an upload with keep"}
	}
	err := s.cursor.copyPart(request.GetOffset(), request.GetSourcePath(), tranship.OpenOptions{
		Version: request.GetSourceVersion(),
		Offset:  request.GetSourceOffset(),
	})
	if err != nil {
		return err
	}
	s.reached()
	s.session.copied.Add(s.session.upload.PartSize())
	if request.Crc32C == nil {
		return nil
	}
	if err := s.session.upload.Sync(s.ctx); err != nil {
		return err
	}
	for _, part := range s.session.upload.Durable() {
		if part.Offset == request.GetOffset() && *part.CRC32C == request.GetCrc32C() {
			return nil
		}
	}
	s.restart(request.GetOffset() / s.session.upload.PartSize())
	return fmt.Errorf("%w: what was copied to offset %d does not have its CRC32C", tranship.ErrIntegrity, request.GetOffset())
}

// finish commits, or only detaches when the slot has joined.
func (s *slot) finish(finish *transhipv1.Finish) (*transhipv1.Finished, error) {
	if err := s.cursor.close(); err != nil {
		return nil, err
	}
	if !s.owner {
		return s.leave()
	}
	commit := tranship.Commit{Size: s.session.end(), CRC32C: finish.Crc32C}
	switch {
	case finish.Size != nil:
		commit.Size = finish.GetSize()
	case s.session.spec.Size != nil:
		commit.Size = *s.session.spec.Size
	}
	if err := verifyCheck(finish.Check, s.session.spec.Path, finish.Size, finish.Crc32C); err != nil {
		return nil, err
	}
	file, err := s.session.upload.Commit(s.ctx, commit)
	if err != nil {
		return nil, err
	}
	return &transhipv1.Finished{Slot: s.id, File: wire.FileToProto(file)}, nil
}

// leave ends a joined slot, once what it wrote is durable if it is to be.
func (s *slot) leave() (*transhipv1.Finished, error) {
	finished := &transhipv1.Finished{Slot: s.id}
	s.session.extend(s.reach)
	if s.session.spec.ResumeKey == "" {
		return finished, nil
	}
	upload := s.session.upload
	if err := upload.Sync(s.ctx); err != nil {
		return nil, err
	}
	for _, part := range upload.Durable() {
		if _, mine := s.cursor.begun[part.Offset/upload.PartSize()]; mine {
			finished.Durable = append(finished.Durable, wire.RangeToProto(part))
		}
	}
	return finished, nil
}

// panicked turns a panic into the error of one file, and logs it.
func (s *Server) panicked(ctx context.Context, operation string, reason any) error {
	s.log.ErrorContext(ctx, "panic", "operation", operation, "reason", reason, "stack", string(debug.Stack()))
	return fmt.Errorf("panic in %s", operation)
}

// outcome is what the log says of a transfer that has ended.
type outcome struct {
	direction, path string
	offset, bytes   int64
	start           time.Time
	err             error
}

// logTransfer writes the one line that each transfer gets. A range of a file that
// does not begin with its first byte is mostly one of many of the same download: it
// is for debugging.
func (s *Server) logTransfer(ctx context.Context, o outcome) {
	attributes := []slog.Attr{
		slog.String("protocol", "tranship"),
		slog.String("direction", o.direction),
		slog.String("path", o.path),
		slog.Int64("offset", o.offset),
		slog.Int64("bytes", o.bytes),
		slog.Float64("seconds", time.Since(o.start).Seconds()),
	}
	if o.err != nil {
		s.log.LogAttrs(ctx, slog.LevelWarn, "transfer failed", append(attributes, slog.Any("error", o.err))...)
		return
	}
	level := slog.LevelInfo
	if o.offset > 0 {
		level = slog.LevelDebug
	}
	s.log.LogAttrs(ctx, level, "transfer finished", attributes...)
}
