package client

import (
	"github.com/tranship/tranship/internal/payload"
	"github.com/tranship/tranship/internal/rpcstatus"
	"github.com/tranship/tranship/internal/wire"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

func (d *downloadStream) receive() {
	var idle wire.Idle
	response := &transhipv1.DownloadResponse{} // the slots keep nothing of it
	data := wire.NewQuickDownloadResponse(response)
	for {
		err := receiveMessage(d.stream, data)
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
	d.err, d.repeatable = streamError(err), isRepeatable(err)
	if d.closed != nil {
		d.err = d.closed
	}
	close(d.done)
	for id, slot := range d.slots {
		delete(d.slots, id)
		if !slot.dropped {
			slot.dropped = true
			slot.end(d.err)
		}
	}
}

// handleCounted handles a reply. It fails if there were too many in a row without content.
func (d *downloadStream) handleCounted(response *transhipv1.DownloadResponse, data *payload.Message, idle *wire.Idle) error {
	d.handling.Lock()
	defer d.handling.Unlock()
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
	slot, dropped, err := d.find(id)
	if slot == nil {
		return false, err
	}
	switch reply := response.GetResponse().(type) {
	case *transhipv1.DownloadResponse_Done:
		if d.remove(slot) {
			slot.end(slot.finish(reply.Done))
		}
		return true, nil
	case *transhipv1.DownloadResponse_Failed:
		if d.remove(slot) {
			slot.end(rpcstatus.FromProto(reply.Failed.GetStatus()))
		}
		return true, nil
	}
	if !dropped {
		if err := slot.take(response, data); err != nil {
			d.endSlot(slot, err)
		}
	}
	// Empty chunks do not count as useful, because the protocol does not limit them.
	return data.Len() > 0 || response.GetChunk() == nil, nil
}

// find returns the slot of a reply, nil if it has ended, and whether its replies are dropped.
// It fails if no slot of that number was ever opened.
func (d *downloadStream) find(id uint64) (slot *downloadSlot, dropped bool, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if slot = d.slots[id]; slot == nil {
		return nil, false, checkSlot(id, d.last)
	}
	return slot, slot.dropped, nil
}

// remove removes a slot, which has its terminal reply, and reports whether an operation waits
// for it.
func (d *downloadStream) remove(slot *downloadSlot) bool {
	d.mu.Lock()
	delete(d.slots, slot.id)
	dropped := slot.dropped
	slot.dropped = true
	d.mu.Unlock()
	<-d.unanswered
	return !dropped
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
