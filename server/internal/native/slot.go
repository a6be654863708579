package native

import (
	"cmp"
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/minrate"
	"github.com/tranship/tranship/internal/observation"
	"github.com/tranship/tranship/internal/payload"
	"github.com/tranship/tranship/internal/rpcstatus"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
	"github.com/tranship/tranship/server/internal/running"
)

// slotEvents is how many messages may wait for one slot. The stream bounds their bytes.
const slotEvents = 16

// event is what the stream hands to a slot. Exactly one field is set, and data and held together
// with chunk. An event with finish or err is the last one.
type event struct {
	chunk *transhipv1.Chunk
	data  *payload.Message
	held  *chunkPayload
	// arrival is a chunk whose payload follows.
	arrival  *arrival
	copyPart *transhipv1.CopyPart
	zeros    *transhipv1.Zeros
	finish   *transhipv1.Finish
	err      error
	// told says that Options.Refused has been told of err, or will be when the stream
	// ends.
	told bool
}

// free frees the payload of an event that no slot handles.
func (e event) free(stream *uploadStream) {
	if e.chunk != nil {
		stream.dropChunk(e.held)
		e.data.Free()
	}
	e.arrival.reject()
}

// slot is one file, or one writer of a file, on an Upload stream. The stream's goroutine
// delivers events, and the slot's own goroutine, run, handles them.
type slot struct {
	stream *uploadStream
	id     uint64
	events chan event
	// done is closed when the slot has its terminal reply. Events that the stream still
	// delivers are dropped.
	done chan struct{}

	received, written, durable atomic.Int64
	// shared is the session that the slot owns; nil before begin and in joined slots.
	shared atomic.Pointer[session]

	// Only run uses the fields below.
	session *session
	owner   bool
	// ctx is the context of all that follows begin, and refused must be called with the
	// failure of that.
	ctx       context.Context
	refused   func(Refusal)
	sequencer partSequencer
	// arriving has the chunks that are being received; nil if there are none. After one was cut
	// off, it stays. Until the outcome is known, sequencer and reach belong to the goroutine that
	// holds its mu.
	arriving *arrival
	// cut means that the payload of the chunk in arriving will not arrive: the stream ends.
	cut bool
	// finishing says that the client has sent finish.
	finishing bool
	// reach is the end of the bytes that the slot has written. The reach of a joined slot
	// counts for the upload once the slot is finished.
	reach int64
	// told has the durable parts that the client has been told of: offset to CRC32C.
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

// run opens the slot, handles its events and sends the terminal reply. If the slot owns
// an upload that fails, run aborts or detaches the upload. It returns after the last
// event.
func (s *slot) run(begin *transhipv1.Begin) {
	start := time.Now()
	finished, err := s.transfer(begin)
	service := s.stream.service
	if s.owner {
		s.session.streams.Revoke(service.Options.Memory)
		service.sessions.remove(s.session, err != nil && s.session.keep && !errors.Is(err, errCancelled) && !errors.Is(err, tranship.ErrAborted))
		switch {
		case err != nil && s.finishing && s.session.keep:
			s.stream.leave(s)
		case err != nil:
			service.letGo(s.stream.ctx, s.session, err)
		}
	}
	if s.session != nil && s.session.guest != nil {
		service.leaveElsewhere(s.stream.ctx, s.session)
	}
	if err != nil {
		s.stream.replies.failed(s.id, rpcstatus.Proto(err))
	} else {
		s.stream.replies.finished(finished)
	}
	close(s.done)
	s.stream.wake()
	service.logInternal(s.stream.ctx, "upload", err)
	if begin.GetMode() != transhipv1.Begin_MODE_JOIN {
		service.logTransfers(s.stream.ctx, "upload", observation.Transfer{
			Path: begin.GetPath(), Bytes: s.total(), Start: start, Err: err,
		})
	}
	for e := range s.events {
		e.free(s.stream)
	}
}

// total is the number of bytes written to the slot's upload, by joined slots as well.
func (s *slot) total() int64 {
	if s.session == nil {
		return 0
	}
	return s.session.written.Load()
}

// transfer opens the slot and handles its events until the slot succeeds or fails.
func (s *slot) transfer(begin *transhipv1.Begin) (finished *transhipv1.Finished, err error) {
	defer s.stream.service.recovered(s.stream.ctx, "upload", &err)
	if err := s.begin(begin); err != nil {
		return nil, err
	}
	defer func() {
		s.arriving.revoke()
		err = s.because(err)
		// Nothing of a chunk whose checksum was not compared may stay.
		if err != nil && (!s.owner || s.arriving != nil) && !errors.Is(err, tranship.ErrAborted) {
			s.takeBack()
		}
		_ = s.sequencer.close() // finish has closed a part that counts
	}()

	cancelled, announced := s.announce()
	defer announced.End()
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
	draining := s.stream.service.draining
	if !s.session.keep {
		draining = nil // an upload that cannot be resumed may finish
	}
	for {
		events := s.events
		if s.arriving != nil && !s.cut {
			events = nil
		}
		select {
		case e := <-events:
			finished, err := s.handle(e)
			if err != nil && !e.told {
				s.tell(err)
			}
			if finished != nil || err != nil {
				return finished, err
			}
		case err := <-s.outcome():
			if err := s.endArrival(err); err != nil {
				s.tell(err)
				return nil, err
			}
		case <-sender.Tick():
			if err := s.session.slowness(sender, s.stream.alive.Load()); err != nil {
				s.tell(err)
				return nil, err
			}
		case <-tick(progress):
			s.stream.replies.progressed(s.progress())
		case <-s.session.over:
			return nil, s.session.reason
		case <-cancelled:
			err := cmp.Or(s.stream.ctx.Err(), announced.Cause())
			if errors.Is(err, running.ErrCancelled) {
				s.stream.service.sessions.cancel(s.session, err)
			}
			return nil, err
		case <-draining:
			return nil, errDraining
		case <-s.stream.ctx.Done():
			return nil, s.stream.ctx.Err()
		}
	}
}

// tell tells Options.Refused why the slot fails, unless another client ended the upload.
func (s *slot) tell(err error) {
	if !errors.Is(err, tranship.ErrAborted) {
		s.refused(Refusal{Action: "upload", Path: s.session.spec.Path, Upload: s.session.upload.ID(), Err: err})
	}
}

// handle does what one event asks for. Meanwhile the client waits for the server. It
// returns the outcome of a finish.
func (s *slot) handle(e event) (finished *transhipv1.Finished, err error) {
	s.stream.pace.Hold()
	defer s.stream.pace.Release()
	if s.cut {
		e.free(s.stream)
		e = event{err: cmp.Or(e.err, errUnfinished), told: e.told}
	}
	switch {
	case e.chunk != nil:
		return nil, s.write(e.chunk, e.data, e.held)
	case e.arrival != nil:
		s.take(e.arrival)
		return nil, nil
	case e.copyPart != nil:
		return nil, s.copyPart(e.copyPart)
	case e.zeros != nil:
		return nil, s.writeZeros(e.zeros)
	case e.finish != nil:
		s.finishing = true
		return s.finish(e.finish)
	default:
		return nil, e.err
	}
}

// because replaces the store's error with the reason why the session ended, so that a
// client whose owning stream broke knows that it can resume the upload.
func (s *slot) because(err error) error {
	if !errors.Is(err, tranship.ErrAborted) {
		return err
	}
	if s.session.guest != nil {
		return s.stream.service.whyEnded(s.ctx, s.session, err)
	}
	select {
	case <-s.session.over:
		return s.session.reason
	default:
		return err
	}
}
