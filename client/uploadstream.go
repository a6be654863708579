package client

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"google.golang.org/grpc"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/payload"
	"github.com/tranship/tranship/internal/rpcstatus"
	"github.com/tranship/tranship/internal/wire"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// errStreamEnded is what files under way fail with when the server ends a stream with
// OK.
var errStreamEnded = fmt.Errorf("%w: the server ended the stream", tranship.ErrUnavailable)

// uploadStream is one Upload call that many files can share. It is safe for
// concurrent use. One goroutine sends what is ready, so that a caller whose context
// ends does not stay behind flow control; another receives.
type uploadStream struct {
	stream grpc.BidiStreamingClient[transhipv1.UploadRequest, transhipv1.UploadResponse]
	cancel context.CancelFunc
	// outgoing takes messages in which nothing of a caller's memory is: encoded
	// already, or with a chunk that was handed over. Nil half-closes the stream.
	outgoing chan outgoing
	// observer may be nil.
	observer observer
	// unfinished has a place for each slot that the protocol allows.
	unfinished chan struct{}
	// opening is held while a slot is numbered and its first message is handed
	// over, because numbers must arrive in ascending order.
	opening chan struct{}

	mu    sync.Mutex
	last  uint64
	slots map[uint64]*slot
	// closed is why this side ended the stream, if it did.
	closed error

	// done is closed when the stream has ended; err says why.
	done chan struct{}
	err  error
}

// observer is told some of what comes on a stream, from the goroutine that receives.
type observer interface {
	// begun is the reply to the begin of any slot, and how long it took.
	begun(reply *transhipv1.Begun, roundTrip time.Duration)
	// progressed is the progress of any slot.
	progressed(progress *transhipv1.Progress)
}

// slot is a file, or a writer of one, on an upload stream.
type slot struct {
	id     uint64
	stream *uploadStream
	// opened is when its first message was on its way.
	opened time.Time
	// begun has the reply to a begin; nil for a slot that waits for none: a put, or
	// one that joins.
	begun chan *transhipv1.Begun
	// isPut: nothing but the file of its reply is of interest.
	isPut bool
	// done is closed when the slot has ended, with its reply or error.
	done chan struct{}
	// file is what was committed; its Path is empty if the reply had none.
	file    tranship.File
	durable []*transhipv1.Range
	err     error
}

// openUploadStream starts a call that lives until close, or until it breaks; the
// context governs only how it starts. The observer may be nil.
func openUploadStream(ctx context.Context, files transhipv1.FileServiceClient, observer observer) (*uploadStream, error) {
	stream, cancel, err := startCall(ctx, func(ctx context.Context) (grpc.BidiStreamingClient[transhipv1.UploadRequest, transhipv1.UploadResponse], error) {
		return files.Upload(ctx)
	})
	if err != nil {
		return nil, err
	}
	u := &uploadStream{
		stream:     stream,
		cancel:     cancel,
		outgoing:   make(chan outgoing),
		unfinished: make(chan struct{}, wire.MaxUnfinishedSlots),
		opening:    make(chan struct{}, 1),
		slots:      map[uint64]*slot{},
		done:       make(chan struct{}),
		observer:   observer,
	}
	go u.transmit()
	go u.receive()
	return u, nil
}

// close ends the call; what is under way on it fails with reason.
func (u *uploadStream) close(reason error) {
	u.mu.Lock()
	u.closed = reason
	u.mu.Unlock()
	u.cancel()
	<-u.done
}

// fail ends the call because of an error of this side, which what is under way fails with.
func (u *uploadStream) fail(err error) {
	u.mu.Lock()
	u.closed = cmp.Or(u.closed, err)
	u.mu.Unlock()
	u.cancel()
}

func (u *uploadStream) ended() bool {
	select {
	case <-u.done:
		return true
	default:
		return false
	}
}

func (u *uploadStream) transmit() {
	for {
		select {
		case message := <-u.outgoing:
			if message == nil {
				_ = u.stream.CloseSend()
				return
			}
			if err := message.Send(u.stream); err != nil {
				// If it is io.EOF, the real error is what receiving ends with.
				if !errors.Is(err, io.EOF) {
					u.fail(rpcstatus.FromError(err))
				}
				return
			}
		case <-u.done:
			return
		}
	}
}

func (u *uploadStream) receive() {
	ignored := 0
	for {
		response, err := u.stream.Recv()
		if err == nil {
			var useful bool
			useful, err = u.handle(response)
			if ignored++; useful {
				ignored = 0
			}
		}
		if err == nil {
			err = wire.CheckEmpty(ignored)
		}
		if err != nil {
			u.end(err)
			return
		}
	}
}

// handle passes a reply to its slot, and reports whether one waits for it. An error
// means that the server breaks the protocol.
func (u *uploadStream) handle(response *transhipv1.UploadResponse) (useful bool, err error) {
	switch reply := response.GetResponse().(type) {
	case *transhipv1.UploadResponse_Begun:
		found, err := u.find(reply.Begun.GetSlot())
		if found == nil {
			return false, err
		}
		if u.observer != nil {
			u.observer.begun(reply.Begun, time.Since(found.opened))
		}
		select {
		case found.begun <- reply.Begun:
		default:
		}
	case *transhipv1.UploadResponse_Progress:
		if err := wire.CheckRanges(reply.Progress.GetNewlyDurable()); err != nil {
			return false, err
		}
		if _, err := u.find(reply.Progress.GetSlot()); err != nil {
			return false, err
		}
		if u.observer != nil {
			u.observer.progressed(reply.Progress)
		}
	case *transhipv1.UploadResponse_Finished:
		if _, err := u.find(reply.Finished.GetSlot()); err != nil {
			return false, err
		}
		found := u.take(reply.Finished.GetSlot())
		if found == nil {
			return false, nil
		}
		found.finish(reply.Finished)
		close(found.done)
	case *transhipv1.UploadResponse_Failed:
		if _, err := u.find(reply.Failed.GetSlot()); err != nil {
			return false, err
		}
		found := u.take(reply.Failed.GetSlot())
		if found == nil {
			return false, nil
		}
		found.err = rpcstatus.FromProto(reply.Failed.GetStatus())
		close(found.done)
	default:
		return false, nil // of a later protocol
	}
	return true, nil
}

// find returns the slot of a reply, nil if it has ended. The error is that no slot
// of that number was ever begun.
func (u *uploadStream) find(id uint64) (*slot, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.slots[id], checkSlot(id, u.last)
}

// checkSlot fails if no slot of the number has been begun, of which last is the
// greatest.
func checkSlot(id, last uint64) error {
	if id == 0 || id > last {
		return fmt.Errorf("%w: the server answered slot %d, which was not begun", tranship.ErrIntegrity, id)
	}
	return nil
}

// finish keeps what a slot needs of its terminal reply.
func (s *slot) finish(reply *transhipv1.Finished) {
	if file := reply.GetFile(); file != nil {
		s.file, s.err = wire.FileFromProto(file)
	}
	if s.isPut || s.err != nil {
		return
	}
	if s.err = wire.CheckRanges(reply.GetDurable()); s.err == nil {
		s.durable = reply.GetDurable()
	}
}

// take removes a slot that has its terminal reply.
func (u *uploadStream) take(id uint64) *slot {
	u.mu.Lock()
	defer u.mu.Unlock()
	found := u.slots[id]
	if found != nil {
		delete(u.slots, id)
		<-u.unfinished
	}
	return found
}

// end fails everything that is under way.
func (u *uploadStream) end(err error) {
	u.cancel()
	if errors.Is(err, io.EOF) {
		err = errStreamEnded
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.err = rpcstatus.FromError(err)
	if u.closed != nil {
		u.err = u.closed
	}
	close(u.done)
	for id, open := range u.slots {
		delete(u.slots, id)
		open.err = u.err
		close(open.done)
	}
}

// open takes the next slot and sends its first message, which first makes from the
// slot's number.
func (u *uploadStream) open(ctx context.Context, first func(id uint64) *transhipv1.UploadRequest) (*slot, error) {
	for _, place := range []chan struct{}{u.unfinished, u.opening} {
		select {
		case place <- struct{}{}:
		case <-u.done:
			return nil, u.err
		case <-ctx.Done():
			if place == u.opening {
				<-u.unfinished
			}
			return nil, ctx.Err()
		}
	}
	defer func() { <-u.opening }()
	u.mu.Lock()
	if u.ended() {
		u.mu.Unlock()
		return nil, u.err
	}
	u.last++
	opened := &slot{id: u.last, stream: u, opened: time.Now(), done: make(chan struct{})}
	request := first(opened.id)
	opened.isPut = request.GetPut() != nil
	if begin := request.GetBegin(); begin != nil && begin.GetMode() != transhipv1.Begin_MODE_JOIN {
		opened.begun = make(chan *transhipv1.Begun, 1)
	}
	u.slots[opened.id] = opened
	u.mu.Unlock()
	if err := u.send(ctx, request); err != nil {
		u.take(opened.id)
		return nil, err
	}
	return opened, nil
}

// send hands a message over. It keeps nothing of it.
func (u *uploadStream) send(ctx context.Context, request *transhipv1.UploadRequest) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	message := &encoded{}
	if err := message.Encode(u.stream, request); err != nil {
		return rpcstatus.FromError(err)
	}
	return u.hand(ctx, message)
}

// sendChunk hands over a message with a chunk, which it takes.
func (u *uploadStream) sendChunk(ctx context.Context, header *transhipv1.Chunk, data tranship.Chunk) error {
	message := wire.NewUploadRequest(&transhipv1.UploadRequest{Request: &transhipv1.UploadRequest_Chunk{Chunk: header}})
	message.SetChunk(data)
	err := ctx.Err()
	if err == nil {
		err = u.hand(ctx, message)
	}
	if err != nil {
		message.Free()
	}
	return err
}

// outgoing is what can be sent on a stream.
type outgoing interface {
	Send(stream payload.Sender) error
}

// encoded is a message that is encoded already.
type encoded struct{ grpc.PreparedMsg }

// Send implements outgoing.
func (e *encoded) Send(stream payload.Sender) error { return stream.SendMsg(&e.PreparedMsg) }

// hand hands a message to transmit.
func (u *uploadStream) hand(ctx context.Context, message outgoing) error {
	select {
	case u.outgoing <- message:
		return nil
	case <-u.done:
		return u.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// halfClose tells the server that nothing more comes, if it can be told before the
// context ends.
func (u *uploadStream) halfClose(ctx context.Context) {
	select {
	case u.outgoing <- nil:
	case <-u.done:
	case <-ctx.Done():
	}
}

// awaitBegun waits for the reply to the slot's begin. It is nil, without an error, if the
// slot has ended well without one. A reply that came counts also if the slot has ended
// since.
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

// cancel tells the server to give the slot up.
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

// failure is the error that the slot has ended with so far, if any.
func (s *slot) failure() error {
	if s.ended() {
		return s.err
	}
	return nil
}

// failure is the error that the stream has ended with, if it has.
func (u *uploadStream) failure() error {
	if u.ended() {
		return u.err
	}
	return nil
}
