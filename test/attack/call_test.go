//go:build linux

package attack

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/tranship/tranship/internal/rpcstatus"
	"github.com/tranship/tranship/internal/testing/laneconn"
	filesrvv1 "github.com/tranship/tranship/proto/filesrv/v1"
	transferpb "github.com/tranship/tranship/proto/filetransfer"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// raw is a codec that passes bytes through unchanged.
type raw struct{}

func (raw) Marshal(v any) ([]byte, error)      { return v.([]byte), nil }
func (raw) Unmarshal(data []byte, v any) error { *v.(*[]byte) = bytes.Clone(data); return nil }
func (raw) Name() string                       { return "proto" }

// call sends messages, which may be malformed, and half-closes the stream. It returns the
// replies and the error of the call.
func call(t testing.TB, conn grpc.ClientConnInterface, method string, header metadata.MD, messages ...[]byte) ([][]byte, error) {
	t.Helper()
	return callContext(testContext(t), conn, method, header, messages...)
}

func callContext(ctx context.Context, conn grpc.ClientConnInterface, method string, header metadata.MD, messages ...[]byte) ([][]byte, error) {
	ctx = metadata.NewOutgoingContext(ctx, header)
	stream, err := conn.NewStream(ctx, &grpc.StreamDesc{ClientStreams: true, ServerStreams: true}, method,
		grpc.ForceCodec(raw{}), grpc.MaxCallRecvMsgSize(64<<20))
	if err != nil {
		return nil, err
	}
	for _, message := range messages {
		if err := stream.SendMsg(message); errors.Is(err, io.EOF) {
			break // The call has ended; RecvMsg returns the reason.
		} else if err != nil {
			return nil, err
		}
	}
	if err := stream.CloseSend(); err != nil {
		return nil, err
	}
	var replies [][]byte
	for {
		var reply []byte
		switch err := stream.RecvMsg(&reply); {
		case errors.Is(err, io.EOF):
			return replies, nil
		case err != nil:
			return replies, err
		}
		replies = append(replies, reply)
	}
}

// onLanes returns a connection whose calls of Upload and Download are on lanes.
func (s *site) onLanes(t testing.TB) grpc.ClientConnInterface {
	t.Helper()
	return laneconn.Over(t, s.dial(t), s.address)
}

// hasLanes reports whether lanes carry a method.
func hasLanes(method string) bool { return method == uploadMethod || method == downloadMethod }

// methods returns the full names of all methods that take messages of a client.
func methods() []string {
	all := []string{"/grpc.health.v1.Health/Check", "/grpc.health.v1.Health/Watch", "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"}
	for _, service := range []grpc.ServiceDesc{transhipv1.FileService_ServiceDesc, filesrvv1.FileSrv_ServiceDesc, transferpb.FileService_ServiceDesc} {
		for _, method := range service.Methods {
			all = append(all, "/"+service.ServiceName+"/"+method.MethodName)
		}
		for _, stream := range service.Streams {
			all = append(all, "/"+service.ServiceName+"/"+stream.StreamName)
		}
	}
	return all
}

// request is a request that contains a path.
type request struct {
	name, method string
	// messages returns messages that contain the path. If they have a slot, it is slot 1.
	messages func(path string) []proto.Message
	header   func(path string) metadata.MD
	// after is whether the path is only compared with others, so that any text is valid.
	after bool
	// lists is whether a missing directory is an empty list.
	lists bool
	// writes is whether a request with a valid path creates a file there.
	writes bool
	// id is whether the request has the ID of an upload in place of a path.
	id bool
}

// send makes the request and returns the code of the call or of its slot. The path may be
// arbitrary bytes, even invalid UTF-8.
func (r request) send(t testing.TB, conn grpc.ClientConnInterface, path string) codes.Code {
	t.Helper()
	ended, _ := r.answer(t, conn, path)
	return ended.Code()
}

// answer makes the request like send, and returns the whole status and the replies before
// it.
func (r request) answer(t testing.TB, conn grpc.ClientConnInterface, path string) (*status.Status, [][]byte) {
	t.Helper()
	// The placeholder has the length of the path, so that encoded lengths stay valid.
	placeholder := strings.Repeat("\x01", len(path))
	var messages [][]byte
	for _, message := range r.messages(placeholder) {
		data, err := proto.Marshal(message)
		if err != nil {
			t.Fatal(err)
		}
		if path != "" {
			data = bytes.ReplaceAll(data, []byte(placeholder), []byte(path))
		}
		messages = append(messages, data)
	}
	var header metadata.MD
	if r.header != nil {
		header = r.header(path)
	}
	replies, err := call(t, conn, r.method, header, messages...)
	if err != nil {
		return status.Convert(err), replies
	}
	for _, reply := range replies {
		up, down := &transhipv1.UploadResponse{}, &transhipv1.DownloadResponse{}
		switch r.method {
		case transhipv1.FileService_Upload_FullMethodName:
			err = proto.Unmarshal(reply, up)
		case transhipv1.FileService_Download_FullMethodName:
			err = proto.Unmarshal(reply, down)
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, failed := range []*transhipv1.Failed{up.GetFailed(), down.GetFailed()} {
			if failed != nil {
				return status.Convert(rpcstatus.FromProto(failed.GetStatus())), replies
			}
		}
	}
	return status.New(codes.OK, ""), replies
}

// requests returns all requests that contain a path, of every protocol.
func requests() []request {
	one := func(message func(path string) proto.Message) func(string) []proto.Message {
		return func(path string) []proto.Message { return []proto.Message{message(path)} }
	}
	upload := func(requests ...*transhipv1.UploadRequest) []proto.Message {
		var messages []proto.Message
		for _, request := range requests {
			messages = append(messages, request)
		}
		return messages
	}
	size := int64(len("changed"))
	whole := func(begin *transhipv1.Begin) []proto.Message {
		begin.Slot = 1
		return upload(
			&transhipv1.UploadRequest{Request: &transhipv1.UploadRequest_Begin{Begin: begin}},
			&transhipv1.UploadRequest{Request: &transhipv1.UploadRequest_Chunk{Chunk: &transhipv1.Chunk{Slot: 1, Data: []byte("changed")}}},
			&transhipv1.UploadRequest{Request: &transhipv1.UploadRequest_Finish{Finish: &transhipv1.Finish{Slot: 1}}},
		)
	}
	native := func(method string) string { return "/tranship.v1.FileService/" + method }
	const filesrvUpload, filesrvDownload = "/FileSrv/UploadFile", "/FileSrv/DownloadFile"
	revision := func(n int) func(string) metadata.MD {
		return func(string) metadata.MD { return metadata.Pairs("tranship-filesrv-revision", fmt.Sprint(n)) }
	}
	filesrvFile := func(header *filesrvv1.FileHeader) []proto.Message {
		return []proto.Message{
			&filesrvv1.UploadRequest{Request: &filesrvv1.UploadRequest_Header{Header: header}},
			&filesrvv1.UploadRequest{Request: &filesrvv1.UploadRequest_ChunkData{ChunkData: []byte("changed")}},
		}
	}
	chunks := one(func(string) proto.Message { return &transferpb.Chunk{Data: []byte("changed")} })
	return []request{
		{name: "upload", method: native("Upload"), writes: true, messages: func(path string) []proto.Message {
			return whole(&transhipv1.Begin{Path: path})
		}},
		{name: "upload with keep", method: native("Upload"), writes: true, messages: func(path string) []proto.Message {
			return whole(&transhipv1.Begin{Path: path, Size: &size, Keep: true, ResumeKey: "key"})
		}},
		{name: "resume", method: native("Upload"), writes: true, messages: func(path string) []proto.Message {
			return whole(&transhipv1.Begin{Mode: transhipv1.Begin_MODE_RESUME, Path: path, Size: &size, ResumeKey: "another key"})
		}},
		{name: "put", method: native("Upload"), writes: true, messages: func(path string) []proto.Message {
			return upload(&transhipv1.UploadRequest{Request: &transhipv1.UploadRequest_Put{Put: &transhipv1.Put{Slot: 1, Path: path, Data: []byte("changed")}}})
		}},
		{name: "copy_part from", method: native("Upload"), messages: func(path string) []proto.Message {
			size := int64(len(secret))
			return upload(
				&transhipv1.UploadRequest{Request: &transhipv1.UploadRequest_Begin{Begin: &transhipv1.Begin{Slot: 1, Path: "docs/stolen", Size: &size}}},
				&transhipv1.UploadRequest{Request: &transhipv1.UploadRequest_CopyPart{CopyPart: &transhipv1.CopyPart{Slot: 1, SourcePath: path}}},
				&transhipv1.UploadRequest{Request: &transhipv1.UploadRequest_Finish{Finish: &transhipv1.Finish{Slot: 1}}},
			)
		}},
		{name: "join", method: native("Upload"), id: true, messages: func(id string) []proto.Message {
			return whole(&transhipv1.Begin{Mode: transhipv1.Begin_MODE_JOIN, UploadId: id, Epoch: 1})
		}},
		{name: "download", method: native("Download"), messages: one(func(path string) proto.Message {
			return &transhipv1.DownloadRequest{Request: &transhipv1.DownloadRequest_Open{Open: &transhipv1.Open{Slot: 1, Path: path}}}
		})},
		{name: "stat", method: native("Stat"), messages: one(func(path string) proto.Message {
			return &transhipv1.StatRequest{Path: path}
		})},
		{name: "list", method: native("List"), lists: true, messages: one(func(path string) proto.Message {
			return &transhipv1.ListRequest{Directory: path}
		})},
		{name: "list recursively", method: native("List"), lists: true, messages: one(func(path string) proto.Message {
			return &transhipv1.ListRequest{Directory: path, Recursive: true}
		})},
		{name: "list after", method: native("List"), lists: true, after: true, messages: one(func(path string) proto.Message {
			return &transhipv1.ListRequest{StartAfter: path, Recursive: true}
		})},
		{name: "list prefix", method: native("List"), lists: true, after: true, messages: one(func(path string) proto.Message {
			return &transhipv1.ListRequest{Prefix: path, Recursive: true}
		})},
		{name: "list before", method: native("List"), lists: true, after: true, messages: one(func(path string) proto.Message {
			return &transhipv1.ListRequest{EndBefore: path, Recursive: true}
		})},
		{name: "set attributes", method: native("SetAttributes"), messages: one(func(path string) proto.Message {
			return &transhipv1.SetAttributesRequest{Path: path, Attributes: &transhipv1.Attributes{Mode: new(uint32(0o777))}}
		})},
		{name: "delete", method: native("Delete"), messages: one(func(path string) proto.Message {
			return &transhipv1.DeleteRequest{Path: path}
		})},
		{name: "delete tree", method: native("DeleteTree"), lists: true, messages: one(func(path string) proto.Message {
			return &transhipv1.DeleteTreeRequest{Directory: path, ReportPaths: true}
		})},
		{name: "move from", method: native("Move"), messages: one(func(path string) proto.Message {
			return &transhipv1.MoveRequest{SourcePath: path, DestinationPath: "docs/stolen"}
		})},
		{name: "move to", method: native("Move"), messages: one(func(path string) proto.Message {
			// The source is missing: an invalid path is refused before that is noticed.
			return &transhipv1.MoveRequest{SourcePath: "docs/nothing", DestinationPath: path}
		})},
		{name: "copy from", method: native("Copy"), messages: one(func(path string) proto.Message {
			return &transhipv1.CopyRequest{SourcePath: path, DestinationPath: "docs/stolen"}
		})},
		{name: "copy to", method: native("Copy"), writes: true, messages: one(func(path string) proto.Message {
			return &transhipv1.CopyRequest{SourcePath: "file", DestinationPath: path}
		})},
		{name: "verify", method: native("VerifyFile"), messages: one(func(path string) proto.Message {
			return &transhipv1.VerifyFileRequest{Path: path}
		})},
		{name: "list uploads", method: native("ListUploads"), lists: true, messages: one(func(path string) proto.Message {
			return &transhipv1.ListUploadsRequest{Directory: path}
		})},
		{name: "abort upload", method: native("AbortUpload"), id: true, messages: one(func(id string) proto.Message {
			return &transhipv1.AbortUploadRequest{UploadId: id}
		})},
		{name: "filesrv upload", method: filesrvUpload, writes: true, messages: func(path string) []proto.Message {
			return filesrvFile(&filesrvv1.FileHeader{Filename: path})
		}},
		{name: "filesrv upload by extension", method: filesrvUpload, writes: true, messages: func(path string) []proto.Message {
			return filesrvFile(&filesrvv1.FileHeader{Extension: path})
		}},
		{name: "filesrv download", method: filesrvDownload, header: revision(1), messages: one(func(path string) proto.Message {
			return &filesrvv1.FileHeader{Filename: path}
		})},
		{name: "filesrv download by extension", method: filesrvDownload, header: revision(1), messages: one(func(path string) proto.Message {
			return &filesrvv1.FileHeader{Extension: path}
		})},
		{name: "filesrv download, revision 2", method: filesrvDownload, header: revision(2), messages: one(func(path string) proto.Message {
			return &filesrvv1.FileHeader{Filename: path}
		})},
		{
			name: "filetransfer upload", method: "/FileTransfer.FileService/Upload", writes: true, messages: chunks,
			header: func(path string) metadata.MD { return metadata.Pairs("filename-bin", path) },
		},
		{
			name: "filetransfer upload, plain", method: "/FileTransfer.FileService/Upload", writes: true, messages: chunks,
			header: func(path string) metadata.MD { return metadata.MD{"filename": {path}} },
		},
	}
}
