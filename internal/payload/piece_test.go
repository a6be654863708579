package payload_test

import (
	"bytes"
	"testing"

	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/tranship/tranship/internal/payload"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// place is that of the data of a chunk.
var place = payload.Place{Outer: 2, Data: 3}

// pieceBytes is how many bytes of a payload come at once.
const pieceBytes = 512 << 10

// headBytes is how many bytes a transport has when it begins a message.
const headBytes = 64

// pieces is a stream with one message, which it delivers in pieces if that is possible.
type pieces struct {
	encoded []byte
	begun   bool
}

func (p *pieces) RecvMsg(message any) error {
	m := message.(*payload.Message)
	if p.begun {
		n := m.NextBytes()
		m.Add(mem.SliceBuffer(p.encoded[:n]))
		p.encoded = p.encoded[n:]
		return nil
	}
	if len(p.encoded) >= headBytes {
		if start, ok := m.Begin(p.encoded[:headBytes], len(p.encoded)); ok {
			p.encoded, p.begun = p.encoded[start:], true
			return nil
		}
	}
	return receivedMessage{p.encoded}.RecvMsg(message)
}

// receivePieces receives an encoded message, and returns the whole payload.
func receivePieces(encoded []byte) (m *payload.Message, begun bool, data []byte, err error) {
	m = payload.New(&transhipv1.UploadRequest{}, place)
	m.InPieces(place, pieceBytes)
	stream := &pieces{encoded: encoded}
	err = m.Receive(stream)
	data = bytes.Clone(m.Bytes())
	for err == nil && m.Left() > 0 {
		if err = m.ReceiveMore(stream); err == nil {
			data = append(data, m.Bytes()...)
		}
	}
	return m, stream.begun, data, err
}

func chunkOf(size int, crc *uint32) *transhipv1.UploadRequest {
	return &transhipv1.UploadRequest{Request: &transhipv1.UploadRequest_Chunk{Chunk: &transhipv1.Chunk{
		Slot: 1 << 60, Offset: new(int64(1 << 60)), Data: bytes.Repeat([]byte("x"), size), Crc32C: crc,
	}}}
}

// outer returns a request with a chunk of encoded fields.
func outer(fields ...[]byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(nil, place.Outer, protowire.BytesType), bytes.Join(fields, nil))
}

// A message that arrives in pieces is the same as one that arrives as a whole.
func TestPieces(t *testing.T) {
	for _, size := range []int{100, pieceBytes - 1, pieceBytes, pieceBytes + 1, 3*pieceBytes + 7} {
		for _, crc := range []*uint32{nil, new(uint32(7))} {
			want := chunkOf(size, crc)
			encoded, err := proto.Marshal(want)
			if err != nil {
				t.Fatal(err)
			}
			m, begun, data, err := receivePieces(encoded)
			if err != nil || !begun || !bytes.Equal(data, want.GetChunk().GetData()) {
				t.Errorf("%d bytes: in pieces: %v; %d bytes came: %v", size, begun, len(data), err)
			}
			if got := m.Envelope(); got != len(encoded)-size {
				t.Errorf("%d bytes: the envelope has %d bytes of %d", size, got, len(encoded)-size)
			}
			want.GetChunk().Data = nil
			if got := m.Proto.(*transhipv1.UploadRequest); !proto.Equal(got, want) {
				t.Errorf("%d bytes: %v became %v", size, want, got)
			}
		}
	}
}

// Fields after the payload may be unknown, but must not change what preceded it.
func TestTail(t *testing.T) {
	slot := protowire.AppendVarint(protowire.AppendTag(nil, 1, protowire.VarintType), 5)
	data := protowire.AppendBytes(protowire.AppendTag(nil, place.Data, protowire.BytesType), make([]byte, 1000))
	unknown := protowire.AppendVarint(protowire.AppendTag(nil, 100, protowire.VarintType), 5)
	for name, test := range map[string]struct {
		encoded       []byte
		inPieces, bad bool
	}{
		"none":                 {outer(slot, data), true, false},
		"unknown":              {outer(slot, data, unknown), true, false},
		"another slot":         {outer(slot, data, slot), true, true},
		"other data":           {outer(slot, data, data[:3]), true, true},
		"half a field":         {outer(slot, data, unknown[:2]), true, true},
		"of another type":      {outer(slot, data, protowire.AppendVarint(protowire.AppendTag(nil, 4, protowire.VarintType), 5)), true, false},
		"too long":             {outer(slot, data, bytes.Repeat(unknown, 30)), false, false},
		"payload after others": {outer(bytes.Repeat(unknown, 30), data), false, false},
		"another request":      {append(outer(slot, data), unknown...), false, false},
		"longer than it is":    {append(outer(slot), data[:1000]...), false, true},
	} {
		_, begun, _, err := receivePieces(test.encoded)
		if begun != test.inPieces || (err != nil) != test.bad {
			t.Errorf("%s: in pieces: %v, error: %v", name, begun, err)
		}
	}
}

// FuzzPieces checks that a message that can be received in pieces is the same as a whole.
func FuzzPieces(f *testing.F) {
	for _, size := range []int{0, 100, 300_000} {
		encoded, err := proto.Marshal(chunkOf(size, new(uint32(7))))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(encoded)
	}
	f.Add(outer(bytes.Repeat([]byte{0x1a, 0x02, 0x08, 0x01}, 40)))
	f.Fuzz(func(t *testing.T, encoded []byte) {
		whole := payload.New(&transhipv1.UploadRequest{}, place)
		wholeErr := whole.Receive(receivedMessage{bytes.Clone(encoded)})
		m, begun, data, err := receivePieces(encoded)
		switch {
		case err == nil && wholeErr != nil:
			t.Fatalf("malformed only as a whole: %v", wholeErr)
		case err != nil && wholeErr == nil && !begun:
			t.Fatalf("malformed only now: %v", err)
		case err == nil && (!proto.Equal(m.Proto, whole.Proto) || !bytes.Equal(data, whole.Bytes())):
			t.Fatalf("%v became %v", whole.Proto, m.Proto)
		}
	})
}
