package server

import (
	"sync"

	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// replies are the messages that wait to be sent on an Upload stream. Adding never
// waits, so that receiving never waits for sending: a client need not read while
// it sends. The stream bounds how many there are.
type replies struct {
	mu       sync.Mutex
	queue    []*transhipv1.UploadResponse
	progress map[uint64]*transhipv1.UploadResponse
	closed   bool
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

// progressed replaces the slot's progress that still waits, if any.
func (r *replies) progressed(progress *transhipv1.Progress) {
	response := &transhipv1.UploadResponse_Progress{Progress: progress}
	r.mu.Lock()
	waiting, ok := r.progress[progress.GetSlot()]
	if ok {
		waiting.Response = response
	}
	r.mu.Unlock()
	if !ok {
		r.add(&transhipv1.UploadResponse{Response: response})
	}
}

func (r *replies) add(reply *transhipv1.UploadResponse) {
	r.mu.Lock()
	r.queue = append(r.queue, reply)
	if progress := reply.GetProgress(); progress != nil {
		r.progress[progress.GetSlot()] = reply
	}
	r.mu.Unlock()
	r.signal()
}

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

// waiting is how many have not been handed to the transport.
func (r *replies) waiting() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.queue)
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
		case closed:
			return nil
		default:
			<-r.wake
		}
	}
}
