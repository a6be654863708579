package payload_test

import (
	"errors"
	"testing"

	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/mem"

	"github.com/tranship/tranship/internal/bufferpool"
	"github.com/tranship/tranship/internal/chunk"
	"github.com/tranship/tranship/internal/payload"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// stream receives data once, as gRPC does: the codec has it only while it decodes.
type stream struct {
	codec encoding.CodecV2
	data  mem.BufferSlice
}

func (s stream) RecvMsg(m any) error {
	defer s.data.Free()
	return s.codec.Unmarshal(s.data, m)
}

// TestRelease checks that a chunk is released exactly once, when its message has been
// sent, whatever pieces it has.
func TestRelease(t *testing.T) {
	for _, sizes := range [][]int{{}, {10}, {5000}, {10, 5000, 1024, 1025, 7}} {
		released := 0
		var pieces [][]byte
		for _, size := range sizes {
			pieces = append(pieces, make([]byte, size))
		}
		m := payload.New(
			&transhipv1.UploadRequest{Request: &transhipv1.UploadRequest_Chunk{Chunk: &transhipv1.Chunk{}}}, payload.Place{Outer: 2, Data: 3},
		)
		m.SetChunk(chunk.New(pieces, 0, func() { released++ }))
		encoded, err := payload.Codec{}.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		m.Free() // has given its payload away
		encoded.Ref()
		encoded.Free()
		if len(sizes) == 1 && sizes[0] == 5000 && released != 0 {
			t.Error("released while gRPC has it")
		}
		encoded.Free()
		if released != 1 {
			t.Errorf("sizes %v: released %d times", sizes, released)
		}
	}
}

// TestNoPlace checks that a payload is never lost in a message that has no place for
// it.
func TestNoPlace(t *testing.T) {
	m := payload.New(&transhipv1.UploadRequest{}, payload.Place{Outer: 2, Data: 3})
	m.SetChunk(chunk.New([][]byte{make([]byte, 2000)}, 0, nil))
	if _, err := (payload.Codec{}).Marshal(m); err == nil {
		t.Error("no error")
	}
}

func TestMalformed(t *testing.T) {
	m := payload.New(&transhipv1.UploadRequest{}, payload.Place{Outer: 2, Data: 3})
	err := m.Receive(stream{codec: payload.Codec{}, data: mem.BufferSlice{mem.SliceBuffer("\xff\xff")}})
	if _, ok := errors.AsType[*payload.MalformedError](err); !ok {
		t.Errorf("error is %v", err)
	}
}

func BenchmarkDecode(b *testing.B) {
	m := payload.New(
		&transhipv1.UploadRequest{Request: &transhipv1.UploadRequest_Chunk{Chunk: &transhipv1.Chunk{
			Slot: 5, Offset: new(int64(1 << 30)), Crc32C: new(uint32(1)),
		}}}, payload.Place{Outer: 2, Data: 3},
	)
	m.SetChunk(chunk.New([][]byte{make([]byte, 256<<10)}, 0, nil))
	encoded, err := payload.Codec{}.Marshal(m)
	if err != nil {
		b.Fatal(err)
	}
	var pool bufferpool.Pool
	var frames mem.BufferSlice
	for data := encoded.Materialize(); len(data) > 0; data = data[min(len(data), 16<<10):] {
		frames = append(frames, mem.Copy(data[:min(len(data), 16<<10)], &pool))
	}
	b.SetBytes(256 << 10)
	b.ReportAllocs()
	for b.Loop() {
		m := payload.New(&transhipv1.UploadRequest{}, payload.Place{Outer: 2, Data: 3})
		if err := (payload.Codec{}).Unmarshal(frames, m); err != nil {
			b.Fatal(err)
		}
		m.Free()
	}
}
