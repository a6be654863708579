package client

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/rpcstatus"
	"github.com/tranship/tranship/internal/wire"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

func (u *uploadStream) receive() {
	var idle wire.Idle
	response := &transhipv1.UploadResponse{} // the slots keep nothing of a finished
	message := wire.NewQuickUploadResponse(response)
	for {
		err := receiveMessage(u.stream, message)
		if err == nil {
			err = u.handleCounted(response, &idle)
		}
		if err != nil {
			u.end(err)
			return
		}
	}
}

// handleCounted handles a reply. It fails if there were too many in a row that no slot could
// use.
func (u *uploadStream) handleCounted(response *transhipv1.UploadResponse, idle *wire.Idle) error {
	useful, err := u.handle(response)
	if err != nil {
		return err
	}
	return idle.Count(useful)
}

// handle passes a reply to its slot, and reports whether a slot could use it. An error
// means that the server broke the protocol.
func (u *uploadStream) handle(response *transhipv1.UploadResponse) (useful bool, err error) {
	switch reply := response.GetResponse().(type) {
	case *transhipv1.UploadResponse_Begun:
		found, err := u.find(reply.Begun.GetSlot())
		if found == nil {
			return false, err
		}
		if u.observer != nil {
			u.observer.begun(reply.Begun, time.Since(found.opened))
		}
		select {
		case found.begun <- reply.Begun:
		default:
		}
	case *transhipv1.UploadResponse_Progress:
		if err := wire.CheckRanges(reply.Progress.GetNewlyDurable()); err != nil {
			return false, err
		}
		if _, err := u.find(reply.Progress.GetSlot()); err != nil {
			return false, err
		}
		if u.observer != nil {
			u.observer.progressed(reply.Progress)
		}
	case *transhipv1.UploadResponse_Finished:
		if _, err := u.find(reply.Finished.GetSlot()); err != nil {
			return false, err
		}
		found := u.remove(reply.Finished.GetSlot())
		if found == nil {
			return false, nil
		}
		found.finish(reply.Finished)
		found.end()
	case *transhipv1.UploadResponse_Failed:
		if _, err := u.find(reply.Failed.GetSlot()); err != nil {
			return false, err
		}
		found := u.remove(reply.Failed.GetSlot())
		if found == nil {
			return false, nil
		}
		found.err = rpcstatus.FromProto(reply.Failed.GetStatus())
		found.end()
	case *transhipv1.UploadResponse_KeepAlive:
		u.requestAnswer()
		if reply.KeepAlive.StarvedAfter == nil || reply.KeepAlive.GetStarvedAfter() >= u.sent.Load() {
			u.noteHeard()
			u.heardAlive()
		} // else the server is alive, but what was sent does not reach it
		return false, nil
	default:
		return false, nil // of a later protocol
	}
	return true, nil
}

// noteHeard records that a reply came.
func (u *uploadStream) noteHeard() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.heard = time.Now()
}

// find returns the slot of a reply, nil if it has ended. It fails if no slot of that number
// was ever opened.
func (u *uploadStream) find(id uint64) (*slot, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.heard = time.Now()
	return u.slots[id], checkSlot(id, u.last)
}

// checkSlot fails if no slot with the number id was opened. last is the greatest number of
// a slot that was.
func checkSlot(id, last uint64) error {
	if id == 0 || id > last {
		return fmt.Errorf("%w: the server answered slot %d, which was not begun", tranship.ErrIntegrity, id)
	}
	return nil
}

// remove removes a slot that has ended, and returns it; nil if there is none.
func (u *uploadStream) remove(id uint64) *slot {
	u.mu.Lock()
	defer u.mu.Unlock()
	found := u.slots[id]
	if found != nil {
		delete(u.slots, id)
		<-found.places()
	}
	return found
}

// end ends the stream, and all slots in use fail.
func (u *uploadStream) end(err error) {
	u.cancel()
	if errors.Is(err, io.EOF) {
		err = errStreamEnded
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.err, u.stale = rpcstatus.FromError(err), isStale(err)
	if u.closed != nil {
		u.err = u.closed
	}
	close(u.done)
	for id, open := range u.slots {
		delete(u.slots, id)
		open.err = u.err
		open.end()
	}
}
