package native

import (
	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/rpcstatus"
	"github.com/tranship/tranship/internal/wire"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// sendChunk sends bytes, and releases them when the transport has written them.
func (d *downloadStream) sendChunk(slot uint64, offset int64, data tranship.Chunk) error {
	d.sendMu.Lock()
	defer d.sendMu.Unlock()
	d.spoken.Store(true)
	return d.sendChunkLocked(slot, offset, data)
}

func (d *downloadStream) sendChunkLocked(slot uint64, offset int64, data tranship.Chunk) error {
	message := wire.NewDownloadResponse(&transhipv1.DownloadResponse{Response: &transhipv1.DownloadResponse_Chunk{
		Chunk: &transhipv1.Chunk{Slot: slot, Offset: &offset, Crc32C: &data.CRC32C},
	}})
	message.SetChunk(data)
	return message.Send(d.stream)
}

// fail sends the terminal reply of a slot that did not succeed. When that fails,
// the stream has failed.
func (d *downloadStream) fail(slot uint64, err error) {
	failed := &transhipv1.Failed{Slot: slot, Status: rpcstatus.Proto(err)}
	_ = d.send(&transhipv1.DownloadResponse{Response: &transhipv1.DownloadResponse_Failed{Failed: failed}})
}

func (d *downloadStream) send(response *transhipv1.DownloadResponse) error {
	d.sendMu.Lock()
	defer d.sendMu.Unlock()
	d.spoken.Store(true)
	return d.stream.Send(response)
}
