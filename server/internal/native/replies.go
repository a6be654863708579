package native

import (
	"sync"
	"sync/atomic"

	"google.golang.org/protobuf/proto"

	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// replies are the messages that wait to be sent on an Upload stream. Adding never
// waits, so that receiving never waits for sending: a client need not read while
// it sends. The stream bounds how many there are, and how many bytes they take.
type replies struct {
	mu    sync.Mutex
	queue []*reply
	// weight is how much waits, in replies of usual size, and bytes is how much memory
	// that takes, roughly.
	weight, bytes int
	progress      map[uint64]*reply
	closed        bool
	// spoken: something was sent since quiet was asked.
	spoken atomic.Bool
	// wake has room for one: a sign that queue or closed has changed.
	wake chan struct{}
}

// reply is one message that waits: decoded, or encoded where many do, which takes a
// fraction of the memory.
type reply struct {
	message *transhipv1.UploadResponse
	encoded []byte
	// weight and bytes are what it counts with.
	weight, bytes int
}

// mostDecoded is how many replies may wait before others are kept encoded.
const mostDecoded = 64

// replyOverhead is how many bytes a reply takes beside its encoded message.
const replyOverhead = 128

func newReplies() *replies {
	return &replies{progress: map[uint64]*reply{}, wake: make(chan struct{}, 1)}
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
	r.count(waiting, -1)
	progress.NewlyDurable = append(waiting.message.GetProgress().GetNewlyDurable(), progress.GetNewlyDurable()...)
	waiting.set(&transhipv1.UploadResponse{Response: &transhipv1.UploadResponse_Progress{Progress: progress}})
	r.count(waiting, 1)
}

func (r *replies) add(message *transhipv1.UploadResponse) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.push(message)
}

// push is add for who holds mu.
func (r *replies) push(message *transhipv1.UploadResponse) {
	added := &reply{}
	added.set(message)
	if progress := message.GetProgress(); progress != nil {
		r.progress[progress.GetSlot()] = added
	} else if len(r.queue) >= mostDecoded {
		added.encode()
	}
	r.queue = append(r.queue, added)
	r.count(added, 1)
	r.signal()
}

// count adds a reply to what waits sign times: 1 or -1. The caller holds mu.
func (r *replies) count(counted *reply, sign int) {
	r.weight += sign * counted.weight
	r.bytes += sign * counted.bytes
}

func (r *reply) set(message *transhipv1.UploadResponse) {
	r.message, r.weight, r.bytes = message, weightOf(message), proto.Size(message)+replyOverhead
}

// encode lets go of the decoded message. One that cannot be encoded stays as it is:
// sending it tells why.
func (r *reply) encode() {
	if encoded, err := proto.Marshal(r.message); err == nil {
		r.message, r.encoded = nil, encoded
	}
}

// decoded is the message.
func (r *reply) decoded() *transhipv1.UploadResponse {
	if r.message != nil {
		return r.message
	}
	message := &transhipv1.UploadResponse{}
	if err := proto.Unmarshal(r.encoded, message); err != nil {
		panic(err) // encode made it
	}
	return message
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

// held is how many bytes they take, roughly.
func (r *replies) held() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.bytes
}

// next takes the oldest; nil when there is none.
func (r *replies) next() (message *transhipv1.UploadResponse, closed bool) {
	oldest, closed := r.take()
	if oldest == nil {
		return nil, closed
	}
	return oldest.decoded(), false
}

func (r *replies) take() (oldest *reply, closed bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.queue) == 0 {
		return nil, r.closed
	}
	oldest = r.queue[0]
	r.queue[0] = nil
	r.queue = r.queue[1:]
	r.count(oldest, -1)
	if progress := oldest.message.GetProgress(); progress != nil {
		delete(r.progress, progress.GetSlot())
	}
	return oldest, false
}

// send hands replies to transmit, one after the other, until close and the last of
// them, or until transmit fails.
func (r *replies) send(transmit func(*transhipv1.UploadResponse) error) error {
	for {
		message, closed := r.next()
		switch {
		case message != nil:
			if err := transmit(message); err != nil {
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
