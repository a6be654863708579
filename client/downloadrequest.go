package client

import (
	"cmp"
	"errors"
	"fmt"
	"io"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/payload"
	"github.com/tranship/tranship/internal/rpcstatus"
	"github.com/tranship/tranship/internal/wire"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// downloadRequest is a request of a slot that transmit has to send.
type downloadRequest struct {
	id uint64
	// open is the slot that the request opens; nil cancels it.
	open *downloadSlot
}

// maxRequests is how many requests can wait while the server keeps to the protocol. Each of
// MaxAwaitedFiles can have an open and a cancel, and as many slots can have ended before
// their cancel was sent.
const maxRequests = 3 * wire.MaxAwaitedFiles

// enqueueLocked hands a request to transmit, under mu so that slots are sent in ascending
// order. It never blocks.
func (d *downloadStream) enqueueLocked(request downloadRequest) {
	if len(d.requests) == maxRequests {
		d.closed = cmp.Or(d.closed, fmt.Errorf("%w: the server ended files that the client had not requested yet", tranship.ErrIntegrity))
		d.cancel()
		return
	}
	d.requests = append(d.requests, request)
	select {
	case d.ready <- struct{}{}:
	default:
	}
}

func (d *downloadStream) transmit() {
	spoken := false // since the last answer was due
	var taken []downloadRequest
	for {
		var err error
		select {
		case <-d.ready:
			d.mu.Lock()
			d.requests, taken = taken[:0], d.requests
			d.mu.Unlock()
			err = d.sendRequests(taken)
			clear(taken)
			spoken = true
		case <-d.answer:
			if !spoken {
				err = d.stream.Send(downloadKeepAlive())
			}
			spoken = false
		case <-d.done:
			return
		}
		if err != nil {
			// After io.EOF, the receiving goroutine gets the real error.
			if !errors.Is(err, io.EOF) {
				d.mu.Lock()
				d.closed = cmp.Or(d.closed, rpcstatus.FromError(err))
				d.mu.Unlock()
				d.cancel()
			}
			return
		}
	}
}

// sendRequests encodes requests in one buffer, and sends them.
func (d *downloadStream) sendRequests(requests []downloadRequest) error {
	const envelope = 64 // of a request: all fields but the path and version
	room := 0
	for _, request := range requests {
		room += envelope
		if request.open != nil {
			room += len(request.open.path) + len(request.open.options.Version)
		}
	}
	encoder := payload.NewEncoder(&d.buffers, room, len(requests))
	open, cancel := &transhipv1.Open{}, &transhipv1.Cancel{}
	opens := &transhipv1.DownloadRequest{Request: &transhipv1.DownloadRequest_Open{Open: open}}
	cancels := &transhipv1.DownloadRequest{Request: &transhipv1.DownloadRequest_Cancel{Cancel: cancel}}
	for _, request := range requests {
		message := cancels
		cancel.Slot = request.id
		if request.open != nil {
			message = opens
			request.open.describe(open)
		}
		if err := encoder.Add(message, 0); err != nil {
			encoder.Free()
			return errUnencodable(err)
		}
	}
	return encoder.Messages((*transhipv1.DownloadRequest)(nil)).Send(d.stream)
}
