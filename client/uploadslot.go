package client

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/wire"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// slot is a file, or a writer of a part of one, on an upload stream. Only the methods finish,
// end, finishUnsent and fileOf are for puts: their batch waits for them.
type slot struct {
	id     uint64
	stream *uploadStream
	// ctx is the context of the operation that waits for the slot.
	ctx context.Context
	// opened is when its first message was about to be sent.
	opened time.Time
	// begun receives the reply to a begin; nil for a put, and for a slot that joins and does
	// not wait for it.
	begun chan *transhipv1.Begun
	// puts counts the slots of the same batch, if the slot is a put, of whose reply only the
	// file matters; nil for all others.
	puts *countdown
	// done is closed when the slot has ended, with its reply or error; nil for a put.
	done chan struct{}
	// over is true when a put has ended, with its reply or error.
	over atomic.Bool
	// file is the committed file; its Path is empty if the reply had no file.
	file    tranship.File
	durable []*transhipv1.Range
	err     error
}

// places is the semaphore that has a token for the slot.
func (s *slot) places() <-chan struct{} {
	if s.puts != nil {
		return s.stream.awaited
	}
	return s.stream.unfinished
}

// finish sets the outcome of a slot from its terminal reply.
func (s *slot) finish(reply *transhipv1.Finished) {
	if file := reply.GetFile(); file != nil {
		s.file, s.err = wire.FileFromProto(file)
	}
	if s.puts != nil || s.err != nil {
		return
	}
	if s.err = wire.CheckRanges(reply.GetDurable()); s.err == nil {
		s.durable = reply.GetDurable()
	}
}

// end wakes those that wait for the slot, which has its outcome.
func (s *slot) end() {
	if s.puts == nil {
		close(s.done)
		return
	}
	s.over.Store(true)
	s.puts.end(1)
}

// awaitBegun waits for the reply to the slot's begin. It returns nil without an error if
// the slot ended without an error and without such a reply. A reply that came before the
// slot ended is always returned.
func (s *slot) awaitBegun(ctx context.Context) (*transhipv1.Begun, error) {
	select {
	case begun := <-s.begun:
		return begun, nil
	case <-s.done:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	select {
	case begun := <-s.begun:
		return begun, nil
	default:
		return nil, s.err
	}
}

// wait waits for the slot's outcome.
func (s *slot) wait(ctx context.Context) error {
	select {
	case <-s.done:
		return s.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// cancel tells the server to abandon the slot.
func (s *slot) cancel(ctx context.Context) error {
	return s.stream.send(ctx, &transhipv1.UploadRequest{Request: &transhipv1.UploadRequest_Cancel{
		Cancel: &transhipv1.Cancel{Slot: s.id},
	}})
}

// ended reports whether the slot has had its terminal reply.
func (s *slot) ended() bool {
	select {
	case <-s.done:
		return true
	default:
		return false
	}
}

// failure returns the error with which the slot has ended, if it has.
func (s *slot) failure() error {
	if s.ended() {
		return s.err
	}
	return nil
}

// fileOf returns the file of a slot that has ended, if it has the path that was sent.
func (s *slot) fileOf(path string) (tranship.File, error) {
	switch {
	case s.err != nil:
		return tranship.File{}, s.err
	case s.file.Path != path:
		return tranship.File{}, fmt.Errorf("%w: the server committed %q instead of %s", tranship.ErrIntegrity, s.file.Path, path)
	}
	return s.file, nil
}

// committed waits for the file of a slot, and checks that it has the path that was sent.
func (s *slot) committed(ctx context.Context, path string) (tranship.File, error) {
	if err := s.wait(ctx); err != nil {
		return tranship.File{}, err
	}
	return s.fileOf(path)
}
