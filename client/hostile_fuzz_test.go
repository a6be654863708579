package client_test

import (
	"context"
	"errors"
	"io"
	"iter"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client"
	"github.com/tranship/tranship/internal/testing/loopback"
	"github.com/tranship/tranship/internal/wire"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// rawMessage is a message that rawCodec sends unchanged.
type rawMessage []byte

// rawCodec encodes raw messages; it decodes nothing.
type rawCodec struct{}

func (rawCodec) Marshal(v any) ([]byte, error) {
	if raw, ok := v.(rawMessage); ok {
		return raw, nil
	}
	return nil, errors.New("not a raw message")
}
func (rawCodec) Unmarshal([]byte, any) error { return nil }
func (rawCodec) Name() string                { return "proto" }

// replay is a server that answers every call with the same messages.
func replay(messages [][]byte) grpc.StreamHandler {
	return func(_ any, stream grpc.ServerStream) error {
		if method, _ := grpc.MethodFromServerStream(stream); !strings.Contains(method, transhipv1.FileService_ServiceDesc.ServiceName) {
			return status.Error(codes.Unimplemented, method) // the health check of Dial
		}
		if err := stream.RecvMsg(&emptypb.Empty{}); err != nil {
			return err
		}
		for _, message := range messages {
			if err := stream.SendMsg(rawMessage(message)); err != nil {
				return err
			}
		}
		return status.Error(codes.FailedPrecondition, "enough")
	}
}

// pieces splits a fuzzer's bytes into messages. Each has its length in the two bytes before
// it.
func pieces(data []byte) [][]byte {
	var all [][]byte
	for len(data) >= 2 && len(all) < 50 {
		length := min(int(data[0])<<8|int(data[1]), len(data)-2)
		all = append(all, data[2:2+length])
		data = data[2+length:]
	}
	return all
}

// encode is the inverse of pieces.
func encode(messages ...proto.Message) []byte {
	var data []byte
	for _, message := range messages {
		encoded, err := proto.Marshal(message)
		if err != nil {
			panic(err)
		}
		data = append(data, byte(len(encoded)>>8), byte(len(encoded)))
		data = append(data, encoded...)
	}
	return data
}

// FuzzReplies answers every method of a client with arbitrary messages. It checks that the
// call ends, and that its results are valid.
func FuzzReplies(f *testing.F) {
	crc := tranship.CRC32C([]byte("data"))
	file := &transhipv1.File{Path: "file", Size: 4, Version: "v", Mode: 0o644, Metadata: map[string]string{"k": "v"}}
	f.Add(encode(opened("file", 4, &crc), sent(0, "da", nil), sent(2, "ta", nil), done(crc)))
	f.Add(encode(opened("file", 4, &crc), sent(4, "da", nil), done(crc), done(crc)))
	f.Add(encode(&transhipv1.StatResponse{File: file}))
	f.Add(encode(&transhipv1.ListResponse{Entries: []*transhipv1.Entry{fileEntry("a"), directoryEntry("b")}, End: &transhipv1.ListEnd{EntryCount: 2}}))
	f.Add(encode(&transhipv1.ListUploadsResponse{Uploads: []*transhipv1.Upload{{Path: "a", UploadId: "x", DurableBytes: 1, Size: new(int64(2))}}}))
	f.Add(encode(
		&transhipv1.UploadResponse{Response: &transhipv1.UploadResponse_Begun{Begun: &transhipv1.Begun{Slot: 1, UploadId: "x", Epoch: 1, PartSize: 1 << 20, MaxStreams: 3}}},
		&transhipv1.UploadResponse{Response: &transhipv1.UploadResponse_Progress{Progress: &transhipv1.Progress{Slot: 1, NewlyDurable: []*transhipv1.Range{{Length: 4, Crc32C: &crc}}}}},
		&transhipv1.UploadResponse{Response: &transhipv1.UploadResponse_Finished{Finished: &transhipv1.Finished{Slot: 2}}},
		&transhipv1.UploadResponse{Response: &transhipv1.UploadResponse_Finished{Finished: &transhipv1.Finished{Slot: 1, File: file}}},
	))
	f.Add(encode(&transhipv1.UploadResponse{Response: &transhipv1.UploadResponse_Failed{Failed: &transhipv1.Failed{Slot: 1, Status: &transhipv1.Status{Code: 9}}}}))
	f.Add(encode(&transhipv1.GetServerInfoResponse{ServerVersion: "1", MaxMessageBytes: 1}))
	f.Add([]byte{0, 3, 0xff, 0xff, 0xff, 0, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		address := loopback.Serve(t, func(grpc.ServiceRegistrar) {},
			grpc.UnknownServiceHandler(replay(pieces(data))), grpc.ForceServerCodec(rawCodec{}))
		conn, err := client.DialConn(t.Context(), address, client.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		files := client.New(conn)
		defer files.Close()
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		valid := func(call string, file tranship.File, err error) {
			t.Helper()
			attributes := tranship.Attributes{Mode: &file.Mode, Metadata: file.Metadata}
			if err == nil && (tranship.ValidatePath(file.Path) != nil || attributes.Validate() != nil || file.Size < 0 || len(file.Version) > wire.MaxVersionBytes) {
				t.Errorf("%s returned %+v", call, file)
			}
		}
		stat, err := files.Stat(ctx, "file")
		valid("stat", stat, err)
		last := ""
		for entry, err := range files.List(ctx, tranship.ListOptions{Recursive: true}) {
			valid("list", entry.File, err)
			if err == nil && entry.Key() <= last {
				t.Errorf("%s is listed after %s", entry.Key(), last)
			}
			last = entry.Key()
		}
		drain(files.ListUploads(ctx, ""))
		_, _ = files.Info(ctx)
		if _, data, err := files.Fetch(ctx, "file", 4); err == nil && len(data) != 4 && data != nil {
			t.Errorf("fetched %d bytes", len(data))
		}
		if content, err := files.Open(ctx, "file", tranship.OpenOptions{}); err == nil {
			valid("open", content.File(), nil)
			_, _ = io.Copy(io.Discard, content)
			content.Close()
		}
		put, err := files.Put(ctx, tranship.Spec{Path: "file"}, []byte("data"))
		valid("put", put, err)
		for _, result := range files.PutBatch(ctx, []tranship.PutItem{{Spec: tranship.Spec{Path: "file"}, Data: []byte("data")}, {Spec: tranship.Spec{Path: "other"}}}) {
			valid("put of a batch", result.File, result.Err)
		}
		for _, result := range files.FetchBatch(ctx, []tranship.FetchItem{{Path: "file", Size: 4}, {Path: "other", Size: 1}, {Path: "file", Size: 4}}) {
			valid("fetch of a batch", result.File, result.Err)
			if result.Err == nil && int64(len(result.Data)) != result.File.Size && result.Data != nil {
				t.Errorf("a batch fetched %d bytes of %+v", len(result.Data), result.File)
			}
		}
		upload, err := files.Begin(ctx, tranship.Spec{Path: "file", Size: new(int64(4)), ResumeKey: "k"})
		if err == nil {
			upload.Durable()
			if part, err := upload.Part(ctx, 0); err == nil {
				_, _ = part.Write([]byte("data"))
				_ = part.Close()
			}
			committed, err := upload.Commit(ctx, tranship.Commit{Size: 4})
			valid("commit", committed, err)
			_ = upload.Detach(ctx)
		}
		if ctx.Err() != nil {
			t.Error("a call did not end")
		}
	})
}

func drain[T any](all iter.Seq2[T, error]) {
	for range all {
	}
}
