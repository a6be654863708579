package wire

import (
	"bytes"
	"testing"
	"time"

	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/proto"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/payload"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// quickKinds are the messages that are decoded quickly: each with a function that makes one, and one
// that makes the message that generated code decodes.
func quickKinds() map[string]struct{ quick, generated func() *payload.Message } {
	return map[string]struct{ quick, generated func() *payload.Message }{
		"upload": {
			func() *payload.Message { return NewQuickUploadRequest(&transhipv1.UploadRequest{}) },
			func() *payload.Message { return NewUploadRequest(&transhipv1.UploadRequest{}) },
		},
		"reply": {
			func() *payload.Message { return NewQuickUploadResponse(&transhipv1.UploadResponse{}) },
			func() *payload.Message { return payload.New(&transhipv1.UploadResponse{}) },
		},
		"download": {
			func() *payload.Message { return NewQuickDownloadResponse(&transhipv1.DownloadResponse{}) },
			func() *payload.Message { return NewDownloadResponse(&transhipv1.DownloadResponse{}) },
		},
	}
}

// oneMessage is a stream with one encoded message.
type oneMessage []byte

func (m oneMessage) RecvMsg(message any) error {
	return payload.Codec{MaxFields: 100}.Unmarshal(mem.BufferSlice{mem.SliceBuffer(m)}, message)
}

// quickSamples are messages in the usual form, and others that generated code has to decode.
func quickSamples() (usual map[string][]proto.Message, others []proto.Message) {
	modified := time.Date(1969, 2, 3, 4, 5, 6, 789, time.UTC)
	mode, crc := tranship.DefaultMode, uint32(0xfedcba98)
	attributes := tranship.Attributes{ModTime: &modified, Mode: &mode}
	file := tranship.File{Path: "a/é", Size: 5, ModTime: modified, Mode: mode, Version: "v", CRC32C: &crc}
	put := func(put *transhipv1.Put) proto.Message {
		return &transhipv1.UploadRequest{Request: &transhipv1.UploadRequest_Put{Put: put}}
	}
	finished := func(finished *transhipv1.Finished) proto.Message {
		return &transhipv1.UploadResponse{Response: &transhipv1.UploadResponse_Finished{Finished: finished}}
	}
	opened := func(opened *transhipv1.Opened) proto.Message {
		return &transhipv1.DownloadResponse{Response: &transhipv1.DownloadResponse_Opened{Opened: opened}}
	}
	described := file
	described.Metadata, described.ModTimeUnit = map[string]string{"k": "v"}, time.Second
	usual = map[string][]proto.Message{
		"upload": {
			put(&transhipv1.Put{
				Slot: 1 << 60, Path: "a", Attributes: AttributesToProto(attributes), Durability: transhipv1.Durability_DURABILITY_DURABLE,
				Data: []byte("data"), Crc32C: &crc, Check: &crc,
			}),
			put(&transhipv1.Put{Slot: 2, Path: "b"}),
			put(&transhipv1.Put{Attributes: &transhipv1.Attributes{}}),
		},
		"reply": {
			finished(&transhipv1.Finished{Slot: 7, File: FileToProto(file)}),
			finished(&transhipv1.Finished{Slot: 8, File: &transhipv1.File{}}),
			finished(&transhipv1.Finished{Slot: 9}),
		},
		"download": {
			opened(&transhipv1.Opened{Slot: 3, File: FileToProto(file)}),
			opened(&transhipv1.Opened{}),
			&transhipv1.DownloadResponse{Response: &transhipv1.DownloadResponse_Chunk{Chunk: &transhipv1.Chunk{
				Slot: 3, Offset: new(int64(5)), Data: []byte("data"), Crc32C: &crc,
			}}},
			&transhipv1.DownloadResponse{Response: &transhipv1.DownloadResponse_Chunk{Chunk: &transhipv1.Chunk{Slot: 4}}},
			&transhipv1.DownloadResponse{Response: &transhipv1.DownloadResponse_Done{Done: &transhipv1.Done{Slot: 3, Crc32C: crc}}},
			&transhipv1.DownloadResponse{Response: &transhipv1.DownloadResponse_Done{Done: &transhipv1.Done{}}},
		},
	}
	others = []proto.Message{
		put(&transhipv1.Put{Attributes: &transhipv1.Attributes{Metadata: &transhipv1.Metadata{Entries: map[string]string{"k": "v"}}}}),
		put(&transhipv1.Put{Precondition: &transhipv1.Precondition{Condition: &transhipv1.Precondition_MustNotExist{MustNotExist: true}}}),
		&transhipv1.UploadRequest{Request: &transhipv1.UploadRequest_Chunk{Chunk: &transhipv1.Chunk{Slot: 1, Data: []byte("data")}}},
		finished(&transhipv1.Finished{Slot: 7, File: FileToProto(described), Durable: []*transhipv1.Range{{Offset: 1}}}),
		&transhipv1.UploadResponse{Response: &transhipv1.UploadResponse_Failed{Failed: &transhipv1.Failed{Slot: 1}}},
		opened(&transhipv1.Opened{Slot: 3, File: FileToProto(described)}),
		&transhipv1.DownloadResponse{Response: &transhipv1.DownloadResponse_KeepAlive{KeepAlive: &transhipv1.KeepAlive{}}},
	}
	return usual, others
}

// TestQuick checks that messages in the usual form are decoded without generated code.
func TestQuick(t *testing.T) {
	usual, _ := quickSamples()
	for name, k := range quickKinds() {
		message := k.quick()
		for _, sample := range usual[name] {
			encoded, err := proto.Marshal(sample)
			if err != nil {
				t.Fatal(err)
			}
			if _, _, ok := message.Quick(encoded); !ok {
				t.Errorf("%s: %v is not decoded", name, sample)
			}
		}
	}
}

// FuzzQuick receives two messages, one after the other, into a message that is decoded quickly. It
// compares the second with what generated code decodes.
func FuzzQuick(f *testing.F) {
	usual, samples := quickSamples()
	for _, more := range usual {
		samples = append(samples, more...)
	}
	var earlier []byte
	for _, sample := range append(samples, samples...) {
		encoded, err := proto.Marshal(sample)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(earlier, encoded)
		f.Add(encoded, append(encoded, encoded...)) // fields that come twice
		f.Add(encoded, encoded[:len(encoded)/2])
		earlier = encoded
	}
	f.Fuzz(func(t *testing.T, earlier, encoded []byte) {
		for name, k := range quickKinds() {
			quick, generated := k.quick(), k.generated()
			_ = quick.Receive(oneMessage(earlier))
			err, want := quick.Receive(oneMessage(encoded)), generated.Receive(oneMessage(encoded))
			if (err == nil) != (want == nil) {
				t.Fatalf("%s: %v, want %v", name, err, want)
			}
			if want == nil && (!proto.Equal(quick.Proto, generated.Proto) || !bytes.Equal(quick.Bytes(), generated.Bytes())) {
				t.Errorf("%s: %v with %q, want %v with %q", name, quick.Proto, quick.Bytes(), generated.Proto, generated.Bytes())
			}
		}
	})
}
