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
	"github.com/tranship/tranship/internal/payload"
	"github.com/tranship/tranship/internal/rpcstatus"
	"github.com/tranship/tranship/internal/wire"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// downloadStream is one Download call that many small files, and ranges of large ones,
// share. It is safe for concurrent use. One goroutine sends, another receives: neither
// waits for a caller, whose bytes go to memory of its own, so that no file holds up
// another.
type downloadStream struct {
	stream grpc.BidiStreamingClient[transhipv1.DownloadRequest, transhipv1.DownloadResponse]
	cancel context.CancelFunc
	// unanswered has a place for each slot that the protocol allows.
	unanswered chan struct{}
	// outgoing has room for all that the slots can ask for, an open and a cancel
	// each: handing over never waits.
	outgoing chan *transhipv1.DownloadRequest

	mu   sync.Mutex
	last uint64
	// slots are those without terminal reply.
	slots map[uint64]*fetched
	// closed is why this side ended the stream, if it did.
	closed error

	// done is closed when the stream has ended; err says why.
	done chan struct{}
	err  error
	// renewed tells that it ended because there are new credentials.
	renewed bool
}

// openDownloadStream starts a call that lives until close, or until it breaks; the
// context governs only how it starts.
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
		slots:      map[uint64]*fetched{},
		done:       make(chan struct{}),
	}
	go d.transmit()
	go d.receive()
	return d, nil
}

// close ends the call; what is under way on it fails with reason.
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

// fetch asks for the first size bytes of a file, and returns them if it has no more
// and no less; otherwise only what the file is.
func (d *downloadStream) fetch(ctx context.Context, path string, size int64) (tranship.File, []byte, error) {
	f := &fetched{path: path, options: tranship.OpenOptions{Length: &size}, size: size, done: make(chan struct{})}
	if err := d.await(ctx, f); err != nil {
		return tranship.File{}, nil, err
	}
	return f.delivery.file, f.data, nil
}

// await asks for a slot, and waits until it is there or has failed.
func (d *downloadStream) await(ctx context.Context, f *fetched) error {
	select {
	case d.unanswered <- struct{}{}:
	case <-d.done:
		return d.err
	case <-ctx.Done():
		return ctx.Err()
	}
	open := &transhipv1.Open{Path: f.path, Length: f.options.Length}
	if f.options.Offset > 0 {
		open.Offset = &f.options.Offset
	}
	if f.options.Version != "" {
		open.Version = &f.options.Version
	}
	d.mu.Lock()
	if d.ended() {
		d.mu.Unlock()
		return d.err
	}
	d.last++
	id := d.last
	open.Slot = id
	d.slots[id] = f
	d.ask(&transhipv1.DownloadRequest{Request: &transhipv1.DownloadRequest_Open{Open: open}})
	d.mu.Unlock()
	select {
	case <-f.done:
		return f.err
	case <-ctx.Done():
		d.end(id, f, ctx.Err())
		return ctx.Err()
	}
}

// end ends a slot early: the server is told, and what still comes is dropped.
func (d *downloadStream) end(id uint64, f *fetched, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if f.over || d.slots[id] == nil {
		return
	}
	f.over = true
	f.err = err
	close(f.done)
	d.ask(&transhipv1.DownloadRequest{Request: &transhipv1.DownloadRequest_Cancel{
		Cancel: &transhipv1.Cancel{Slot: id},
	}})
}

// ask hands a request to transmit. There is room, unless the server ends slots that
// it cannot know of yet. The caller holds mu, so that slots ascend.
func (d *downloadStream) ask(request *transhipv1.DownloadRequest) {
	select {
	case d.outgoing <- request:
	default:
		d.closed = cmp.Or(d.closed, fmt.Errorf("%w: the server ended files that it was not asked for yet", tranship.ErrIntegrity))
		d.cancel()
	}
}

func (d *downloadStream) transmit() {
	for {
		select {
		case request := <-d.outgoing:
			if err := d.stream.Send(request); err != nil {
				// If it is io.EOF, the real error is what receiving ends with.
				if !errors.Is(err, io.EOF) {
					d.mu.Lock()
					d.closed = cmp.Or(d.closed, rpcstatus.FromError(err))
					d.mu.Unlock()
					d.cancel()
				}
				return
			}
		case <-d.done:
			return
		}
	}
}

func (d *downloadStream) receive() {
	ignored := 0
	for {
		response, data, err := receive(d.stream)
		if err == nil {
			var useful bool
			useful, err = d.handle(response, data)
			if ignored++; useful {
				ignored = 0
			}
		}
		data.Free()
		if err == nil {
			err = wire.CheckEmpty(ignored)
		}
		if err != nil {
			d.fail(err)
			return
		}
	}
}

// fail ends the stream and all that is under way.
func (d *downloadStream) fail(err error) {
	d.cancel()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.err, d.renewed = streamError(err), isRenewed(err)
	if d.closed != nil {
		d.err = d.closed
	}
	close(d.done)
	for id, f := range d.slots {
		delete(d.slots, id)
		if !f.over {
			f.over, f.err = true, d.err
			close(f.done)
		}
	}
}

// handle passes a reply to its slot, and reports whether there is one. An error means
// that the server breaks the protocol.
func (d *downloadStream) handle(response *transhipv1.DownloadResponse, data *payload.Message) (useful bool, err error) {
	id, known := slotOf(response)
	if !known {
		return false, nil // of a later protocol
	}
	d.mu.Lock()
	last, found := d.last, d.slots[id]
	d.mu.Unlock()
	if found == nil {
		return false, checkSlot(id, last)
	}
	switch reply := response.GetResponse().(type) {
	case *transhipv1.DownloadResponse_Opened:
		d.pass(reply.Opened.GetSlot(), func(f *fetched) error { return f.open(reply.Opened) })
	case *transhipv1.DownloadResponse_Chunk:
		d.pass(reply.Chunk.GetSlot(), func(f *fetched) error { return f.chunk(reply.Chunk, data) })
	case *transhipv1.DownloadResponse_Done:
		d.finish(reply.Done.GetSlot(), func(f *fetched) error { return f.finish(reply.Done) })
	case *transhipv1.DownloadResponse_Failed:
		d.finish(reply.Failed.GetSlot(), func(*fetched) error { return rpcstatus.FromProto(reply.Failed.GetStatus()) })
	}
	// A slot without bytes may get as many empty chunks as a server likes.
	return data.Len() > 0 || response.GetChunk() == nil, nil
}

// slotOf is the slot that a reply is for; false for a reply of a kind that is not
// known.
func slotOf(response *transhipv1.DownloadResponse) (id uint64, known bool) {
	switch reply := response.GetResponse().(type) {
	case *transhipv1.DownloadResponse_Opened:
		return reply.Opened.GetSlot(), true
	case *transhipv1.DownloadResponse_Chunk:
		return reply.Chunk.GetSlot(), true
	case *transhipv1.DownloadResponse_Done:
		return reply.Done.GetSlot(), true
	case *transhipv1.DownloadResponse_Failed:
		return reply.Failed.GetSlot(), true
	}
	return 0, false
}

// pass lets a slot take a reply. If it cannot, the slot has failed.
func (d *downloadStream) pass(id uint64, take func(*fetched) error) {
	d.mu.Lock()
	f := d.slots[id]
	over := f == nil || f.over
	d.mu.Unlock()
	if over {
		return
	}
	if err := take(f); err != nil {
		d.end(id, f, err)
	}
}

// finish ends a slot with its terminal reply.
func (d *downloadStream) finish(id uint64, take func(*fetched) error) {
	d.mu.Lock()
	f := d.slots[id]
	if f == nil {
		d.mu.Unlock()
		return
	}
	delete(d.slots, id)
	over := f.over
	f.over = true
	d.mu.Unlock()
	<-d.unanswered
	if over {
		return
	}
	f.err = take(f)
	close(f.done)
}
