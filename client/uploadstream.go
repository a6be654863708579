package client

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/bufferpool"
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
	outgoing chan outgoing
	// buffers is where puts are encoded.
	buffers bufferpool.Pool
	// observer may be nil.
	observer replyObserver
	// unfinished is a semaphore with one token for each unfinished slot that the protocol allows,
	// and awaited one with a token for each put that may be without a reply.
	unfinished, awaited chan struct{}
	// opening is held while slots get their numbers and their first messages are handed to
	// transmit, because numbers must arrive in ascending order.
	opening chan struct{}

	// answer has room for one signal: the server asks for a sign of life.
	answer chan struct{}
	// sent counts the messages that transmit has sent, or is sending.
	sent atomic.Uint64

	mu    sync.Mutex
	last  uint64
	slots map[uint64]*slot
	// heard is when a reply came last, or the stream began.
	heard time.Time
	// closed is the reason for which the client ended the stream, if it did.
	closed error

	// done is closed when the stream has ended; err says why. stale means that it was the stream of a
	// lane that was probably lost before: see staleError.
	done  chan struct{}
	err   error
	stale bool
}

// replyObserver is called with some of the replies on a stream, from the receiving
// goroutine.
type replyObserver interface {
	// begun is called with the reply to the begin of any slot, and how long it took.
	begun(reply *transhipv1.Begun, roundTrip time.Duration)
	// progressed is called with the progress of any slot.
	progressed(progress *transhipv1.Progress)
	// heardAlive is called for each sign of life of the server.
	heardAlive()
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
		outgoing:   make(chan outgoing),
		unfinished: make(chan struct{}, wire.MaxUnfinishedSlots),
		awaited:    make(chan struct{}, wire.MaxAwaitedFiles),
		opening:    make(chan struct{}, 1),
		slots:      map[uint64]*slot{},
		answer:     make(chan struct{}, 1),
		heard:      time.Now(),
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
	spoken := false // since the last answer was due
	for {
		var err error
		select {
		case message := <-u.outgoing:
			if message == nil {
				_ = u.stream.CloseSend()
				return
			}
			spoken = true
			err = message.Send(u)
		case <-u.answer:
			if !spoken {
				err = u.SendMsg(uploadKeepAlive())
			}
			spoken = false
		case <-u.done:
			return
		}
		if err != nil {
			// After io.EOF, the receiving goroutine gets the real error.
			if !errors.Is(err, io.EOF) {
				u.fail(rpcstatus.FromError(err))
			}
			return
		}
	}
}

// SendMsg implements payload.Sender for transmit: it counts what it sends.
func (u *uploadStream) SendMsg(message any) error {
	u.sent.Add(1)
	return u.stream.SendMsg(message)
}

// open opens the next slot and sends its first message, which first makes from the number
// of the slot. awaited means that the caller waits for the reply to a begin.
func (u *uploadStream) open(ctx context.Context, awaited bool, first func(id uint64) *transhipv1.UploadRequest) (*slot, error) {
	if _, err := u.reserve(ctx, u.unfinished, 1); err != nil {
		return nil, err
	}
	defer func() { <-u.opening }()
	slots := []slot{{id: u.last + 1, stream: u, ctx: ctx, opened: time.Now(), done: make(chan struct{})}}
	opened := &slots[0]
	request := first(opened.id)
	if awaited {
		opened.begun = make(chan *transhipv1.Begun, 1)
	}
	if err := u.register(slots); err != nil {
		return nil, err
	}
	if err := u.send(ctx, request); err != nil {
		u.remove(opened.id)
		return nil, err
	}
	return opened, nil
}

// reserve waits until places, which is unfinished or awaited, has one and no other slots are being
// opened. It returns how many slots, at most most, the caller may then open. The caller must
// release opening.
func (u *uploadStream) reserve(ctx context.Context, places chan struct{}, most int) (allowed int, err error) {
	for _, semaphore := range []chan struct{}{places, u.opening} {
		select {
		case semaphore <- struct{}{}:
		case <-u.done:
			return 0, u.err
		case <-ctx.Done():
			if semaphore == u.opening {
				<-places
			}
			return 0, ctx.Err()
		}
	}
	for allowed = 1; allowed < most; allowed++ {
		select {
		case places <- struct{}{}:
		default:
			return allowed, nil
		}
	}
	return allowed, nil
}

// register makes slots known to the receiving goroutine. The caller has reserved them, and
// their numbers are the next ones. Slots without a number are not opened.
func (u *uploadStream) register(opened []slot) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.ended() {
		return u.err
	}
	for i := range opened {
		if opened[i].id != 0 {
			u.last = opened[i].id
			u.slots[u.last] = &opened[i]
		}
	}
	return nil
}

// failure returns the error with which the stream has ended, if it has.
func (u *uploadStream) failure() error {
	if u.ended() {
		return u.err
	}
	return nil
}
