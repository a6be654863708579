package native

import (
	"context"
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"
	"google.golang.org/grpc"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/bufferpool"
	"github.com/tranship/tranship/internal/minrate"
	"github.com/tranship/tranship/internal/observation"
	"github.com/tranship/tranship/internal/rpcstatus"
	"github.com/tranship/tranship/internal/wire"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
	"github.com/tranship/tranship/server/internal/alive"
	"github.com/tranship/tranship/server/internal/running"
)

const (
	// downloadChunk is how many bytes go into one message, unless downloadPace allows more.
	downloadChunk = 256 << 10
	// downloadWorkers bounds the files of one stream that are read at once, and
	// with the length of a chunk the memory of the stream.
	downloadWorkers = 8
)

// downloadStream is one call of Download.
type downloadStream struct {
	service *Service
	ctx     context.Context

	sendMu sync.Mutex
	stream grpc.BidiStreamingServer[transhipv1.DownloadRequest, transhipv1.DownloadResponse]

	// unanswered has a place for each slot without a terminal reply, and workers one for
	// each slot that is being read.
	unanswered, workers *semaphore.Weighted

	// spoken means that a message was sent since the last sign of life, heard that one was
	// received, and ended that the client sends no more.
	spoken, heard, ended atomic.Bool

	mu      sync.Mutex
	cancels map[uint64]context.CancelCauseFunc
	// fetching has the fetches without a terminal reply.
	fetching map[uint64]*fetch
	last     uint64

	// fetches answers fetches; nil if the store has no batches.
	fetches *batcher[*fetch]
	// buffers is where replies of fetches are encoded.
	buffers bufferpool.Pool
}

// Download implements the service.
//
// One goroutine receives. Small files go in batches to a few goroutines, and each other file
// has its own; they take turns to send. The
// transport's flow control stops files whose bytes the client does not read.
func (s *Service) Download(stream grpc.BidiStreamingServer[transhipv1.DownloadRequest, transhipv1.DownloadResponse]) error {
	ctx, cancel := context.WithCancel(stream.Context())
	defer cancel()
	d := &downloadStream{
		service:    s,
		ctx:        ctx,
		stream:     stream,
		unanswered: semaphore.NewWeighted(wire.MaxUnfinishedSlots),
		workers:    semaphore.NewWeighted(downloadWorkers),
		cancels:    map[uint64]context.CancelCauseFunc{},
		fetching:   map[uint64]*fetch{},
	}
	if d.fetches = d.newFetches(); d.fetches != nil {
		defer d.fetches.close()
	}
	minrate.FromContext(ctx).Download()
	defer alive.Start(alive.Asked(ctx), d.beat)()
	err := d.run()
	if err != nil {
		cancel()
	}
	_ = d.unanswered.Acquire(context.WithoutCancel(ctx), wire.MaxUnfinishedSlots) // never fails: all slots end
	return rpcstatus.Error(err)
}

// run handles requests until the client half-closes, and then returns nil, until
// receiving fails, or until the server shuts down and no slot is under way.
func (d *downloadStream) run() error {
	failed := make(chan error, 1)
	go func() {
		for {
			request, err := d.stream.Recv()
			d.heard.Store(true)
			d.ended.Store(err != nil)
			if err == nil {
				err = d.handle(request)
			}
			if err != nil {
				failed <- endOfStream(err)
				return
			}
		}
	}()
	select {
	case err := <-failed:
		return err
	case <-d.ctx.Done(): // by admission: the connection may still be open
		return d.ctx.Err()
	case <-d.service.draining:
	}
	// From now on, every slot is refused or under way.
	select {
	case err := <-failed:
		return err
	case <-d.idle():
		return errDraining
	}
}

// idle is closed when no slot is under way, or the stream's context has ended.
func (d *downloadStream) idle() <-chan struct{} {
	idle := make(chan struct{})
	go func() {
		if d.unanswered.Acquire(d.ctx, wire.MaxUnfinishedSlots) == nil {
			d.unanswered.Release(wire.MaxUnfinishedSlots)
		}
		close(idle)
	}()
	return idle
}

func (d *downloadStream) handle(request *transhipv1.DownloadRequest) error {
	switch request := request.GetRequest().(type) {
	case *transhipv1.DownloadRequest_Open:
		return d.open(request.Open)
	case *transhipv1.DownloadRequest_Cancel:
		d.mu.Lock()
		cancel, fetching := d.cancels[request.Cancel.GetSlot()], d.fetching[request.Cancel.GetSlot()]
		d.mu.Unlock()
		if cancel != nil {
			cancel(errCancelled)
		}
		if fetching != nil {
			d.cancelFetch(fetching)
		}
		return nil
	case *transhipv1.DownloadRequest_KeepAlive:
		return nil
	default:
		return &tranship.InvalidError{Field: "request", Rule: "must be open, cancel or keep_alive"}
	}
}

func (d *downloadStream) open(open *transhipv1.Open) error {
	id := open.GetSlot()
	if err := d.unanswered.Acquire(d.ctx, 1); err != nil {
		return err
	}
	var refusal error
	switch {
	case id <= d.last:
		refusal = slotError("slot %d is not greater than %d, the one before it", id, d.last)
	case d.service.isDraining():
		refusal = errDraining
	}
	d.last = max(d.last, id)
	switch {
	case refusal != nil:
		go func() {
			defer d.unanswered.Release(1)
			d.service.refused(d.ctx, Refusal{Action: "read", Path: open.GetPath(), Err: refusal})
			d.fail(id, refusal)
		}()
	case d.fetches != nil && isFetch(open):
		d.fetch(open)
	default:
		d.openAlone(open)
	}
	return nil
}

// openAlone answers one open in a goroutine of its own.
func (d *downloadStream) openAlone(open *transhipv1.Open) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.openAloneLocked(open)
}

func (d *downloadStream) openAloneLocked(open *transhipv1.Open) {
	ctx, cancel := context.WithCancelCause(d.ctx)
	d.cancels[open.GetSlot()] = cancel
	go func() {
		defer d.unanswered.Release(1)
		defer cancel(nil)
		d.serve(ctx, open)
	}()
}

// serve answers one open, up to its terminal reply.
func (d *downloadStream) serve(ctx context.Context, open *transhipv1.Open) {
	start := time.Now()
	sent, err := d.deliver(ctx, open)
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	d.mu.Lock()
	delete(d.cancels, open.GetSlot())
	d.mu.Unlock()
	d.end(open, start, sent, err)
}

// end sends the terminal reply of an open that failed, and logs the outcome of any.
func (d *downloadStream) end(open *transhipv1.Open, start time.Time, sent int64, err error) {
	d.service.logTransfers(d.ctx, "download", d.outcome(open, start, sent, err))
}

// outcome sends the terminal reply of an open that failed, and returns the outcome of any.
func (d *downloadStream) outcome(open *transhipv1.Open, start time.Time, sent int64, err error) observation.Transfer {
	if err != nil {
		d.fail(open.GetSlot(), err)
	}
	d.service.logInternal(d.ctx, "download", err)
	return observation.Transfer{Path: open.GetPath(), Offset: open.GetOffset(), Bytes: sent, Start: start, Err: err}
}

// deliver sends what one open asks for, including done, and returns how many bytes it
// sent.
func (d *downloadStream) deliver(ctx context.Context, open *transhipv1.Open) (sent int64, err error) {
	defer d.service.recovered(ctx, "download", &err)
	if err := d.workers.Acquire(ctx, 1); err != nil {
		return 0, err
	}
	defer d.workers.Release(1)

	watched, refused := d.service.watch(ctx)
	content, err := d.service.store.Open(watched, open.GetPath(), tranship.OpenOptions{
		Version: open.GetVersion(),
		Offset:  open.GetOffset(),
		Length:  open.Length,
	})
	refused(Refusal{Action: "read", Path: open.GetPath(), Err: err})
	if err != nil {
		return 0, err
	}
	defer content.Close()
	ctx, transfer := d.service.Options.Running.Begin(ctx, running.Subject{
		Direction: running.Download, Path: open.GetPath(), Size: new(openedBytes(open, content.File().Size)),
	})
	defer transfer.End()
	slot := open.GetSlot()
	opened := &transhipv1.Opened{Slot: slot, File: wire.FileToProto(content.File())}
	if err := d.send(&transhipv1.DownloadResponse{Response: &transhipv1.DownloadResponse_Opened{Opened: opened}}); err != nil {
		return 0, err
	}

	var total uint32
	pace := d.pace()
	defer pace.end()
	var zeros tranship.ZeroReader
	if open.GetAcceptZeros() {
		zeros, _ = tranship.As[tranship.ZeroReader](content)
	}
	for {
		length := min(int64(pace.chunkBytes()), max(content.File().Size, 1))
		next, run, err := d.service.read(content, zeros, int(length))
		if n := int64(next.Len()); n > 0 {
			total = tranship.CombineCRC32C(total, next.CRC32C, n)
			if err := d.sendChunk(slot, open.GetOffset()+sent, next); err != nil {
				return sent, err
			}
			sent += n
			transfer.Add(n)
			pace.note(n)
		}
		if run > 0 {
			total = tranship.CombineCRC32C(total, tranship.ZerosCRC32C(run), run)
			if err := d.send(zerosResponse(slot, open.GetOffset()+sent, run)); err != nil {
				return sent, err
			}
			sent += run
			transfer.Add(run)
		}
		switch {
		case errors.Is(err, io.EOF):
			done := &transhipv1.Done{Slot: slot, Crc32C: total}
			return sent, d.send(&transhipv1.DownloadResponse{Response: &transhipv1.DownloadResponse_Done{Done: done}})
		case err != nil:
			return sent, err
		}
		if ctx.Err() != nil {
			return sent, context.Cause(ctx)
		}
	}
}
