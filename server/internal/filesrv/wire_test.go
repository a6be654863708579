package filesrv_test

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"slices"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/encoding/gzip"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/sequential"
	"github.com/tranship/tranship/internal/testing/loopback"
	filesrvv1 "github.com/tranship/tranship/proto/filesrv/v1"
	filesrvv2 "github.com/tranship/tranship/proto/filesrv/v2"
	"github.com/tranship/tranship/server/internal/filesrv"
	"github.com/tranship/tranship/store/mem"
)

// Requests that generated code does not write are told apart as it tells them apart.
func TestUploadRequests(t *testing.T) {
	const fileA = "\x0a\x03\x0a\x01a"
	for _, test := range []struct {
		name     string
		requests []string
		code     codes.Code
		want     map[string]string
	}{
		{name: "empty chunk_data", requests: []string{fileA, "\x12\x00"}, want: map[string]string{"a": ""}},
		{name: "neither field", requests: []string{fileA, ""}, code: codes.InvalidArgument},
		{name: "only an unknown field", requests: []string{fileA, "\x7a\x01x"}, code: codes.InvalidArgument},
		{name: "empty chunk_data first", requests: []string{"\x12\x00"}, code: codes.InvalidArgument},
		{name: "header behind chunk_data", requests: []string{fileA, "\x12\x01x", "\x12\x01y\x0a\x03\x0a\x01b", "\x12\x01z"}, want: map[string]string{"a": "x", "b": "z"}},
		{name: "chunk_data behind header", requests: []string{fileA, "\x0a\x03\x0a\x01b\x12\x01x"}, want: map[string]string{"a": "x"}},
		{name: "chunk_data twice", requests: []string{fileA, "\x12\x01x\x12\x01y"}, want: map[string]string{"a": "y"}},
		{name: "chunk_data and an unknown field", requests: []string{fileA, "\x12\x01x\x7a\x01x"}, want: map[string]string{"a": "x"}},
	} {
		onBoth(t, func(t *testing.T, options []grpc.ServerOption) {
			store := new(mem.Store)
			conn := loopback.Dial(t, loopback.Serve(t, filesrv.New(store, filesrv.Options{}).Register, options...))
			stream, err := conn.NewStream(t.Context(), &grpc.StreamDesc{ClientStreams: true}, filesrvv1.FileSrv_UploadFile_FullMethodName, grpc.ForceCodec(raw{}))
			if err != nil {
				t.Fatal(err)
			}
			for _, request := range test.requests {
				if err := stream.SendMsg([]byte(request)); err != nil {
					t.Fatal(err)
				}
			}
			if err := stream.CloseSend(); err != nil {
				t.Fatal(err)
			}
			var reply []byte
			if err := stream.RecvMsg(&reply); status.Code(err) != test.code {
				t.Errorf("%s: %v, want %v", test.name, err, test.code)
			}
			if got := contents(t, store); !maps.Equal(got, test.want) {
				t.Errorf("%s: store has %q, want %q", test.name, got, test.want)
			}
		})
	}
}

// TestDownloadWire checks that a download has the bytes of generated code, compressed
// or not.
func TestDownloadWire(t *testing.T) {
	for _, compressor := range []string{"", gzip.Name} {
		for _, size := range []int{0, 1023, mebibyte, 2*mebibyte + 1} {
			data := bytes.Repeat([]byte("0123456789abc"), size/13+1)[:size]
			onBoth(t, func(t *testing.T, options []grpc.ServerOption) {
				store := new(mem.Store)
				putLarge(t, store, "a.txt", data)
				conn := loopback.Dial(
					t, loopback.Serve(t, filesrv.New(store, filesrv.Options{}).Register, options...),
					grpc.WithDefaultCallOptions(grpc.UseCompressor(compressor)),
				)
				for revision, want := range map[string][][]byte{"1": wireV1(t, data), "2": wireV2(t, data)} {
					if got := downloadRaw(t, conn, revision); !slices.EqualFunc(got, want, bytes.Equal) {
						t.Errorf("%d bytes in revision %s: %d messages, want %d, or with other bytes", size, revision, len(got), len(want))
					}
				}
			})
		}
	}
}

// putLarge puts a file that may be larger than Put allows into a store.
func putLarge(t *testing.T, store tranship.Writer, path string, data []byte) {
	t.Helper()
	begun, err := store.Begin(t.Context(), tranship.Spec{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	writer := sequential.NewWriter(t.Context(), begun)
	if _, err := writer.Write(data); err != nil {
		t.Fatal(err)
	}
	if _, err := writer.Commit(); err != nil {
		t.Fatal(err)
	}
}

func wireV1(t *testing.T, data []byte) (messages [][]byte) {
	if len(data) == 0 {
		return [][]byte{{}}
	}
	for part := range slices.Chunk(data, mebibyte) {
		messages = append(messages, encode(t, &filesrvv1.FileResponse{ChunkData: part}))
	}
	return messages
}

func wireV2(t *testing.T, data []byte) [][]byte {
	header := &filesrvv2.FileHeader{Filename: "a", Extension: ".txt"}
	messages := [][]byte{encode(t, &filesrvv2.FileResponse{Data: &filesrvv2.FileResponse_Header{Header: header}})}
	for part := range slices.Chunk(data, mebibyte) {
		messages = append(messages, encode(t, &filesrvv2.FileResponse{Data: &filesrvv2.FileResponse_ChunkData{ChunkData: part}}))
	}
	return messages
}

func encode(t *testing.T, message proto.Message) []byte {
	t.Helper()
	encoded, err := proto.Marshal(message)
	if err != nil {
		t.Fatal(err)
	}
	return encoded
}

func downloadRaw(t *testing.T, conn *grpc.ClientConn, revision string) (messages [][]byte) {
	t.Helper()
	stream, err := conn.NewStream(ask(t, revision), &grpc.StreamDesc{ServerStreams: true}, filesrvv1.FileSrv_DownloadFile_FullMethodName, grpc.ForceCodec(raw{}))
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.SendMsg([]byte("\x0a\x01a\x12\x04.txt")); err != nil {
		t.Fatal(err)
	}
	if err := stream.CloseSend(); err != nil {
		t.Fatal(err)
	}
	for {
		var message []byte
		err := stream.RecvMsg(&message)
		if errors.Is(err, io.EOF) {
			return messages
		}
		if err != nil {
			t.Fatal(err)
		}
		messages = append(messages, message)
	}
}
