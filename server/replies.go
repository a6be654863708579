package server

import (
	"sync"
	"sync/atomic"

	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// replies are the messages that wait to be sent on an Upload stream. Adding never
// waits, so that receiving never waits for sending: a client need not read while
// it sends. The stream bounds how many there are.
type replies struct {
	mu    sync.Mutex
	queue []*transhipv1.UploadResponse
	// weight is how much waits, in replies of usual size.
	weight   int
	progress map[uint64]*transhipv1.UploadResponse
	closed   bool
	// spoken: something was sent since quiet was asked.
	spoken atomic.Bool
	// wake has room for one: a sign that queue or closed has changed.
	wake chan struct{}
}

func newReplies() *replies {
	return &replies{progress: map[uint64]*transhipv1.UploadResponse{}, wake: make(chan struct{}, 1)}
}

func (r *replies) begun(begun *transhipv1.Begun) {
	r.add(&transhipv1.UploadResponse{Response: &transhipv1.UploadResponse_Begun{Begun: begun}})
}

func (r *replies) finished(finished *transhipv1.Finished) {
	r.add(&transhipv1.UploadResponse{Response: &transhipv1.UploadResponse_Finished{Finished: finished}})
}

func (r *replies) failed(slot uint64, status *transhipv1.Status) {
	r.add(&transhipv1.UploadResponse{Response: &transhipv1.UploadResponse_Failed{
		Failed: &transhipv1.Failed{Slot: slot, Status: status},
	}})
}

// progressed replaces the slot's progress that still waits, if any. What that told
// of newly durable parts stays told.
func (r *replies) progressed(progress *transhipv1.Progress) {
	r.mu.Lock()
	defer r.mu.Unlock()
	waiting, ok := r.progress[progress.GetSlot()]
	if !ok {
		r.push(&transhipv1.UploadResponse{Response: &transhipv1.UploadResponse_Progress{Progress: progress}})
		return
	}
	r.weight -= weightOf(waiting)
	progress.NewlyDurable = append(waiting.GetProgress().GetNewlyDurable(), progress.GetNewlyDurable()...)
	waiting.Response = &transhipv1.UploadResponse_Progress{Progress: progress}
	r.weight += weightOf(waiting)
}

func (r *replies) add(reply *transhipv1.UploadResponse) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.push(reply)
}

// push is add for who holds mu.
func (r *replies) push(reply *transhipv1.UploadResponse) {
	r.queue = append(r.queue, reply)
	r.weight += weightOf(reply)
	if progress := reply.GetProgress(); progress != nil {
		r.progress[progress.GetSlot()] = reply
	}
	r.signal()
}

// weightOf counts a reply with many ranges as several.
func weightOf(reply *transhipv1.UploadResponse) int {
	ranges := len(reply.GetBegun().GetDurable()) + len(reply.GetProgress().GetNewlyDurable()) + len(reply.GetFinished().GetDurable())
	return 1 + ranges/16
}

// quiet reports whether nothing was sent since it was last asked.
func (r *replies) quiet() bool { return !r.spoken.Swap(false) }

// close ends send once everything has been sent.
func (r *replies) close() {
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	r.signal()
}

func (r *replies) signal() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// waiting is how many, by weight, have not been handed to the transport.
func (r *replies) waiting() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.weight
}

// next takes the oldest; nil when there is none.
func (r *replies) next() (reply *transhipv1.UploadResponse, closed bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.queue) == 0 {
		return nil, r.closed
	}
	reply = r.queue[0]
	r.queue[0] = nil
	r.queue = r.queue[1:]
	r.weight -= weightOf(reply)
	if progress := reply.GetProgress(); progress != nil {
		delete(r.progress, progress.GetSlot())
	}
	return reply, false
}

// send hands replies to transmit, one after the other, until close and the last of
// them, or until transmit fails.
func (r *replies) send(transmit func(*transhipv1.UploadResponse) error) error {
	for {
		reply, closed := r.next()
		switch {
		case reply != nil:
			if err := transmit(reply); err != nil {
				return err
			}
			r.spoken.Store(true)
		case closed:
			return nil
		default:
			<-r.wake
		}
	}
}
