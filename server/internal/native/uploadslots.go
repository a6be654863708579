package native

import (
	"context"
	"fmt"
	"maps"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/failure"
	"github.com/tranship/tranship/internal/rpcstatus"
	"github.com/tranship/tranship/internal/wire"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

func (u *uploadStream) begin(begin *transhipv1.Begin) error {
	id := begin.GetSlot()
	if open, ok := u.slots[id]; ok && !open.ended() {
		return u.again(id, refusedBegin(begin, nil))
	}
	// While the server drains, a file under way may still get writers that join.
	isNew := begin.GetMode() != transhipv1.Begin_MODE_JOIN
	if err := u.admit(id, isNew); err != nil {
		return u.reject(id, refusedBegin(begin, err))
	}
	if u.unfinished() >= wire.MaxUnfinishedSlots {
		return u.reject(id, refusedBegin(begin, &tranship.LimitError{
			Limit:   tranship.LimitSlots,
			Allowed: wire.MaxUnfinishedSlots,
			Rule:    fmt.Sprintf("at most %d unfinished slots on a stream", wire.MaxUnfinishedSlots),
		}))
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

// put admits a small file. It is stored together with others that have arrived.
func (u *uploadStream) put(request *transhipv1.Put, next received) (err error) {
	taken := false
	defer func() {
		if !taken {
			u.free(next)
		}
	}()
	id := request.GetSlot()
	if open, ok := u.slots[id]; ok && !open.ended() {
		u.startPuts() // again may wait
		return u.again(id, Refusal{Action: "put", Path: request.GetPath()})
	}
	if err := u.admit(id, true); err != nil {
		return u.reject(id, Refusal{Action: "put", Path: request.GetPath(), Err: err})
	}
	size := int64(next.data.Len())
	if size > tranship.MaxPutBytes {
		err := failure.PutTooLarge(request.GetPath(), size)
		return u.reject(id, Refusal{Action: "put", Path: request.GetPath(), Err: err})
	}
	if !u.workers.TryAcquire(1) {
		u.startPuts() // their end makes room
		if err := u.workers.Acquire(u.ctx, 1); err != nil {
			return err
		}
	}
	taken = true
	u.arrivedPuts = append(u.arrivedPuts, put{request: request, data: next.data, held: next.held})
	return nil
}

// again fails an open slot that the client has begun a second time; refusal is the second
// begin.
func (u *uploadStream) again(id uint64, refusal Refusal) error {
	refusal.Err = slotError("slot %d was begun twice", id)
	u.service.refused(u.ctx, refusal)
	return u.end(id, event{err: refusal.Err, told: true})
}

// admit checks the number of a new slot, and whether the stream takes more slots. isNew
// says that the slot is for a file that is not under way yet.
func (u *uploadStream) admit(id uint64, isNew bool) error {
	if id <= u.last {
		return slotError("slot %d is not greater than %d, the one before it", id, u.last)
	}
	u.last = id
	if isNew && u.service.isDraining() {
		return errDraining
	}
	if u.replies.full(wire.MaxQueuedReplies, u.service.Options.Memory.RepliesOfStream()) {
		return errUnread
	}
	return nil
}

// reject fails a slot that is not open. The stream of a client that reads no replies
// fails before too many of them wait.
func (u *uploadStream) reject(id uint64, refusal Refusal) error {
	if u.replies.full(2*wire.MaxQueuedReplies, 2*u.service.Options.Memory.RepliesOfStream()) {
		return errUnread
	}
	u.service.refused(u.ctx, refusal)
	u.replies.failed(id, rpcstatus.Proto(refusal.Err))
	return nil
}

// chunk hands a chunk to its slot.
func (u *uploadStream) chunk(chunk *transhipv1.Chunk, next received) error {
	open, err := u.open(chunk.GetSlot(), "chunk")
	if open == nil {
		u.free(next)
		return err
	}
	size := int64(next.data.Len())
	if next.arrival != nil {
		size = next.arrival.size
	}
	if size > wire.MaxChunkBytes {
		u.free(next)
		limit := &tranship.LimitError{
			Limit:   tranship.LimitChunkBytes,
			Allowed: wire.MaxChunkBytes,
			Asked:   size,
			Rule:    fmt.Sprintf("a chunk carries at most %d bytes, not %d", wire.MaxChunkBytes, size),
		}
		return u.end(chunk.GetSlot(), event{err: limit})
	}
	if next.arrival != nil {
		u.dropChunk(next.chunk) // its payload is held when it comes
		open.deliver(event{arrival: next.arrival})
		return nil
	}
	open.received.Add(size)
	open.deliver(event{chunk: chunk, data: next.data, held: next.chunk})
	return nil
}

func (u *uploadStream) copyPart(request *transhipv1.CopyPart) error {
	open, err := u.open(request.GetSlot(), "copy_part")
	if open != nil {
		open.deliver(event{copyPart: request})
	}
	return err
}

// zeros hands a run of zeros to its slot. Only a run that the slot can write counts.
func (u *uploadStream) zeros(zeros *transhipv1.Zeros) error {
	open, err := u.open(zeros.GetSlot(), "zeros")
	if open != nil {
		open.deliver(event{zeros: zeros})
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

// open finds an open slot. It returns nil for a slot that has ended: messages that still
// arrive for it are dropped. A slot that was never begun fails.
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

// unfinished returns the number of open slots, and forgets slots that have ended.
func (u *uploadStream) unfinished() int {
	for _, open := range u.slots {
		if open.ended() {
			u.forget(open)
		}
	}
	return len(u.slots)
}

// forget removes a slot that has ended.
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

// leave keeps a slot whose finish has failed.
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
