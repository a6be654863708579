package native

import (
	"context"
	"sync"

	"github.com/tranship/tranship/internal/payload"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

const (
	// inboxMessages is how many messages may wait in an inbox.
	inboxMessages = 64
	// inboxBytes is how many bytes they may take beside payload that the stream holds,
	// unless only one waits.
	inboxBytes = 4 * maxEnvelope
)

// received is a message or the error that ended receiving.
type received struct {
	request *transhipv1.UploadRequest
	// data is the payload of a chunk or put, which is not in the request. The function
	// that takes it frees it.
	data *payload.Message
	// envelope is the size of the message without its payload.
	envelope int
	// held is how many bytes of the payload the stream holds; the function that frees the
	// payload drops them. It is the size of the payload, or 0 if that is too large.
	held int64
	// chunk is the payload of a chunk that the stream holds; nil for all other messages.
	chunk *chunkPayload
	// arrival is a chunk whose payload was not received yet; nil for all other messages. The
	// function that takes it lets a slot take it, or rejects it.
	arrival *arrival
	err     error
}

// loose is how many bytes the message takes that the stream does not hold.
func (r received) loose() int { return r.envelope + r.data.Len() - int(r.held) }

// inbox has the messages that one goroutine has received and another has not yet handled.
type inbox struct {
	// ready signals that messages wait, and room that they were taken. Each has room for
	// one signal.
	ready, room chan struct{}

	mu       sync.Mutex
	messages []received
	loose    int
	// spare is a slice that take may return later.
	spare  []received
	closed bool
}

func newInbox() *inbox {
	return &inbox{ready: make(chan struct{}, 1), room: make(chan struct{}, 1)}
}

// add adds a message. It waits for room, and returns false if ctx ends meanwhile, or if the
// inbox is closed.
func (i *inbox) add(ctx context.Context, message received) bool {
	size := message.loose()
	i.mu.Lock()
	for !i.closed && (len(i.messages) >= inboxMessages || len(i.messages) > 0 && i.loose+size > inboxBytes) {
		i.mu.Unlock()
		select {
		case <-i.room:
		case <-ctx.Done():
			return false
		}
		i.mu.Lock()
	}
	if i.closed {
		i.mu.Unlock()
		return false
	}
	i.messages = append(i.messages, message)
	i.loose += size
	first := len(i.messages) == 1
	i.mu.Unlock()
	if first {
		signal(i.ready)
	}
	return true
}

// take returns all messages that wait. The caller must give the slice back with done.
func (i *inbox) take() []received {
	i.mu.Lock()
	taken := i.messages
	i.messages, i.spare, i.loose = i.spare, nil, 0
	i.mu.Unlock()
	signal(i.room)
	return taken
}

// done gives back a slice of take, of which the last messages, rest, were not handled: they
// wait again, before all others.
func (i *inbox) done(taken, rest []received) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if len(rest) > 0 {
		i.messages = append(append([]received(nil), rest...), i.messages...)
		for _, message := range rest {
			i.loose += message.loose()
		}
		signal(i.ready)
	}
	clear(taken)
	i.spare = taken[:0]
}

// close makes the inbox take no more messages. It returns those that wait, which the caller
// must free.
func (i *inbox) close() []received {
	i.mu.Lock()
	i.closed = true
	i.mu.Unlock()
	return i.take()
}

// signal sends a signal to a channel with room for one.
func signal(to chan<- struct{}) {
	select {
	case to <- struct{}{}:
	default:
	}
}
