package native

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"
	"google.golang.org/grpc"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/minrate"
	"github.com/tranship/tranship/internal/rpcstatus"
	"github.com/tranship/tranship/internal/wire"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
	"github.com/tranship/tranship/server/internal/alive"
)

const (
	// streamBytes bounds the payload that one Upload stream holds between receiving and
	// writing: one chunk that is being written and one that waits.
	streamBytes = 2 * wire.MaxChunkBytes
	// streamWorkers bounds the files of one stream that are under way, including those
	// that the client has finished and that are being committed.
	streamWorkers = wire.MaxUnfinishedSlots + 64
	// maxEnvelope bounds the size of a message without its data, in bytes. The longest
	// path, attributes and resume key take less.
	maxEnvelope = 16 << 10
	// keepaliveInterval is how often a stream with files under way sends a message, for
	// proxies that close idle streams.
	keepaliveInterval = 20 * time.Second
	// discardTime bounds how long a failed stream is still read, or how long its client
	// may pause meanwhile.
	discardTime = time.Second
)

// uploadStream is one call of Upload. Its fields belong to the goroutine that runs
// receive, except where they are safe for concurrent use themselves.
type uploadStream struct {
	service *Service
	ctx     context.Context
	// pace measures how long the client waits for the server; nil if slow clients are
	// allowed.
	pace    *minrate.Call
	replies *replies
	bytes   *semaphore.Weighted
	chunks  chunkPayloads
	workers *semaphore.Weighted
	// inbox has what receive has received and run has not handled.
	inbox *inbox
	// puts stores small files. Slots have goroutines of their own, because they live long.
	puts *batcher[put]
	// spare has messages into which receive receives again.
	spare spareMessages
	// arrivedPuts have been admitted, and not yet been handed to puts.
	arrivedPuts []put

	slots map[uint64]*slot
	// ending are slots whose last event has been handed over.
	ending map[uint64]*slot
	last   uint64

	// ended signals that a slot has ended. It has room for one signal.
	ended chan struct{}

	// heard means that a message came since the last sign of life. alive counts the signs
	// of life of the client.
	heard atomic.Bool
	alive atomic.Int64
	// arrived counts the messages that came. awaiting means that the next is awaited from
	// the transport. held is what pace.Held was at the last beat, which alone uses it.
	arrived  atomic.Uint64
	awaiting atomic.Bool
	held     time.Duration

	mu sync.Mutex
	// left has slots with keep whose finish has failed. Their uploads are held until the
	// client cancels the slot or the stream ends.
	left map[uint64]*slot
}

// Upload implements the service.
//
// One goroutine receives from the transport, one sends replies, and each file has
// its own, so that a slow disk or commit of one file does not hold up another, and
// receiving never waits for sending.
func (s *Service) Upload(stream grpc.BidiStreamingServer[transhipv1.UploadRequest, transhipv1.UploadResponse]) error {
	ctx, cancel := context.WithCancel(stream.Context())
	defer cancel()
	u := &uploadStream{
		service: s,
		ctx:     ctx,
		pace:    minrate.FromContext(ctx),
		replies: newReplies(),
		bytes:   semaphore.NewWeighted(streamBytes),
		workers: semaphore.NewWeighted(streamWorkers),
		inbox:   newInbox(),
		slots:   map[uint64]*slot{},
		ending:  map[uint64]*slot{},
		left:    map[uint64]*slot{},
		ended:   make(chan struct{}, 1),
	}
	u.puts = u.newPuts()
	defer u.puts.close()
	sent := make(chan error, 1)
	go func() {
		err := u.replies.send(stream)
		if err != nil {
			cancel() // the client can no longer be told of its files
		}
		sent <- err
	}()

	go u.receive(stream)
	defer u.endReceiving()
	asked := alive.Asked(ctx)
	stopBeat := alive.Start(asked, u.beat)
	defer stopBeat()
	progress, stopProgress := s.keepalive(asked)
	defer stopProgress()
	err := u.run(progress)
	u.abandon(event{err: cmp.Or(err, errUnfinished), told: err != nil})
	u.wait(progress)
	for _, left := range u.left {
		s.letGo(ctx, left.session, nil)
	}
	u.replies.close()
	if err != nil && !errors.Is(err, errUnread) {
		u.discard(false)
	} else if err != nil && !u.discard(true) {
		// The client neither reads nor sends. The sender ends with the call.
		return rpcstatus.Error(err)
	}
	return rpcstatus.Error(cmp.Or(err, <-sent))
}

// run handles messages until the client half-closes, and then returns nil, or until the
// stream as a whole fails.
func (u *uploadStream) run(keepalive <-chan time.Time) error {
	draining := u.service.draining
	for {
		if draining == nil && u.unfinished() == 0 {
			return errDraining
		}
		select {
		case <-u.inbox.ready:
			u.heard.Store(true)
			if ended, err := u.handleAll(); ended {
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

// handleAll handles the messages that have arrived. It reports whether the stream has ended,
// and the error if it has failed.
func (u *uploadStream) handleAll() (ended bool, err error) {
	u.pace.Hold()
	defer u.pace.Release()
	defer u.startPuts()
	taken := u.inbox.take()
	for i, next := range taken {
		if next.err != nil {
			ended, err = true, endOfStream(next.err)
		} else {
			err = u.handle(next)
			ended = err != nil
		}
		if ended {
			u.inbox.done(taken, taken[i+1:])
			return true, err
		}
	}
	u.inbox.done(taken, nil)
	return false, nil
}

// startPuts hands the puts that have arrived together to puts.
func (u *uploadStream) startPuts() {
	u.puts.add(u.arrivedPuts...)
	clear(u.arrivedPuts)
	u.arrivedPuts = u.arrivedPuts[:0]
}

func (u *uploadStream) handle(next received) error {
	if next.envelope > maxEnvelope {
		u.free(next)
		return &tranship.LimitError{
			Limit:   tranship.LimitEnvelopeBytes,
			Allowed: maxEnvelope,
			Asked:   int64(next.envelope),
			Rule:    fmt.Sprintf("a message has more than %d bytes beside its data", maxEnvelope),
		}
	}
	if request, ok := next.request.GetRequest().(*transhipv1.UploadRequest_Put); ok {
		return u.put(request.Put, next)
	}
	u.startPuts() // other messages may wait
	switch request := next.request.GetRequest().(type) {
	case *transhipv1.UploadRequest_Begin:
		return u.begin(request.Begin)
	case *transhipv1.UploadRequest_Chunk:
		return u.chunk(request.Chunk, next)
	case *transhipv1.UploadRequest_Finish:
		return u.end(request.Finish.GetSlot(), event{finish: request.Finish})
	case *transhipv1.UploadRequest_Cancel:
		if left := u.takeLeft(request.Cancel.GetSlot()); left != nil {
			u.service.letGo(u.ctx, left.session, errCancelled)
			return nil
		}
		return u.end(request.Cancel.GetSlot(), event{err: errCancelled})
	case *transhipv1.UploadRequest_CopyPart:
		return u.copyPart(request.CopyPart)
	case *transhipv1.UploadRequest_Zeros:
		return u.zeros(request.Zeros)
	case *transhipv1.UploadRequest_KeepAlive:
		u.alive.Add(1)
		return nil
	default:
		return &tranship.InvalidError{Field: "request", Rule: "must be begin, chunk, finish, cancel, put, copy_part, zeros or keep_alive"}
	}
}

var (
	errUnread = &tranship.LimitError{
		Limit:   tranship.LimitReplies,
		Allowed: wire.MaxQueuedReplies,
		Rule:    fmt.Sprintf("as many replies are waiting to be read as may, at most %d: read them while sending", wire.MaxQueuedReplies),
	}
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
