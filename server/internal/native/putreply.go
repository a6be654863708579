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
	for i, p := range batch {
		slot, err := p.request.GetSlot(), results[i].Err
		if err == nil {
			longer, ok := wire.AppendFinished(encoder.Buffer(), slot, results[i].File)
			if ok {
				encoder.Added(longer, 0)
				continue
			}
			finished := &transhipv1.Finished{Slot: slot, File: wire.FileToProto(results[i].File)}
			if err = encoder.Add(finishedResponse(finished), 0); err == nil {
				continue
			}
			err = fmt.Errorf("the description of %s cannot be encoded: %w", p.request.GetPath(), err)
		}
		// A status has valid strings only, so that it has an encoding.
		_ = encoder.Add(failedResponse(slot, rpcstatus.Proto(err)), 0)
	}
	return encoder.Messages((*transhipv1.UploadResponse)(nil))
}
