package server

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/grpcdesc"
	"github.com/tranship/tranship/internal/minrate"
	"github.com/tranship/tranship/internal/payload"
	"github.com/tranship/tranship/internal/rpcstatus"
	"github.com/tranship/tranship/internal/wire"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

const (
	// streamBytes bounds the payload that one Upload stream holds, between
	// receiving and writing: one chunk being written, one waiting.
	streamBytes = 2 * wire.MaxChunkBytes
	// streamWorkers bounds the files of one stream that are under way, those
	// whose client is done with them but whose commit is not included.
	streamWorkers = wire.MaxUnfinishedSlots + 64
	// maxEnvelope bounds what a message has beside its data, in bytes: more than
	// the longest path, attributes and resume key take.
	maxEnvelope = 16 << 10
	// keepaliveInterval is how often a stream with files under way says
	// something, for proxies that close idle ones.
	keepaliveInterval = 20 * time.Second
	// discardTime bounds how long a failed stream is still read, or how long the
	// pauses of its client may be.
	discardTime = time.Second
)

// uploadStream is one call of Upload. Its fields belong to the goroutine that runs
// receive, except where they are safe for concurrent use themselves.
type uploadStream struct {
	server *Server
	ctx    context.Context
	// pace counts for how long the client waits for the server; nil if there is no
	// limit of how slow it may be.
	pace    *minrate.Call
	replies *replies
	bytes   *semaphore.Weighted
	workers *semaphore.Weighted
	// puts are run by a crew; slots live long.
	puts crew

	slots map[uint64]*slot
	// ending are slots whose last event has been handed over.
	ending map[uint64]*slot
	last   uint64

	// ended has room for one: a sign that a slot has ended.
	ended chan struct{}

	mu sync.Mutex
	// left are slots with keep whose finish has failed. Their uploads are held
	// until the client cancels the slot or the stream ends.
	left map[uint64]*slot
}

// Upload implements the service.
//
// One goroutine receives from the transport, one sends replies, and each file has
// its own, so that a slow disk or commit of one file does not hold up another, and
// receiving never waits for sending.
func (s *Server) Upload(stream grpc.BidiStreamingServer[transhipv1.UploadRequest, transhipv1.UploadResponse]) error {
	ctx, cancel := context.WithCancel(stream.Context())
	defer cancel()
	u := &uploadStream{
		server:  s,
		ctx:     ctx,
		pace:    minrate.FromContext(ctx),
		replies: newReplies(),
		bytes:   semaphore.NewWeighted(streamBytes),
		workers: semaphore.NewWeighted(streamWorkers),
		puts:    newCrew(ctx.Done()),
		slots:   map[uint64]*slot{},
		ending:  map[uint64]*slot{},
		left:    map[uint64]*slot{},
		ended:   make(chan struct{}, 1),
	}
	sent := make(chan error, 1)
	go func() {
		err := u.replies.send(stream.Send)
		if err != nil {
			cancel() // nobody hears of the files any more
		}
		sent <- err
	}()

	requests := u.receive(stream)
	keepalive := time.NewTicker(s.keepalive)
	defer keepalive.Stop()
	err := u.run(requests, keepalive.C)
	u.abandon(event{err: cmp.Or(err, errUnfinished), told: err != nil})
	u.wait(keepalive.C)
	for _, left := range u.left {
		s.letGo(ctx, left.session, nil)
	}
	u.replies.close()
	if err != nil && !errors.Is(err, errUnread) {
		u.discard(requests, false)
	} else if err != nil && !u.discard(requests, true) {
		// The client neither reads nor sends. The sender ends with the call.
		return rpcstatus.Error(err)
	}
	return rpcstatus.Error(cmp.Or(err, <-sent))
}

// discard reads on after the stream has failed, because a client that is sending
// might see a reset instead of the status: for a moment, or, if the client may read
// only after it has sent all, to the end, as long as it makes no pause. It reports
// whether the client half-closed.
func (u *uploadStream) discard(requests <-chan received, all bool) bool {
	enough := time.NewTimer(discardTime)
	defer enough.Stop()
	for {
		select {
		case next := <-requests:
			next.data.Free()
			if next.err != nil && status.Code(next.err) != codes.InvalidArgument {
				return errors.Is(next.err, io.EOF)
			}
			if all {
				enough.Reset(discardTime)
			}
		case <-enough.C:
			return false
		case <-u.ctx.Done():
			return false
		}
	}
}

// received is a message or the error that ended receiving.
type received struct {
	request *transhipv1.UploadRequest
	// data is the payload of a chunk or put, which is not in the request. Whoever
	// has it frees it.
	data *payload.Message
	err  error
}

// receive hands on messages until the stream's context ends or receiving fails.
func (u *uploadStream) receive(stream grpc.BidiStreamingServer[transhipv1.UploadRequest, transhipv1.UploadResponse]) <-chan received {
	requests := make(chan received)
	go func() {
		for {
			request := &transhipv1.UploadRequest{}
			message := wire.NewUploadRequest(request)
			err := grpcdesc.Receive(stream, message)
			select {
			case requests <- received{request, message, err}:
			case <-u.ctx.Done():
				message.Free()
				return
			}
			// After what is no message the stream has failed, and is read on.
			if err != nil && status.Code(err) != codes.InvalidArgument {
				return
			}
		}
	}()
	return requests
}

// run handles messages until the client half-closes (nil), or something fails that
// is not one file's.
func (u *uploadStream) run(requests <-chan received, keepalive <-chan time.Time) error {
	draining := u.server.draining
	for {
		if draining == nil && u.unfinished() == 0 {
			return errDraining
		}
		select {
		case next := <-requests:
			if next.err != nil {
				return endOfStream(next.err)
			}
			u.pace.Hold()
			err := u.handle(next)
			u.pace.Release()
			if err != nil {
				return err
			}
		case <-keepalive:
			u.keepAlive()
		case <-u.ended:
		case <-draining:
			draining = nil
		case <-u.ctx.Done():
			return u.ctx.Err()
		}
	}
}

func (u *uploadStream) handle(next received) error {
	if proto.Size(next.request) > maxEnvelope {
		next.data.Free()
		return fmt.Errorf("%w: a message has more than %d bytes beside its data", tranship.ErrLimit, maxEnvelope)
	}
	switch request := next.request.GetRequest().(type) {
	case *transhipv1.UploadRequest_Begin:
		return u.begin(request.Begin)
	case *transhipv1.UploadRequest_Put:
		return u.put(request.Put, next.data)
	case *transhipv1.UploadRequest_Chunk:
		return u.chunk(request.Chunk, next.data)
	case *transhipv1.UploadRequest_Finish:
		return u.end(request.Finish.GetSlot(), event{finish: request.Finish})
	case *transhipv1.UploadRequest_Cancel:
		if left := u.takeLeft(request.Cancel.GetSlot()); left != nil {
			u.server.letGo(u.ctx, left.session, errCancelled)
			return nil
		}
		return u.end(request.Cancel.GetSlot(), event{err: errCancelled})
	case *transhipv1.UploadRequest_CopyPart:
		return u.copyPart(request.CopyPart)
	default:
		return &tranship.InvalidError{Field: "request", Rule: "must be begin, chunk, finish, cancel, put or copy_part"}
	}
}

func (u *uploadStream) begin(begin *transhipv1.Begin) error {
	id := begin.GetSlot()
	if open, ok := u.slots[id]; ok && !open.ended() {
		return u.again(id, refusedBegin(begin, nil))
	}
	// A file under way may need more writers to finish.
	isNew := begin.GetMode() != transhipv1.Begin_MODE_JOIN
	if err := u.admit(id, isNew); err != nil {
		return u.reject(id, refusedBegin(begin, err))
	}
	if u.unfinished() >= wire.MaxUnfinishedSlots {
		return u.reject(id, refusedBegin(begin, fmt.Errorf("%w: at most %d unfinished slots on a stream", tranship.ErrLimit, wire.MaxUnfinishedSlots)))
	}
	if err := u.workers.Acquire(u.ctx, 1); err != nil {
		return err
	}
	started := newSlot(u, id)
	u.slots[id] = started
	go func() {
		defer u.workers.Release(1)
		started.run(begin)
	}()
	return nil
}

func (u *uploadStream) put(put *transhipv1.Put, data *payload.Message) (err error) {
	taken := false
	defer func() {
		if !taken {
			data.Free()
		}
	}()
	id := put.GetSlot()
	if open, ok := u.slots[id]; ok && !open.ended() {
		return u.again(id, Refusal{Action: "put", Path: put.GetPath()})
	}
	if err := u.admit(id, true); err != nil {
		return u.reject(id, Refusal{Action: "put", Path: put.GetPath(), Err: err})
	}
	size := int64(data.Len())
	if size > tranship.MaxPutBytes {
		err := fmt.Errorf("%w: a put carries at most %d bytes, not %d", tranship.ErrLimit, tranship.MaxPutBytes, size)
		return u.reject(id, Refusal{Action: "put", Path: put.GetPath(), Err: err})
	}
	if err := u.hold(size); err != nil {
		return err
	}
	if err := u.workers.Acquire(u.ctx, 1); err != nil {
		return err
	}
	taken = true
	u.puts.run(func() {
		defer u.workers.Release(1)
		defer u.drop(size)
		defer data.Free()
		u.server.put(u.ctx, put, data, u.replies)
	})
	return nil
}

// again ends an open slot that was begun a second time, by what is thereby refused.
func (u *uploadStream) again(id uint64, refusal Refusal) error {
	refusal.Err = slotError("slot %d was begun twice", id)
	u.server.refused(u.ctx, refusal)
	return u.end(id, event{err: refusal.Err, told: true})
}

// admit checks a new slot's number and whether the stream takes any more. isNew:
// the slot is for a file that is not under way yet.
func (u *uploadStream) admit(id uint64, isNew bool) error {
	if id <= u.last {
		return slotError("slot %d is not greater than %d, the one before it", id, u.last)
	}
	u.last = id
	if isNew && u.server.isDraining() {
		return errDraining
	}
	if u.replies.waiting() >= wire.MaxQueuedReplies || u.replies.held() >= u.server.options.Memory.repliesOfStream() {
		return errUnread
	}
	return nil
}

// reject fails a slot that is not open. A client that does not read cannot make
// the server keep such failures without end: it loses the stream.
func (u *uploadStream) reject(id uint64, refusal Refusal) error {
	if u.replies.waiting() >= 2*wire.MaxQueuedReplies || u.replies.held() >= 2*u.server.options.Memory.repliesOfStream() {
		return errUnread
	}
	u.server.refused(u.ctx, refusal)
	u.replies.failed(id, rpcstatus.Proto(refusal.Err))
	return nil
}

var (
	errUnread   = fmt.Errorf("%w: as many replies are waiting to be read as may, at most %d: read them while sending", tranship.ErrLimit, wire.MaxQueuedReplies)
	errDraining = fmt.Errorf("%w: the server is shutting down", tranship.ErrUnavailable)
	// errCancelled is the outcome of a slot that the client gave up.
	errCancelled = fmt.Errorf("slot given up by the client: %w", context.Canceled)
)

// errUnfinished is the outcome of a slot that the client never ended.
var errUnfinished = slotError("the stream ended before the slot was finished")

// endOfStream is nil when the client half-closed.
func endOfStream(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

func slotError(format string, args ...any) error {
	return &tranship.InvalidError{Field: "slot", Rule: fmt.Sprintf(format, args...)}
}

// hold waits until there is room for n bytes of payload, on this stream and in the
// server; drop gives it back.
func (u *uploadStream) hold(n int64) error {
	if err := u.bytes.Acquire(u.ctx, n); err != nil {
		return err
	}
	err := u.server.options.Memory.hold(u.ctx, n)
	if err != nil {
		u.bytes.Release(n)
	}
	return err
}

func (u *uploadStream) drop(n int64) {
	u.server.options.Memory.drop(n)
	u.bytes.Release(n)
}

// chunk hands bytes to their slot, once the stream has room for them.
func (u *uploadStream) chunk(chunk *transhipv1.Chunk, data *payload.Message) error {
	open, err := u.open(chunk.GetSlot(), "chunk")
	if open == nil {
		data.Free()
		return err
	}
	size := int64(data.Len())
	if size > wire.MaxChunkBytes {
		data.Free()
		limit := fmt.Errorf("%w: a chunk carries at most %d bytes, not %d", tranship.ErrLimit, wire.MaxChunkBytes, size)
		return u.end(chunk.GetSlot(), event{err: limit})
	}
	if err := u.hold(size); err != nil {
		data.Free()
		return err
	}
	open.received.Add(size)
	open.deliver(event{chunk: chunk, data: data})
	return nil
}

func (u *uploadStream) copyPart(request *transhipv1.CopyPart) error {
	open, err := u.open(request.GetSlot(), "copy_part")
	if open != nil {
		open.deliver(event{copyPart: request})
	}
	return err
}

// end hands the last event to a slot.
func (u *uploadStream) end(id uint64, last event) error {
	open, err := u.open(id, "finish or cancel")
	if open == nil {
		return err
	}
	u.finish(open, last)
	return nil
}

// open finds an open slot. For one that has ended it is nil: what still arrives
// for it is dropped. One that was never begun is thereby used and fails.
func (u *uploadStream) open(id uint64, message string) (*slot, error) {
	if found, ok := u.slots[id]; ok {
		if !found.ended() {
			return found, nil
		}
		u.forget(found)
		return nil, nil
	}
	if id != 0 && id <= u.last {
		return nil, nil
	}
	u.last = max(u.last, id)
	err := slotError("%s for slot %d, which was never begun", message, id)
	return nil, u.reject(id, Refusal{Action: "upload", Err: err})
}

// unfinished counts open slots, and forgets those that have ended by themselves.
func (u *uploadStream) unfinished() int {
	for _, open := range u.slots {
		if open.ended() {
			u.forget(open)
		}
	}
	return len(u.slots)
}

// forget lets go of a slot that has ended.
func (u *uploadStream) forget(ended *slot) {
	close(ended.events)
	delete(u.slots, ended.id)
}

// abandon ends all slots that the client left open.
func (u *uploadStream) abandon(last event) {
	for _, open := range u.slots {
		u.finish(open, last)
	}
}

// finish hands a slot its last event.
func (u *uploadStream) finish(open *slot, last event) {
	open.end(last)
	delete(u.slots, open.id)
	u.ending[open.id] = open
	if len(u.ending) > streamWorkers {
		maps.DeleteFunc(u.ending, func(_ uint64, s *slot) bool { return s.ended() })
	}
}

// wait returns when all slots have ended.
func (u *uploadStream) wait(keepalive <-chan time.Time) {
	all := make(chan struct{})
	go func() {
		defer close(all)
		_ = u.workers.Acquire(context.WithoutCancel(u.ctx), streamWorkers) // never fails: all files end
	}()
	for {
		select {
		case <-all:
			return
		case <-keepalive:
			u.keepAlive()
		}
	}
}

// wake says that a slot has ended.
func (u *uploadStream) wake() {
	select {
	case u.ended <- struct{}{}:
	default:
	}
}

// leave holds the upload of a slot whose finish has failed.
func (u *uploadStream) leave(failed *slot) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.left[failed.id] = failed
}

func (u *uploadStream) takeLeft(id uint64) *slot {
	u.mu.Lock()
	defer u.mu.Unlock()
	left := u.left[id]
	delete(u.left, id)
	return left
}

// keepAlive sends the progress of some slot if the stream has been quiet.
func (u *uploadStream) keepAlive() {
	quiet := u.replies.quiet()
	for _, slots := range []map[uint64]*slot{u.ending, u.slots} {
		for id, open := range slots {
			switch {
			case !open.ended():
				if quiet {
					u.replies.progressed(open.counts())
					quiet = false
				}
			case u.ending[id] != nil:
				delete(u.ending, id)
			}
		}
	}
}
