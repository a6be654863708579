package client

import (
	"context"
	"sync"

	"google.golang.org/grpc"

	"github.com/tranship/tranship/internal/bufferpool"
	"github.com/tranship/tranship/internal/wire"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// downloadStream is one Download call that many small files, and ranges of large ones,
// share. It is safe for concurrent use. One goroutine sends and another receives. Neither
// waits for a caller, because the received bytes go to memory of the caller's slot; so no
// file delays another.
type downloadStream struct {
	stream grpc.BidiStreamingClient[transhipv1.DownloadRequest, transhipv1.DownloadResponse]
	cancel context.CancelFunc
	// unanswered is a semaphore with one token for each slot that may be without a terminal
	// reply.
	unanswered chan struct{}
	// buffers is where requests are encoded.
	buffers bufferpool.Pool
	// ready has room for one signal: there are requests.
	ready chan struct{}
	// answer has room for one signal: the server asks for a sign of life.
	answer chan struct{}

	// handling is held while a reply is handled, which never waits for a caller. It is locked
	// before mu.
	handling sync.Mutex

	mu   sync.Mutex
	last uint64
	// slots are the slots without a terminal reply.
	slots map[uint64]*downloadSlot
	// requests are those that transmit has not taken.
	requests []downloadRequest
	// closed is the reason for which the client ended the stream, if it did.
	closed error

	// done is closed when the stream has ended; err says why.
	done chan struct{}
	err  error
	// repeatable means that the stream ended in a way after which downloads may be asked for
	// again at once: see isRepeatable.
	repeatable bool
}

// openDownloadStream starts a call that lives until close, or until it fails. The context
// governs only its start.
func openDownloadStream(ctx context.Context, files transhipv1.FileServiceClient) (*downloadStream, error) {
	stream, cancel, err := startCall(ctx, func(ctx context.Context) (grpc.BidiStreamingClient[transhipv1.DownloadRequest, transhipv1.DownloadResponse], error) {
		return files.Download(ctx)
	})
	if err != nil {
		return nil, err
	}
	d := &downloadStream{
		stream:     stream,
		cancel:     cancel,
		unanswered: make(chan struct{}, wire.MaxAwaitedFiles),
		ready:      make(chan struct{}, 1),
		answer:     make(chan struct{}, 1),
		slots:      map[uint64]*downloadSlot{},
		done:       make(chan struct{}),
	}
	go d.transmit()
	go d.receive()
	return d, nil
}

// close ends the call; the slots in use fail with reason.
func (d *downloadStream) close(reason error) {
	d.mu.Lock()
	d.closed = reason
	d.mu.Unlock()
	d.cancel()
	<-d.done
}

func (d *downloadStream) ended() bool {
	select {
	case <-d.done:
		return true
	default:
		return false
	}
}

// open opens slots, as many as may be open at the moment but at least one, and returns
// how many.
func (d *downloadStream) open(ctx context.Context, slots []downloadSlot) (opened int, err error) {
	select {
	case d.unanswered <- struct{}{}:
	case <-d.done:
		return 0, d.err
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	for opened = 1; opened < len(slots); opened++ {
		select {
		case d.unanswered <- struct{}{}:
			continue
		default:
		}
		break
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ended() {
		return 0, d.err
	}
	for i := range opened {
		slot := &slots[i]
		d.last++
		slot.id, slot.stream, slot.ctx = d.last, d, ctx
		d.slots[slot.id] = slot
		d.enqueueLocked(downloadRequest{id: slot.id, open: slot})
	}
	return opened, nil
}

// endSlot ends a slot that has failed: it cancels it on the server, and later replies are
// dropped.
func (d *downloadStream) endSlot(slot *downloadSlot, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.dropLocked(slot) {
		slot.end(err)
	}
}

// cancelSlot cancels a slot for which the operation no longer waits, unless it is over. Later
// replies are dropped, and its memory is not used any more.
func (d *downloadStream) cancelSlot(slot *downloadSlot) {
	d.handling.Lock()
	defer d.handling.Unlock()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.dropLocked(slot)
}

// dropLocked cancels a slot on the server, and reports whether it was neither over nor dropped.
func (d *downloadStream) dropLocked(slot *downloadSlot) bool {
	if slot.dropped || d.slots[slot.id] == nil {
		return false
	}
	slot.dropped = true
	d.enqueueLocked(downloadRequest{id: slot.id})
	return true
}
