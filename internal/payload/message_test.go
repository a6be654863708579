package payload_test

import (
	"bytes"
	"slices"
	"testing"

	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/bufferpool"
	"github.com/tranship/tranship/internal/payload"
	filesrvv1 "github.com/tranship/tranship/proto/filesrv/v1"
	filesrvv2 "github.com/tranship/tranship/proto/filesrv/v2"
	"github.com/tranship/tranship/proto/filetransfer"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

func codecs() map[string]encoding.CodecV2 {
	return map[string]encoding.CodecV2{"ours": payload.Codec{}, "gRPC's": encoding.GetCodecV2("proto")}
}

// kind is a kind of message with a payload.
type kind struct {
	name   string
	empty  proto.Message
	places []payload.Place
}

func kinds() []kind {
	return []kind{
		{"tranship upload", &transhipv1.UploadRequest{}, []payload.Place{{Outer: 2, Data: 3}, {Outer: 5, Data: 6}}},
		{"tranship download", &transhipv1.DownloadResponse{}, []payload.Place{{Outer: 2, Data: 3}}},
		{"FileSrv 1 upload", &filesrvv1.UploadRequest{}, []payload.Place{{Data: 2}}},
		{"FileSrv 1 download", &filesrvv1.FileResponse{}, []payload.Place{{Data: 1}}},
		{"FileSrv 2 download", &filesrvv2.FileResponse{}, []payload.Place{{Data: 2}}},
		{"FileTransfer upload", &filetransfer.Chunk{}, []payload.Place{{Data: 1}}},
	}
}

func (k kind) new() *payload.Message {
	return payload.New(k.empty.ProtoReflect().New().Interface(), k.places...)
}

// samples are messages of each kind.
func samples(data []byte) map[string][]proto.Message {
	chunk := func() *transhipv1.Chunk {
		return &transhipv1.Chunk{Slot: 77, Offset: new(int64(1 << 40)), Data: data, Crc32C: new(uint32(0xdeadbeef))}
	}
	return map[string][]proto.Message{
		"tranship upload": {
			&transhipv1.UploadRequest{},
			&transhipv1.UploadRequest{Request: &transhipv1.UploadRequest_Chunk{Chunk: chunk()}},
			&transhipv1.UploadRequest{Request: &transhipv1.UploadRequest_Chunk{Chunk: &transhipv1.Chunk{Data: data}}},
			&transhipv1.UploadRequest{Request: &transhipv1.UploadRequest_Chunk{Chunk: &transhipv1.Chunk{}}},
			&transhipv1.UploadRequest{Request: &transhipv1.UploadRequest_Finish{Finish: &transhipv1.Finish{Slot: 3}}},
			&transhipv1.UploadRequest{Request: &transhipv1.UploadRequest_Put{Put: &transhipv1.Put{
				Slot: 1, Path: "a/b", Attributes: &transhipv1.Attributes{Mode: new(uint32(0o644))}, Data: data, Check: new(uint32(1)),
			}}},
		},
		"tranship download": {
			&transhipv1.DownloadResponse{Response: &transhipv1.DownloadResponse_Chunk{Chunk: chunk()}},
			&transhipv1.DownloadResponse{Response: &transhipv1.DownloadResponse_Done{Done: &transhipv1.Done{Slot: 1}}},
		},
		"FileSrv 1 upload": {
			&filesrvv1.UploadRequest{Request: &filesrvv1.UploadRequest_ChunkData{ChunkData: data}},
			&filesrvv1.UploadRequest{Request: &filesrvv1.UploadRequest_Header{Header: &filesrvv1.FileHeader{Filename: "a"}}},
		},
		"FileSrv 1 download": {&filesrvv1.FileResponse{ChunkData: data}},
		"FileSrv 2 download": {
			&filesrvv2.FileResponse{Data: &filesrvv2.FileResponse_ChunkData{ChunkData: data}},
			&filesrvv2.FileResponse{Data: &filesrvv2.FileResponse_Header{Header: &filesrvv2.FileHeader{Filename: "a"}}},
		},
		"FileTransfer upload": {&filetransfer.Chunk{Data: data}},
	}
}

// take takes the payload out of a generated message, and puts it back.
func take(message proto.Message, places []payload.Place) (data []byte, putBack func([]byte)) {
	for _, place := range places {
		m := message.ProtoReflect()
		if place.Outer != 0 {
			outer := m.Descriptor().Fields().ByNumber(place.Outer)
			if !m.Has(outer) {
				continue
			}
			m = m.Mutable(outer).Message()
		}
		field := m.Descriptor().Fields().ByNumber(place.Data)
		if m.Has(field) {
			data := m.Get(field).Bytes()
			m.Set(field, protoreflect.ValueOfBytes([]byte{}))
			return data, func(data []byte) { m.Set(field, protoreflect.ValueOfBytes(data)) }
		}
	}
	return nil, func([]byte) {}
}

// TestWire checks that encoding and decoding use the bytes of generated code.
func TestWire(t *testing.T) {
	for _, size := range []int{0, 1, 127, 128, 5000, 256 << 10} {
		data := bytes.Repeat([]byte("0123456789abcdef"), size/16+1)[:size]
		for _, k := range kinds() {
			for i, sample := range samples(data)[k.name] {
				want, err := proto.MarshalOptions{Deterministic: true}.Marshal(sample)
				if err != nil {
					t.Fatal(err)
				}
				checkDecode(t, k, want, 1000)

				taken, _ := take(sample, k.places)
				for name, codec := range codecs() {
					m := payload.New(sample, k.places...)
					m.SetChunk(tranship.NewChunk(slices.Collect(slices.Chunk(taken, 3000)), 0, nil))
					encoded, err := codec.Marshal(m)
					if err != nil {
						t.Fatalf("%s %d, %s: %v", k.name, i, name, err)
					}
					if got := encoded.Materialize(); !bytes.Equal(got, want) {
						t.Errorf("%s %d, %s, %d bytes: encoded as %.40x…, generated code as %.40x…", k.name, i, name, size, got, want)
					}
				}
			}
		}
	}
}

// checkDecode compares the results of both codecs with that of generated code, for an
// encoded message that arrives in pieces of size bytes.
func checkDecode(t *testing.T, k kind, encoded []byte, size int) {
	t.Helper()
	want := k.empty.ProtoReflect().New().Interface()
	wantErr := proto.Unmarshal(encoded, want)
	wantData, _ := take(want, k.places)
	for name, codec := range codecs() {
		var pool bufferpool.Pool
		var pieces mem.BufferSlice
		for piece := range slices.Chunk(encoded, size) {
			pieces = append(pieces, mem.Copy(piece, &pool))
		}
		m := k.new()
		err := m.Receive(stream{codec: codec, data: pieces})
		if (err != nil) != (wantErr != nil) {
			t.Fatalf("%s, %s: %v, generated code %v", k.name, name, err, wantErr)
		}
		if err != nil {
			continue
		}
		sum := m.Sum()
		c := m.Chunk(sum)
		data := slices.Concat(c.Pieces...)
		if !bytes.Equal(data, wantData) || sum != tranship.CRC32C(wantData) {
			t.Fatalf("%s, %s: the payload has %d bytes, want %d", k.name, name, len(data), len(wantData))
		}
		if got, _ := take(m.Proto, k.places); len(got) != 0 || !proto.Equal(m.Proto, want) {
			t.Fatalf("%s, %s: got %v, want %v", k.name, name, m.Proto, want)
		}
		c.Release()
	}
}

// FuzzDecode compares decoding with generated code, for arbitrary bytes in arbitrary
// pieces.
func FuzzDecode(f *testing.F) {
	for n, k := range kinds() {
		for _, sample := range samples([]byte("the payload of a message"))[k.name] {
			encoded, err := proto.Marshal(sample)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(n, 7, encoded)
			f.Add(n, 7, append(encoded, encoded...))
		}
	}
	f.Fuzz(func(t *testing.T, n, size int, encoded []byte) {
		all := kinds()
		checkDecode(t, all[uint(n)%uint(len(all))], encoded, 1+int(uint(size)%5000))
	})
}

// FuzzEncode compares encoding with generated code, for arbitrary messages.
func FuzzEncode(f *testing.F) {
	for n, k := range kinds() {
		for _, sample := range samples([]byte("the payload"))[k.name] {
			encoded, err := proto.Marshal(sample)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(n, encoded)
		}
	}
	f.Fuzz(func(t *testing.T, n int, encoded []byte) {
		all := kinds()
		k := all[uint(n)%uint(len(all))]
		message := k.empty.ProtoReflect().New().Interface()
		if proto.Unmarshal(encoded, message) != nil || len(message.ProtoReflect().GetUnknown()) > 0 {
			return
		}
		want, err := proto.MarshalOptions{Deterministic: true}.Marshal(message)
		if err != nil {
			return
		}
		data, _ := take(message, k.places)
		if len(data) == 0 {
			return
		}
		m := payload.New(message, k.places...)
		m.SetChunk(tranship.NewChunk([][]byte{data}, 0, nil))
		got, err := payload.Codec{}.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		again := k.empty.ProtoReflect().New().Interface()
		if err := proto.Unmarshal(got.Materialize(), again); err != nil {
			t.Fatal(err)
		}
		if reencoded, err := (proto.MarshalOptions{Deterministic: true}).Marshal(again); err != nil || !bytes.Equal(reencoded, want) {
			t.Fatalf("encoded as %x, which means %x, %v; want %x", got.Materialize(), reencoded, err, want)
		}
	})
}
