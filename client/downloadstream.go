package client

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"google.golang.org/grpc"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/rpcstatus"
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
	// unanswered is a semaphore with one token for each slot that the protocol allows.
	unanswered chan struct{}
	// outgoing has room for all requests of all slots, an open and a cancel each:
	// sending to it never blocks.
	outgoing chan *transhipv1.DownloadRequest
	// answer has room for one signal: the server asks for a sign of life.
	answer chan struct{}

	mu   sync.Mutex
	last uint64
	// slots are the slots without a terminal reply.
	slots map[uint64]*downloadSlot
	// closed is the reason for which the client ended the stream, if it did.
	closed error

	// done is closed when the stream has ended; err says why.
	done chan struct{}
	err  error
	// renewed means that the stream ended because its credentials were replaced.
	renewed bool
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
		unanswered: make(chan struct{}, wire.MaxUnfinishedSlots),
		outgoing:   make(chan *transhipv1.DownloadRequest, 2*wire.MaxUnfinishedSlots),
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

// fetch requests the first size bytes of a file. It returns them if the file has exactly
// that size, and otherwise only the description of the file.
func (d *downloadStream) fetch(ctx context.Context, path string, size int64) (tranship.File, []byte, error) {
	slot := &downloadSlot{path: path, options: tranship.OpenOptions{Length: &size}, size: size, done: make(chan struct{})}
	if err := d.openAndWait(ctx, slot); err != nil {
		return tranship.File{}, nil, err
	}
	return slot.verifier.file, slot.data, nil
}

// openAndWait opens a slot, and waits until it is complete or has failed.
func (d *downloadStream) openAndWait(ctx context.Context, slot *downloadSlot) error {
	select {
	case d.unanswered <- struct{}{}:
	case <-d.done:
		return d.err
	case <-ctx.Done():
		return ctx.Err()
	}
	slot.ctx = ctx
	open := &transhipv1.Open{Path: slot.path, Length: slot.options.Length}
	if slot.options.Offset > 0 {
		open.Offset = &slot.options.Offset
	}
	if slot.options.Version != "" {
		open.Version = &slot.options.Version
	}
	d.mu.Lock()
	if d.ended() {
		d.mu.Unlock()
		return d.err
	}
	d.last++
	id := d.last
	open.Slot = id
	d.slots[id] = slot
	d.enqueueLocked(&transhipv1.DownloadRequest{Request: &transhipv1.DownloadRequest_Open{Open: open}})
	d.mu.Unlock()
	select {
	case <-slot.done:
		return slot.err
	case <-ctx.Done():
		d.endSlot(id, slot, ctx.Err())
		return ctx.Err()
	}
}

// endSlot ends a slot early: it cancels it on the server, and later replies are dropped.
func (d *downloadStream) endSlot(id uint64, slot *downloadSlot, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if slot.ended || d.slots[id] == nil {
		return
	}
	slot.ended = true
	slot.err = err
	close(slot.done)
	d.enqueueLocked(&transhipv1.DownloadRequest{Request: &transhipv1.DownloadRequest_Cancel{
		Cancel: &transhipv1.Cancel{Slot: id},
	}})
}

// enqueueLocked hands a request to transmit, under mu so that slots are sent in ascending
// order. outgoing has room, unless the server ends slots before their open was
// sent.
func (d *downloadStream) enqueueLocked(request *transhipv1.DownloadRequest) {
	select {
	case d.outgoing <- request:
	default:
		d.closed = cmp.Or(d.closed, fmt.Errorf("%w: the server ended files that the client had not requested yet", tranship.ErrIntegrity))
		d.cancel()
	}
}

func (d *downloadStream) transmit() {
	spoken := false // since the last answer was due
	for {
		var request *transhipv1.DownloadRequest
		select {
		case request = <-d.outgoing:
			spoken = true
		case <-d.answer:
			if spoken {
				spoken = false
				continue
			}
			request = downloadKeepAlive()
		case <-d.done:
			return
		}
		if err := d.stream.Send(request); err != nil {
			// After io.EOF, the receiving goroutine gets the real error.
			if !errors.Is(err, io.EOF) {
				d.mu.Lock()
				d.closed = cmp.Or(d.closed, rpcstatus.FromError(err))
				d.mu.Unlock()
				d.cancel()
			}
			return
		}
	}
}
