package payload_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/proto"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/bufferpool"
	"github.com/tranship/tranship/internal/payload"
	"github.com/tranship/tranship/proto/filetransfer"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// stream receives data once, as gRPC does: the codec may use the data only while it
// decodes.
type stream struct {
	codec encoding.CodecV2
	data  mem.BufferSlice
}

func (s stream) RecvMsg(m any) error {
	defer s.data.Free()
	return s.codec.Unmarshal(s.data, m)
}

// TestRelease checks that a chunk is released exactly once, when its message has been
// sent, however many pieces it has.
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
		m.SetChunk(tranship.NewChunk(pieces, 0, func() { released++ }))
		encoded, err := payload.Codec{}.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		m.Free() // does nothing: Send has freed the payload
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

// TestNoPlace checks that sending a payload in a message that has no field for it fails.
func TestNoPlace(t *testing.T) {
	m := payload.New(&transhipv1.UploadRequest{}, payload.Place{Outer: 2, Data: 3})
	m.SetChunk(tranship.NewChunk([][]byte{make([]byte, 2000)}, 0, nil))
	for name, codec := range codecs() {
		if _, err := codec.Marshal(m); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// countingPool counts the buffers that are in use.
type countingPool struct{ live int }

func (p *countingPool) Get(length int) *[]byte { p.live++; return new(make([]byte, length)) }
func (p *countingPool) Put(*[]byte)            { p.live-- }

// TestNext splits a payload into chunks, and checks that released chunks free their
// buffers.
func TestNext(t *testing.T) {
	data := bytes.Repeat([]byte("0123456789abcdef"), 1000)
	encoded, err := proto.Marshal(&filetransfer.Chunk{Data: data})
	if err != nil {
		t.Fatal(err)
	}
	for _, most := range []int{1, 100, 2000, 2001, 5000, len(data), len(data) + 1} {
		var pool countingPool
		var frames mem.BufferSlice
		for frame := range slices.Chunk(encoded, 2000) {
			frames = append(frames, mem.Copy(frame, &pool))
		}
		m := payload.New(&filetransfer.Chunk{}, payload.Place{Data: 1})
		if err := m.Receive(stream{codec: payload.Codec{}, data: frames}); err != nil {
			t.Fatal(err)
		}
		var got []byte
		for len(got) < len(data) {
			before := len(got)
			next := m.Next(most)
			for _, piece := range next.Pieces {
				got = append(got, piece...)
			}
			if n := len(got) - before; n != min(most, len(data)-before) || next.CRC32C != tranship.CRC32C(got[before:]) {
				t.Fatalf("at %d: %d bytes with %08x, of at most %d", before, n, next.CRC32C, most)
			}
			next.Release()
			if most := (len(data)-len(got))/2000 + 2; pool.live > most {
				t.Fatalf("%d of %d bytes remain in %d buffers", m.Len(), len(data), pool.live)
			}
		}
		if !bytes.Equal(got, data) || m.Len() != 0 || pool.live != 0 {
			t.Errorf("by %d: %d bytes, %d left, %d buffers are in use", most, len(got), m.Len(), pool.live)
		}
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
	m.SetChunk(tranship.NewChunk([][]byte{make([]byte, 256<<10)}, 0, nil))
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

// BenchmarkEncodeStock encodes with gRPC's own codec, which should copy the payload once.
func BenchmarkEncodeStock(b *testing.B) {
	m := payload.New(&filetransfer.Chunk{}, payload.Place{Data: 1})
	m.SetChunk(tranship.NewChunk([][]byte{make([]byte, 1<<20)}, 0, nil))
	codec := encoding.GetCodecV2("proto")
	b.SetBytes(1 << 20)
	b.ReportAllocs()
	for b.Loop() {
		encoded, err := codec.Marshal(m)
		if err != nil {
			b.Fatal(err)
		}
		encoded.Free()
	}
}
