package native

import (
	"fmt"

	"google.golang.org/grpc/mem"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/payload"
	"github.com/tranship/tranship/internal/rpcstatus"
	"github.com/tranship/tranship/internal/wire"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// encodePutReplies encodes the replies of the puts of a batch in one buffer.
func encodePutReplies(buffers mem.BufferPool, batch []put, results []tranship.PutResult) payload.EncodedMessages {
	room := 0
	for i := range results {
		room += sizeOfReplies(results[i].File)
	}
	encoder := payload.NewEncoder(buffers, room, len(batch))
	file := &transhipv1.File{}
	finished := &transhipv1.Finished{File: file}
	reply := finishedResponse(finished)
	for i, p := range batch {
		err := results[i].Err
		finished.Slot = p.request.GetSlot()
		if err == nil {
			wire.SetFile(file, results[i].File)
			if err = encoder.Add(reply, 0); err == nil {
				continue
			}
			err = fmt.Errorf("the description of %s cannot be encoded: %w", p.request.GetPath(), err)
		}
		// A status has valid strings only, so that it has an encoding.
		_ = encoder.Add(failedResponse(finished.GetSlot(), rpcstatus.Proto(err)), 0)
	}
	return encoder.Messages((*transhipv1.UploadResponse)(nil))
}
