package native

import (
	"sync"
	"sync/atomic"

	"google.golang.org/protobuf/proto"

	"github.com/tranship/tranship/internal/bufferpool"
	"github.com/tranship/tranship/internal/payload"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// replies is the queue of messages to send on an Upload stream. Adding never waits, so
// that receiving never waits for sending: a client may send all before it reads. The
// stream bounds how many replies wait, and how many bytes they take.
type replies struct {
	mu    sync.Mutex
	queue []*reply
	// weight is how many replies of usual size wait, and bytes is roughly how much memory
	// they take.
	weight, bytes int
	progress      map[uint64]*reply
	// sign means that a sign of life waits.
	sign   bool
	closed bool
	// buffers is where replies are encoded.
	buffers bufferpool.Pool
	// spoken says that something was sent since the last call of quiet.
	spoken atomic.Bool
	// wake signals that queue or closed has changed. It has room for one signal.
	wake chan struct{}
}

// reply is one message that waits: decoded, or encoded if many wait, which takes a
// fraction of the memory. Or it has several that were encoded together.
type reply struct {
	message *transhipv1.UploadResponse
	encoded []byte
	several payload.EncodedMessages
	isSign  bool
	// weight and bytes are what the reply counts for.
	weight, bytes int
}

// mostDecoded is how many replies may wait decoded. Others wait encoded.
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
	r.add(finishedResponse(finished))
}

func (r *replies) failed(slot uint64, status *transhipv1.Status) {
	r.add(failedResponse(slot, status))
}

func finishedResponse(finished *transhipv1.Finished) *transhipv1.UploadResponse {
	return &transhipv1.UploadResponse{Response: &transhipv1.UploadResponse_Finished{Finished: finished}}
}

func failedResponse(slot uint64, status *transhipv1.Status) *transhipv1.UploadResponse {
	return &transhipv1.UploadResponse{Response: &transhipv1.UploadResponse_Failed{
		Failed: &transhipv1.Failed{Slot: slot, Status: status},
	}}
}

// progressed adds a progress. It replaces one of the same slot that waits, and keeps the
// newly durable parts of that one.
func (r *replies) progressed(progress *transhipv1.Progress) {
	r.mu.Lock()
	defer r.mu.Unlock()
	waiting, ok := r.progress[progress.GetSlot()]
	if !ok {
		r.pushLocked(&transhipv1.UploadResponse{Response: &transhipv1.UploadResponse_Progress{Progress: progress}})
		return
	}
	r.countLocked(waiting, -1)
	progress.NewlyDurable = append(waiting.message.GetProgress().GetNewlyDurable(), progress.GetNewlyDurable()...)
	waiting.set(&transhipv1.UploadResponse{Response: &transhipv1.UploadResponse_Progress{Progress: progress}})
	r.countLocked(waiting, 1)
}

// keepAlive adds a sign of life, unless one waits.
func (r *replies) keepAlive(sign *transhipv1.KeepAlive) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.sign {
		return
	}
	r.sign = true
	r.pushLocked(&transhipv1.UploadResponse{Response: &transhipv1.UploadResponse_KeepAlive{KeepAlive: sign}})
}

// add adds replies, of which the sender learns at once.
func (r *replies) add(messages ...*transhipv1.UploadResponse) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, message := range messages {
		r.pushLocked(message)
	}
}

// addEncoded adds replies that were encoded together.
func (r *replies) addEncoded(several payload.EncodedMessages) {
	r.mu.Lock()
	defer r.mu.Unlock()
	added := &reply{several: several, weight: len(several), bytes: several.Size() + len(several)*replyOverhead}
	r.queue = append(r.queue, added)
	r.countLocked(added, 1)
	signal(r.wake)
}

// pushLocked adds a reply.
func (r *replies) pushLocked(message *transhipv1.UploadResponse) {
	added := &reply{isSign: message.GetKeepAlive() != nil}
	added.set(message)
	if progress := message.GetProgress(); progress != nil {
		r.progress[progress.GetSlot()] = added
	} else if len(r.queue) >= mostDecoded {
		added.encode()
	}
	r.queue = append(r.queue, added)
	r.countLocked(added, 1)
	signal(r.wake)
}

// countLocked counts a reply sign times, 1 or -1.
func (r *replies) countLocked(counted *reply, sign int) {
	r.weight += sign * counted.weight
	r.bytes += sign * counted.bytes
}

func (r *reply) set(message *transhipv1.UploadResponse) {
	r.message, r.weight, r.bytes = message, weightOf(message), proto.Size(message)+replyOverhead
}

// encode replaces the decoded message with its encoded form. A message that cannot be
// encoded stays decoded: sending it returns the error.
func (r *reply) encode() {
	if encoded, err := proto.Marshal(r.message); err == nil {
		r.message, r.encoded = nil, encoded
	}
}

// decoded returns the message.
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

// send sends the reply.
func (r *reply) send(stream payload.Sender) error {
	if r.several != nil {
		return r.several.Send(stream)
	}
	return stream.SendMsg(r.decoded())
}

// weightOf is the weight of a reply: one with many ranges counts as several.
func weightOf(reply *transhipv1.UploadResponse) int {
	ranges := len(reply.GetBegun().GetDurable()) + len(reply.GetProgress().GetNewlyDurable()) + len(reply.GetFinished().GetDurable())
	return 1 + ranges/16
}

// quiet reports whether nothing was sent since the last call.
func (r *replies) quiet() bool { return !r.spoken.Swap(false) }

// close makes send return once all replies are sent.
func (r *replies) close() {
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	signal(r.wake)
}

// waiting is the weight of the replies that have not been handed to the transport.
func (r *replies) waiting() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.weight
}

// held is roughly how many bytes they take.
func (r *replies) held() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.bytes
}

// full reports whether at least so many replies of usual size wait, or so many bytes.
func (r *replies) full(weight, bytes int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.weight >= weight || r.bytes >= bytes
}

// take takes the oldest reply; nil when none waits.
func (r *replies) take() (oldest *reply, closed bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.queue) == 0 {
		return nil, r.closed
	}
	oldest = r.queue[0]
	r.sign = r.sign && !oldest.isSign
	r.queue[0] = nil
	r.queue = r.queue[1:]
	r.countLocked(oldest, -1)
	if progress := oldest.message.GetProgress(); progress != nil {
		delete(r.progress, progress.GetSlot())
	}
	return oldest, false
}

// send sends replies, one after the other, until close is called and all are sent, or until
// that fails.
func (r *replies) send(stream payload.Sender) error {
	for {
		oldest, closed := r.take()
		switch {
		case oldest != nil:
			if err := oldest.send(stream); err != nil {
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
