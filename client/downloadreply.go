package client

import (
	"github.com/tranship/tranship/internal/payload"
	"github.com/tranship/tranship/internal/rpcstatus"
	"github.com/tranship/tranship/internal/wire"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

func (d *downloadStream) receive() {
	var idle wire.Idle
	for {
		response, data, err := receive(d.stream)
		if err == nil {
			err = d.handleCounted(response, data, &idle)
		}
		data.Free()
		if err != nil {
			d.fail(err)
			return
		}
	}
}

// fail ends the stream and all slots in use.
func (d *downloadStream) fail(err error) {
	d.cancel()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.err, d.renewed = streamError(err), isRenewed(err)
	if d.closed != nil {
		d.err = d.closed
	}
	close(d.done)
	for id, slot := range d.slots {
		delete(d.slots, id)
		if !slot.ended {
			slot.ended, slot.err = true, d.err
			close(slot.done)
		}
	}
}

// handleCounted handles a reply. It fails if there were too many in a row without content.
func (d *downloadStream) handleCounted(response *transhipv1.DownloadResponse, data *payload.Message, idle *wire.Idle) error {
	if response.GetKeepAlive() != nil {
		d.heardAlive()
		return idle.Useless()
	}
	useful, err := d.handle(response, data)
	if err != nil {
		return err
	}
	return idle.Count(useful)
}

// handle passes a reply to its slot. It reports whether the reply had a slot and was not
// an empty chunk. An error means that the server broke the protocol.
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
		d.dispatch(reply.Opened.GetSlot(), func(slot *downloadSlot) error { return slot.open(reply.Opened) })
	case *transhipv1.DownloadResponse_Chunk:
		d.dispatch(reply.Chunk.GetSlot(), func(slot *downloadSlot) error { return slot.chunk(reply.Chunk, data) })
	case *transhipv1.DownloadResponse_Zeros:
		d.dispatch(id, (*downloadSlot).zeros)
	case *transhipv1.DownloadResponse_Done:
		d.finish(reply.Done.GetSlot(), func(slot *downloadSlot) error { return slot.finish(reply.Done) })
	case *transhipv1.DownloadResponse_Failed:
		d.finish(reply.Failed.GetSlot(), func(*downloadSlot) error { return rpcstatus.FromProto(reply.Failed.GetStatus()) })
	}
	// Empty chunks do not count as useful, because the protocol does not limit them.
	return data.Len() > 0 || response.GetChunk() == nil, nil
}

// slotOf returns the slot of a reply; known is false for a reply of an unknown kind.
func slotOf(response *transhipv1.DownloadResponse) (id uint64, known bool) {
	switch reply := response.GetResponse().(type) {
	case *transhipv1.DownloadResponse_Opened:
		return reply.Opened.GetSlot(), true
	case *transhipv1.DownloadResponse_Chunk:
		return reply.Chunk.GetSlot(), true
	case *transhipv1.DownloadResponse_Zeros:
		return reply.Zeros.GetSlot(), true
	case *transhipv1.DownloadResponse_Done:
		return reply.Done.GetSlot(), true
	case *transhipv1.DownloadResponse_Failed:
		return reply.Failed.GetSlot(), true
	}
	return 0, false
}

// dispatch calls take with a slot that has not ended. If take fails, the slot has failed.
func (d *downloadStream) dispatch(id uint64, take func(*downloadSlot) error) {
	d.mu.Lock()
	slot := d.slots[id]
	ended := slot == nil || slot.ended
	d.mu.Unlock()
	if ended {
		return
	}
	if err := take(slot); err != nil {
		d.endSlot(id, slot, err)
	}
}

// finish ends a slot with its terminal reply.
func (d *downloadStream) finish(id uint64, take func(*downloadSlot) error) {
	d.mu.Lock()
	slot := d.slots[id]
	if slot == nil {
		d.mu.Unlock()
		return
	}
	delete(d.slots, id)
	ended := slot.ended
	slot.ended = true
	d.mu.Unlock()
	<-d.unanswered
	if ended {
		return
	}
	slot.err = take(slot)
	close(slot.done)
}
