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
	"github.com/tranship/tranship/internal/rpcstatus"
	"github.com/tranship/tranship/internal/wire"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// errStreamEnded is the error of the slots in use when the server ends a stream with OK.
var errStreamEnded = fmt.Errorf("%w: the server ended the stream", tranship.ErrUnavailable)

// uploadStream is one Upload call that many files can share. It is safe for concurrent use.
// One goroutine sends, so that flow control does not block a caller whose context has
// ended; another receives.
type uploadStream struct {
	stream grpc.BidiStreamingClient[transhipv1.UploadRequest, transhipv1.UploadResponse]
	cancel context.CancelFunc
	// outgoing takes messages that do not refer to memory of a caller: they are encoded,
	// or have a chunk that the caller has handed over. Nil half-closes the stream.
	outgoing chan outgoingMessage
	// observer may be nil.
	observer replyObserver
	// unfinished is a semaphore with one token for each slot that the protocol allows.
	unfinished chan struct{}
	// opening is held while a slot gets its number and its first message is handed to
	// transmit, because numbers must arrive in ascending order.
	opening chan struct{}

	mu    sync.Mutex
	last  uint64
	slots map[uint64]*slot
	// closed is the reason for which the client ended the stream, if it did.
	closed error

	// done is closed when the stream has ended; err says why.
	done chan struct{}
	err  error
}

// replyObserver is called with some of the replies on a stream, from the receiving
// goroutine.
type replyObserver interface {
	// begun is called with the reply to the begin of any slot, and how long it took.
	begun(reply *transhipv1.Begun, roundTrip time.Duration)
	// progressed is called with the progress of any slot.
	progressed(progress *transhipv1.Progress)
}

// openUploadStream starts a call that lives until close, or until it fails. The context
// governs only its start. The observer may be nil.
func openUploadStream(ctx context.Context, files transhipv1.FileServiceClient, observer replyObserver) (*uploadStream, error) {
	stream, cancel, err := startCall(ctx, func(ctx context.Context) (grpc.BidiStreamingClient[transhipv1.UploadRequest, transhipv1.UploadResponse], error) {
		return files.Upload(ctx)
	})
	if err != nil {
		return nil, err
	}
	u := &uploadStream{
		stream:     stream,
		cancel:     cancel,
		outgoing:   make(chan outgoingMessage),
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

// close ends the call; the slots in use fail with reason.
func (u *uploadStream) close(reason error) {
	u.mu.Lock()
	u.closed = reason
	u.mu.Unlock()
	u.cancel()
	<-u.done
}

// fail ends the call because of an error of the client; the slots in use fail with it.
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
				// After io.EOF, the receiving goroutine gets the real error.
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

// handle passes a reply to its slot, and reports whether a slot could use it. An error
// means that the server broke the protocol.
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
		found := u.remove(reply.Finished.GetSlot())
		if found == nil {
			return false, nil
		}
		found.finish(reply.Finished)
		close(found.done)
	case *transhipv1.UploadResponse_Failed:
		if _, err := u.find(reply.Failed.GetSlot()); err != nil {
			return false, err
		}
		found := u.remove(reply.Failed.GetSlot())
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

// find returns the slot of a reply, nil if it has ended. It fails if no slot of that number
// was ever opened.
func (u *uploadStream) find(id uint64) (*slot, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.slots[id], checkSlot(id, u.last)
}

// checkSlot fails if no slot with the number id was opened. last is the greatest number of
// a slot that was.
func checkSlot(id, last uint64) error {
	if id == 0 || id > last {
		return fmt.Errorf("%w: the server answered slot %d, which was not begun", tranship.ErrIntegrity, id)
	}
	return nil
}

// remove removes a slot that has ended, and returns it; nil if there is none.
func (u *uploadStream) remove(id uint64) *slot {
	u.mu.Lock()
	defer u.mu.Unlock()
	found := u.slots[id]
	if found != nil {
		delete(u.slots, id)
		<-u.unfinished
	}
	return found
}

// end ends the stream, and all slots in use fail.
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

// open opens the next slot and sends its first message, which first makes from the number
// of the slot.
func (u *uploadStream) open(ctx context.Context, first func(id uint64) *transhipv1.UploadRequest) (*slot, error) {
	for _, semaphore := range []chan struct{}{u.unfinished, u.opening} {
		select {
		case semaphore <- struct{}{}:
		case <-u.done:
			return nil, u.err
		case <-ctx.Done():
			if semaphore == u.opening {
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
		u.remove(opened.id)
		return nil, err
	}
	return opened, nil
}

// failure returns the error with which the stream has ended, if it has.
func (u *uploadStream) failure() error {
	if u.ended() {
		return u.err
	}
	return nil
}
