package grpcadmission

import (
	"testing"

	"google.golang.org/grpc/mem"

	"github.com/tranship/tranship/internal/bufferpool"
	"github.com/tranship/tranship/internal/payload"
	"github.com/tranship/tranship/internal/wire"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// TestPayloadLen checks that the content of files counts in every form in which it is sent.
func TestPayloadLen(t *testing.T) {
	reply := &transhipv1.DownloadResponse{Response: &transhipv1.DownloadResponse_Chunk{Chunk: &transhipv1.Chunk{}}}
	message := wire.NewDownloadResponse(reply)
	message.Data = mem.BufferSlice{mem.SliceBuffer(make([]byte, 10))}
	encoder := payload.NewEncoder(&bufferpool.Pool{}, 100, 1)
	if err := encoder.Add(reply, 10); err != nil {
		t.Fatal(err)
	}
	encoded := encoder.Messages((*transhipv1.DownloadResponse)(nil))
	defer encoded.Free()
	for message, want := range map[any]int64{message: 10, &encoded[0]: 10, reply: 0} {
		if got := payloadLen(message); got != want {
			t.Errorf("%T: %d bytes, want %d", message, got, want)
		}
	}
}
