// Tranship's native file transfer protocol.
//
// These comments are the specification of the protocol, for clients in every
// language.
//
// # Words
//
//   path     a file's key: valid UTF-8, '/'-separated, relative, at most 1024
//            bytes and 255 bytes a segment, without empty, "." or ".."
//            segments and without control characters. The first segment
//            ".tranship" is reserved, in any letter case.
//   version  an opaque string that changes whenever a file's content is
//            replaced.
//   upload   a session that builds one file: an id, an epoch, a part size.
//   part     a fixed-size, aligned piece of an upload. Part n covers the bytes
//            from n * part_size; the last one is shorter.
//   chunk    the payload of one message, at most 1 MiB (1,048,576 bytes).
//   commit   the moment a file becomes visible, all at once, under its path.
//   slot     a number, chosen by the client, that names one file among the many
//            that share a stream.
//            The slot that begins or resumes an upload owns it, and commits it;
//            slots that join the upload only write to it.
//
// # Checksums
//
// Every checksum is CRC32C (Castagnoli polynomial 0x1EDC6F41, reflected, initial
// value and final xor 0xFFFFFFFF; RFC 3720, appendix B.4), carried as fixed32. All
// checksums from the client are optional. The server verifies each one that it
// receives, and fails the slot with DATA_LOSS if it does not match.
//
// # Credentials
//
// A client that has a token sends it in the metadata of each call, under the key
// "authorization", with the value "Bearer " followed by the token. The scheme "Bearer"
// may be in any letter case. A second "authorization" is an error. A client may have a
// TLS certificate instead, or both; then the token names the caller.
//
// Credentials that are missing or not valid end the call with UNAUTHENTICATED. A stream
// whose credentials expire or are revoked ends with UNAUTHENTICATED, too: the client may
// begin again with newer ones. The health of the whole server, grpc.health.v1.Health/Check
// without a service, needs no credentials.
//
// The headers of a call, the token included, may take 32 KiB together unless the operator
// changed that. Each counts as in SETTINGS_MAX_HEADER_LIST_SIZE of HTTP/2, with which the
// server tells its limit: name, value and 32 bytes. A library that keeps to the setting
// fails the call itself. Otherwise the server resets the call, or closes the connection
// with all its calls: the client then gets INTERNAL or UNAVAILABLE without an ErrorInfo.
// Proxies often allow only 4 to 16 KiB.
//
// # Messages
//
// A message may have at most max_message_bytes of GetServerInfo, decompressed. A larger one
// ends the whole call, with RESOURCE_EXHAUSTED and without an ErrorInfo: gRPC refuses it
// before the server can see which slot it is for. Files that were committed before stay.
// A chunk or put whose data alone is too large, in a message that is not, fails only its
// slot.
//
// The server accepts messages that are not compressed ("identity") and those compressed
// with "gzip", and answers each call with the compression that it was made with. Any other
// ends the call with UNIMPLEMENTED. Checksums are those of the data before compression.
//
// Values that the server does not know have no silent meaning:
//
//   - A message whose oneof `request` is not set, or has only members that the server does
//     not know, ends the stream with INVALID_ARGUMENT. An empty message is such a one.
//   - An unknown Begin.Mode fails the slot with UNIMPLEMENTED, an unknown Durability with
//     INVALID_ARGUMENT.
//   - An unknown field of Precondition, such as a later kind of condition, fails the slot
//     or call with UNIMPLEMENTED.
//   - Other unknown fields are ignored, as in all of protobuf.
//
// A client does the same with what it receives: it ignores responses and fields that it
// does not know, and treats an unknown min_durability as stronger than DURABLE.
//
// # Errors
//
// When one file of a stream fails, the server sends a `Failed` reply for its slot.
// When a whole call fails, the error is the gRPC status of the call. Both carry a
// gRPC status code, a message for people, and details: a google.rpc.ErrorInfo with
// the domain "tranship" and one of the reasons below and, for INVALID_ARGUMENT, a
// google.rpc.BadRequest that names the field and the rule.
//
// Clients decide by code and reason. The text of a message is not part of the
// protocol. A client must accept reasons that it does not know, and then decides by
// the code.
//
//   code                 reason                meaning
//   INVALID_ARGUMENT     INVALID               the request can never succeed as it is
//   NOT_FOUND            NOT_FOUND             the file or upload does not exist
//   ALREADY_EXISTS       EXISTS                the path, or a file above or below it,
//                                              exists
//   FAILED_PRECONDITION  PRECONDITION          a version or revision did not match, or
//                                              bytes are missing (the details then
//                                              include MissingRanges)
//   DATA_LOSS            INTEGRITY             a checksum did not match
//   RESOURCE_EXHAUSTED   LIMIT                 a limit, named by the message, was
//                                              exceeded
//   RESOURCE_EXHAUSTED   NO_SPACE              the store is full
//   RESOURCE_EXHAUSTED   QUOTA                 the caller's quota was exceeded
//   PERMISSION_DENIED    DENIED                the caller may not do this
//   UNAUTHENTICATED      UNAUTHENTICATED       credentials are missing or not valid
//   ABORTED              ABORTED               a newer writer or an abort ended the
//                                              upload; do not retry with the same
//                                              upload id and epoch
//   UNAVAILABLE          UNAVAILABLE           retry later, with backoff; the request
//                                              may have taken effect
//   UNAVAILABLE          REFUSED               retry later, with backoff; a limit
//                                              refused the request, which had no
//                                              effect
//   UNAVAILABLE          UNAVAILABLE_FOR_GOOD  do not retry: it will not help
//   UNIMPLEMENTED        UNSUPPORTED           this server or store cannot do it
//   CANCELLED            CANCELLED             the call or the slot was cancelled
//   DEADLINE_EXCEEDED    DEADLINE_EXCEEDED     the deadline of the call passed
//   INTERNAL             INTERNAL              the server failed; its log has the
//                                              cause
//
// The metadata of the ErrorInfo may have these keys. All of them are optional, and a
// client ignores those that it does not know.
//
//   path         the path of the store on which the request failed; "" is the root
//   op           what the server attempted with the path, a verb such as "read"
//   cause        the cause in words, when there is more to it than the reason
//   limit        the name of the limit that was exceeded, such as "file-bytes"
//   allowed      the value of the limit, a decimal number
//   asked        what the request needs of it, a decimal number in the same unit
//   for          what the limit counts for: a principal, an address or a path; absent
//                for a limit on one request or on the whole server
//   rule         the limit in words, and what to do
//   credentials  when the client sent no credentials, the kinds that the server
//                accepts: "token", "certificate" or "token certificate"
//
// A status without such an ErrorInfo does not come from a Tranship server. It comes
// from gRPC itself, or from a proxy such as a gateway that lost its server. The
// request may or may not have taken effect, and may succeed when it is retried.
//
// # Silence
//
// A stream can be silent for long while nothing is wrong: the source of an upload
// pauses, or the server waits for its disk. Proxies end calls that are silent for some
// 30 to 60 s, and neither end can tell a slow peer from a dead one. So both ends send
// something every few seconds.
//
// A client asks for that with request metadata in the headers of Upload, Download,
// List, ListUploads or DeleteTree:
//
//   tranship-keep-alive    the longest silence of the server, in milliseconds, a
//                          decimal number from 1 to 3600000; 5000 suits all proxies
//                          that we know
//
// While the server has something to do on such a stream, it sends a message at least
// that often: if it has nothing else to send, `keep_alive`, an empty batch of a list,
// or the progress of a removal. It raises an interval below
// min_keep_alive_interval to that, and lowers one above 20 s to 20 s. Servers that do
// not know the metadata ignore it.
//
// The server sends `keep_alive` also when it has received nothing for that time on a
// stream that the client has not half-closed. A client answers with a `keep_alive` of
// its own, unless it has sent something since the previous one. So it sends none to a
// server that would not understand it. A `keep_alive` shows that its sender is alive,
// and nothing else; starved_after tells a client whose messages do not arrive. A server may still end a stream with UNAVAILABLE because too few
// bytes come of a file whose size is known, or because the client does not take what
// it asked for. The client then resumes the upload, or opens the file again at the
// offset where it was. An upload of unknown size cannot be resumed; it may pause as
// long as its client answers.
//
// A client should not send HTTP/2 PING frames more often than min_ping_interval says,
// and none if it is absent: gRPC servers then permit one in 5 minutes, and end the
// connection after more.
//
// # Trying again
//
// A client tries again, on a new connection if the old one was lost, after:
//
//   UNAVAILABLE          unless the reason is UNAVAILABLE_FOR_GOOD; after REFUSED, the
//                        request certainly had no effect
//   CANCELLED, DEADLINE_EXCEEDED
//                        if the client itself has neither cancelled nor set a deadline
//   UNAUTHENTICATED      only if the client has newer credentials than it sent
//   INTERNAL, UNKNOWN    only without an ErrorInfo, and not after an HTTP status from
//                        300 to 499 except 408 and 425: then a proxy or gRPC itself ended
//                        the call
//
// It waits before each attempt, longer each time and for a random part of that time, and
// gives up when it has made no progress for as long as its user allows. All other codes
// are final, because the same request fails again; so is RESOURCE_EXHAUSTED without an
// ErrorInfo if it is about the size of a message.
//
// A request that is repeated may have taken effect before. A put, or an upload without
// keep, stores the file again. An upload with keep is continued with RESUME, which also
// finds that it was committed. Delete and Move then fail with NOT_FOUND, and a request
// with must_not_exist fails with ALREADY_EXISTS: a client that has to know checks what
// is there.
//
// Proxies answer with HTTP and HTTP/2, of which gRPC libraries make these codes. Some
// libraries differ, most of all where HTTP comes in the middle of a stream.
//
//   HTTP 429, 502, 503, 504       UNAVAILABLE
//   HTTP 401                      UNAUTHENTICATED
//   HTTP 403                      PERMISSION_DENIED
//   HTTP 404                      UNIMPLEMENTED; the proxy has no route to the service
//   HTTP 400                      INTERNAL
//   HTTP 413, 431 and others      UNKNOWN; the body or the headers exceed a limit of the
//                                 proxy, which its operator has to raise
//   RST_STREAM, REFUSED_STREAM    UNAVAILABLE, certainly without effect
//   RST_STREAM, CANCEL            CANCELLED
//   RST_STREAM, ENHANCE_YOUR_CALM RESOURCE_EXHAUSTED
//   RST_STREAM, others            INTERNAL, rarely RESOURCE_EXHAUSTED
//   GOAWAY or a lost connection   UNAVAILABLE

// Code generated by protoc-gen-go-grpc. DO NOT EDIT.
// versions:
// - protoc-gen-go-grpc v1.6.2
// - protoc             (unknown)
// source: tranship/v1/file_service.proto

package transhipv1

import (
	context "context"
	grpc "google.golang.org/grpc"
	codes "google.golang.org/grpc/codes"
	status "google.golang.org/grpc/status"
)

// This is a compile-time assertion to ensure that this generated file
// is compatible with the grpc package it is being compiled against.
// Requires gRPC-Go v1.64.0 or later.
const _ = grpc.SupportPackageIsVersion9

const (
	FileService_Upload_FullMethodName        = "/tranship.v1.FileService/Upload"
	FileService_Download_FullMethodName      = "/tranship.v1.FileService/Download"
	FileService_Stat_FullMethodName          = "/tranship.v1.FileService/Stat"
	FileService_List_FullMethodName          = "/tranship.v1.FileService/List"
	FileService_SetAttributes_FullMethodName = "/tranship.v1.FileService/SetAttributes"
	FileService_Delete_FullMethodName        = "/tranship.v1.FileService/Delete"
	FileService_DeleteTree_FullMethodName    = "/tranship.v1.FileService/DeleteTree"
	FileService_Move_FullMethodName          = "/tranship.v1.FileService/Move"
	FileService_Copy_FullMethodName          = "/tranship.v1.FileService/Copy"
	FileService_CopyFile_FullMethodName      = "/tranship.v1.FileService/CopyFile"
	FileService_ListUploads_FullMethodName   = "/tranship.v1.FileService/ListUploads"
	FileService_AbortUpload_FullMethodName   = "/tranship.v1.FileService/AbortUpload"
	FileService_VerifyFile_FullMethodName    = "/tranship.v1.FileService/VerifyFile"
	FileService_GetServerInfo_FullMethodName = "/tranship.v1.FileService/GetServerInfo"
)

// FileServiceClient is the client API for FileService service.
//
// For semantics around ctx use and closing/ending streaming RPCs, please refer to https://pkg.go.dev/google.golang.org/grpc/?tab=doc#ClientConn.NewStream.
//
// FileService transfers files to and from one store, and manages the files there.
//
// A call, or a slot of a stream, fails with INVALID_ARGUMENT if the path of its file or
// directory breaks the rules of a path.
type FileServiceClient interface {
	// Upload transfers any number of files to the server on one stream.
	//
	// The shortest correct client sends, for each file, `begin`, its chunks in order
	// and `finish`. After the last file it half-closes the stream and reads replies
	// until the stream ends. A file of at most 1 MiB may be sent as one `put` instead.
	//
	// Slots are nonzero, increase with every begin and put of the stream, and are
	// never reused. Each slot gets exactly one terminal reply, `finished` or
	// `failed`. The server then silently drops further messages for that slot. A
	// failed file never ends the stream and never affects another slot.
	//
	// At most 256 slots may be unfinished at once. A slot is unfinished from its
	// `begin` until its `finish` or `cancel`. A begin beyond the limit fails with
	// RESOURCE_EXHAUSTED. Puts do not count: a put that the server has no room for
	// waits, and so do the requests after it.
	//
	// A client need not read while it sends. For a client that does not read, the
	// server queues up to 16,384 replies, or 512 KiB of replies while it serves many
	// others. Beyond that, new begins and puts fail with RESOURCE_EXHAUSTED; at twice
	// that, the stream ends with RESOURCE_EXHAUSTED. Committed files stay.
	//
	// All fields of a message except its data may take at most 16 KiB together.
	// Otherwise the stream ends with RESOURCE_EXHAUSTED.
	//
	// When the stream breaks or is cancelled, the server removes every upload that a
	// slot of the stream owns and that was begun without `keep`. When the client
	// half-closes without `finish`, the server removes them as well, and replies
	// `failed`.
	Upload(ctx context.Context, opts ...grpc.CallOption) (grpc.BidiStreamingClient[UploadRequest, UploadResponse], error)
	// Download transfers any number of files, or ranges of files, to the client on
	// one stream.
	//
	// The client sends one `open` for each, without waiting for replies. The server
	// answers each slot with `opened`, chunks in ascending order without gaps, and
	// `done`. It may send `failed` at any point instead. Chunks of different slots may
	// interleave. A failed file never ends the stream. The stream ends with OK when
	// the client has half-closed and every slot has had its terminal reply, `done` or
	// `failed`.
	//
	// Slots are nonzero, increase with every open of the stream, and are never reused.
	// At most 256 slots may be without a terminal reply at once. A further open waits
	// until one of them has ended, and so do the requests after it, cancels included.
	Download(ctx context.Context, opts ...grpc.CallOption) (grpc.BidiStreamingClient[DownloadRequest, DownloadResponse], error)
	// Stat describes one file. It fails with NOT_FOUND if there is no file at the path,
	// also if there is a directory.
	Stat(ctx context.Context, in *StatRequest, opts ...grpc.CallOption) (*StatResponse, error)
	// List describes the files below a directory, in ascending bytewise order of
	// their full paths. A directory that has no files, or does not exist, gives an
	// empty list, not an error. Entries arrive in batches of unspecified size. With
	// report_skipped, the list reports what it leaves out and continues; without it,
	// a directory that cannot be read ends the list with an error.
	List(ctx context.Context, in *ListRequest, opts ...grpc.CallOption) (grpc.ServerStreamingClient[ListResponse], error)
	// SetAttributes changes the modified time, mode or metadata of a file. The version
	// of the file stays the same.
	SetAttributes(ctx context.Context, in *SetAttributesRequest, opts ...grpc.CallOption) (*SetAttributesResponse, error)
	// Delete removes one file. It fails with NOT_FOUND if there is no file at the path.
	Delete(ctx context.Context, in *DeleteRequest, opts ...grpc.CallOption) (*DeleteResponse, error)
	// DeleteTree removes all files below a directory, and so the directory itself.
	//
	// It stops at the first file that it cannot remove. The call then ends with the
	// error of that file, after a response that counts the files removed before. Those
	// stay removed. The call succeeds, and removes nothing, if the directory does not
	// exist or is a file. Files that are committed during the call may stay.
	// Unfinished uploads continue, and create the directory again when they commit.
	DeleteTree(ctx context.Context, in *DeleteTreeRequest, opts ...grpc.CallOption) (grpc.ServerStreamingClient[DeleteTreeResponse], error)
	// Move renames one file atomically, and keeps its attributes: at every moment
	// exactly one of the two paths has the file. A file at the destination is replaced
	// unless a precondition forbids it. Moving a file to its own path does nothing. It
	// fails with NOT_FOUND if there is no source, whatever the precondition.
	Move(ctx context.Context, in *MoveRequest, opts ...grpc.CallOption) (*MoveResponse, error)
	// Copy copies one file and its attributes inside the store; its bytes do not cross
	// the network. The copy becomes visible atomically, and has a version of its own. A
	// file at the destination is replaced unless a precondition forbids it. It fails with
	// NOT_FOUND if there is no source, whatever the precondition.
	//
	// A copy of a large file may take long, and the server sends nothing until it is
	// complete: a client behind a proxy uses CopyFile instead.
	Copy(ctx context.Context, in *CopyRequest, opts ...grpc.CallOption) (*CopyResponse, error)
	// CopyFile does what Copy does, and reports its progress. The server sends a response
	// every few seconds, also while no more bytes were copied, so that no proxy treats the
	// call as idle, and then one with `file`, which is the last. A client that cancels
	// the call before it has `file` ends the copy, which then has no effect, unless it was
	// complete by then.
	//
	// A server that lacks this method answers UNIMPLEMENTED; the client then uses Copy.
	CopyFile(ctx context.Context, in *CopyFileRequest, opts ...grpc.CallOption) (grpc.ServerStreamingClient[CopyFileResponse], error)
	// ListUploads describes the caller's unfinished uploads, in ascending bytewise
	// order of path and then of upload id.
	ListUploads(ctx context.Context, in *ListUploadsRequest, opts ...grpc.CallOption) (grpc.ServerStreamingClient[ListUploadsResponse], error)
	// AbortUpload removes an unfinished upload of the caller and the bytes stored for
	// it. Slots that write to the upload fail with ABORTED. An unknown upload, or that
	// of another caller, is NOT_FOUND.
	AbortUpload(ctx context.Context, in *AbortUploadRequest, opts ...grpc.CallOption) (*AbortUploadResponse, error)
	// VerifyFile reads a file in the store and compares it with its checksum; its bytes do
	// not cross the network. The server sends a response every few seconds, so that neither
	// the client nor a proxy takes it for dead; the last one has the file.
	//
	// If the bytes do not match the checksum, the call fails with DATA_LOSS. A file without a
	// checksum is read, too: the last response then has no `file.crc32c`. The call needs the
	// right to read the file.
	VerifyFile(ctx context.Context, in *VerifyFileRequest, opts ...grpc.CallOption) (grpc.ServerStreamingClient[VerifyFileResponse], error)
	// GetServerInfo returns the version and the limits of the server.
	GetServerInfo(ctx context.Context, in *GetServerInfoRequest, opts ...grpc.CallOption) (*GetServerInfoResponse, error)
}

type fileServiceClient struct {
	cc grpc.ClientConnInterface
}

func NewFileServiceClient(cc grpc.ClientConnInterface) FileServiceClient {
	return &fileServiceClient{cc}
}

func (c *fileServiceClient) Upload(ctx context.Context, opts ...grpc.CallOption) (grpc.BidiStreamingClient[UploadRequest, UploadResponse], error) {
	cOpts := append([]grpc.CallOption{grpc.StaticMethod()}, opts...)
	stream, err := c.cc.NewStream(ctx, &FileService_ServiceDesc.Streams[0], FileService_Upload_FullMethodName, cOpts...)
	if err != nil {
		return nil, err
	}
	x := &grpc.GenericClientStream[UploadRequest, UploadResponse]{ClientStream: stream}
	return x, nil
}

// This type alias is provided for backwards compatibility with existing code that references the prior non-generic stream type by name.
type FileService_UploadClient = grpc.BidiStreamingClient[UploadRequest, UploadResponse]

func (c *fileServiceClient) Download(ctx context.Context, opts ...grpc.CallOption) (grpc.BidiStreamingClient[DownloadRequest, DownloadResponse], error) {
	cOpts := append([]grpc.CallOption{grpc.StaticMethod()}, opts...)
	stream, err := c.cc.NewStream(ctx, &FileService_ServiceDesc.Streams[1], FileService_Download_FullMethodName, cOpts...)
	if err != nil {
		return nil, err
	}
	x := &grpc.GenericClientStream[DownloadRequest, DownloadResponse]{ClientStream: stream}
	return x, nil
}

// This type alias is provided for backwards compatibility with existing code that references the prior non-generic stream type by name.
type FileService_DownloadClient = grpc.BidiStreamingClient[DownloadRequest, DownloadResponse]

func (c *fileServiceClient) Stat(ctx context.Context, in *StatRequest, opts ...grpc.CallOption) (*StatResponse, error) {
	cOpts := append([]grpc.CallOption{grpc.StaticMethod()}, opts...)
	out := new(StatResponse)
	err := c.cc.Invoke(ctx, FileService_Stat_FullMethodName, in, out, cOpts...)
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (c *fileServiceClient) List(ctx context.Context, in *ListRequest, opts ...grpc.CallOption) (grpc.ServerStreamingClient[ListResponse], error) {
	cOpts := append([]grpc.CallOption{grpc.StaticMethod()}, opts...)
	stream, err := c.cc.NewStream(ctx, &FileService_ServiceDesc.Streams[2], FileService_List_FullMethodName, cOpts...)
	if err != nil {
		return nil, err
	}
	x := &grpc.GenericClientStream[ListRequest, ListResponse]{ClientStream: stream}
	if err := x.ClientStream.SendMsg(in); err != nil {
		return nil, err
	}
	if err := x.ClientStream.CloseSend(); err != nil {
		return nil, err
	}
	return x, nil
}

// This type alias is provided for backwards compatibility with existing code that references the prior non-generic stream type by name.
type FileService_ListClient = grpc.ServerStreamingClient[ListResponse]

func (c *fileServiceClient) SetAttributes(ctx context.Context, in *SetAttributesRequest, opts ...grpc.CallOption) (*SetAttributesResponse, error) {
	cOpts := append([]grpc.CallOption{grpc.StaticMethod()}, opts...)
	out := new(SetAttributesResponse)
	err := c.cc.Invoke(ctx, FileService_SetAttributes_FullMethodName, in, out, cOpts...)
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (c *fileServiceClient) Delete(ctx context.Context, in *DeleteRequest, opts ...grpc.CallOption) (*DeleteResponse, error) {
	cOpts := append([]grpc.CallOption{grpc.StaticMethod()}, opts...)
	out := new(DeleteResponse)
	err := c.cc.Invoke(ctx, FileService_Delete_FullMethodName, in, out, cOpts...)
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (c *fileServiceClient) DeleteTree(ctx context.Context, in *DeleteTreeRequest, opts ...grpc.CallOption) (grpc.ServerStreamingClient[DeleteTreeResponse], error) {
	cOpts := append([]grpc.CallOption{grpc.StaticMethod()}, opts...)
	stream, err := c.cc.NewStream(ctx, &FileService_ServiceDesc.Streams[3], FileService_DeleteTree_FullMethodName, cOpts...)
	if err != nil {
		return nil, err
	}
	x := &grpc.GenericClientStream[DeleteTreeRequest, DeleteTreeResponse]{ClientStream: stream}
	if err := x.ClientStream.SendMsg(in); err != nil {
		return nil, err
	}
	if err := x.ClientStream.CloseSend(); err != nil {
		return nil, err
	}
	return x, nil
}

// This type alias is provided for backwards compatibility with existing code that references the prior non-generic stream type by name.
type FileService_DeleteTreeClient = grpc.ServerStreamingClient[DeleteTreeResponse]

func (c *fileServiceClient) Move(ctx context.Context, in *MoveRequest, opts ...grpc.CallOption) (*MoveResponse, error) {
	cOpts := append([]grpc.CallOption{grpc.StaticMethod()}, opts...)
	out := new(MoveResponse)
	err := c.cc.Invoke(ctx, FileService_Move_FullMethodName, in, out, cOpts...)
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (c *fileServiceClient) Copy(ctx context.Context, in *CopyRequest, opts ...grpc.CallOption) (*CopyResponse, error) {
	cOpts := append([]grpc.CallOption{grpc.StaticMethod()}, opts...)
	out := new(CopyResponse)
	err := c.cc.Invoke(ctx, FileService_Copy_FullMethodName, in, out, cOpts...)
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (c *fileServiceClient) CopyFile(ctx context.Context, in *CopyFileRequest, opts ...grpc.CallOption) (grpc.ServerStreamingClient[CopyFileResponse], error) {
	cOpts := append([]grpc.CallOption{grpc.StaticMethod()}, opts...)
	stream, err := c.cc.NewStream(ctx, &FileService_ServiceDesc.Streams[4], FileService_CopyFile_FullMethodName, cOpts...)
	if err != nil {
		return nil, err
	}
	x := &grpc.GenericClientStream[CopyFileRequest, CopyFileResponse]{ClientStream: stream}
	if err := x.ClientStream.SendMsg(in); err != nil {
		return nil, err
	}
	if err := x.ClientStream.CloseSend(); err != nil {
		return nil, err
	}
	return x, nil
}

// This type alias is provided for backwards compatibility with existing code that references the prior non-generic stream type by name.
type FileService_CopyFileClient = grpc.ServerStreamingClient[CopyFileResponse]

func (c *fileServiceClient) ListUploads(ctx context.Context, in *ListUploadsRequest, opts ...grpc.CallOption) (grpc.ServerStreamingClient[ListUploadsResponse], error) {
	cOpts := append([]grpc.CallOption{grpc.StaticMethod()}, opts...)
	stream, err := c.cc.NewStream(ctx, &FileService_ServiceDesc.Streams[5], FileService_ListUploads_FullMethodName, cOpts...)
	if err != nil {
		return nil, err
	}
	x := &grpc.GenericClientStream[ListUploadsRequest, ListUploadsResponse]{ClientStream: stream}
	if err := x.ClientStream.SendMsg(in); err != nil {
		return nil, err
	}
	if err := x.ClientStream.CloseSend(); err != nil {
		return nil, err
	}
	return x, nil
}

// This type alias is provided for backwards compatibility with existing code that references the prior non-generic stream type by name.
type FileService_ListUploadsClient = grpc.ServerStreamingClient[ListUploadsResponse]

func (c *fileServiceClient) AbortUpload(ctx context.Context, in *AbortUploadRequest, opts ...grpc.CallOption) (*AbortUploadResponse, error) {
	cOpts := append([]grpc.CallOption{grpc.StaticMethod()}, opts...)
	out := new(AbortUploadResponse)
	err := c.cc.Invoke(ctx, FileService_AbortUpload_FullMethodName, in, out, cOpts...)
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (c *fileServiceClient) VerifyFile(ctx context.Context, in *VerifyFileRequest, opts ...grpc.CallOption) (grpc.ServerStreamingClient[VerifyFileResponse], error) {
	cOpts := append([]grpc.CallOption{grpc.StaticMethod()}, opts...)
	stream, err := c.cc.NewStream(ctx, &FileService_ServiceDesc.Streams[6], FileService_VerifyFile_FullMethodName, cOpts...)
	if err != nil {
		return nil, err
	}
	x := &grpc.GenericClientStream[VerifyFileRequest, VerifyFileResponse]{ClientStream: stream}
	if err := x.ClientStream.SendMsg(in); err != nil {
		return nil, err
	}
	if err := x.ClientStream.CloseSend(); err != nil {
		return nil, err
	}
	return x, nil
}

// This type alias is provided for backwards compatibility with existing code that references the prior non-generic stream type by name.
type FileService_VerifyFileClient = grpc.ServerStreamingClient[VerifyFileResponse]

func (c *fileServiceClient) GetServerInfo(ctx context.Context, in *GetServerInfoRequest, opts ...grpc.CallOption) (*GetServerInfoResponse, error) {
	cOpts := append([]grpc.CallOption{grpc.StaticMethod()}, opts...)
	out := new(GetServerInfoResponse)
	err := c.cc.Invoke(ctx, FileService_GetServerInfo_FullMethodName, in, out, cOpts...)
	if err != nil {
		return nil, err
	}
	return out, nil
}

// FileServiceServer is the server API for FileService service.
// All implementations must embed UnimplementedFileServiceServer
// for forward compatibility.
//
// FileService transfers files to and from one store, and manages the files there.
//
// A call, or a slot of a stream, fails with INVALID_ARGUMENT if the path of its file or
// directory breaks the rules of a path.
type FileServiceServer interface {
	// Upload transfers any number of files to the server on one stream.
	//
	// The shortest correct client sends, for each file, `begin`, its chunks in order
	// and `finish`. After the last file it half-closes the stream and reads replies
	// until the stream ends. A file of at most 1 MiB may be sent as one `put` instead.
	//
	// Slots are nonzero, increase with every begin and put of the stream, and are
	// never reused. Each slot gets exactly one terminal reply, `finished` or
	// `failed`. The server then silently drops further messages for that slot. A
	// failed file never ends the stream and never affects another slot.
	//
	// At most 256 slots may be unfinished at once. A slot is unfinished from its
	// `begin` until its `finish` or `cancel`. A begin beyond the limit fails with
	// RESOURCE_EXHAUSTED. Puts do not count: a put that the server has no room for
	// waits, and so do the requests after it.
	//
	// A client need not read while it sends. For a client that does not read, the
	// server queues up to 16,384 replies, or 512 KiB of replies while it serves many
	// others. Beyond that, new begins and puts fail with RESOURCE_EXHAUSTED; at twice
	// that, the stream ends with RESOURCE_EXHAUSTED. Committed files stay.
	//
	// All fields of a message except its data may take at most 16 KiB together.
	// Otherwise the stream ends with RESOURCE_EXHAUSTED.
	//
	// When the stream breaks or is cancelled, the server removes every upload that a
	// slot of the stream owns and that was begun without `keep`. When the client
	// half-closes without `finish`, the server removes them as well, and replies
	// `failed`.
	Upload(grpc.BidiStreamingServer[UploadRequest, UploadResponse]) error
	// Download transfers any number of files, or ranges of files, to the client on
	// one stream.
	//
	// The client sends one `open` for each, without waiting for replies. The server
	// answers each slot with `opened`, chunks in ascending order without gaps, and
	// `done`. It may send `failed` at any point instead. Chunks of different slots may
	// interleave. A failed file never ends the stream. The stream ends with OK when
	// the client has half-closed and every slot has had its terminal reply, `done` or
	// `failed`.
	//
	// Slots are nonzero, increase with every open of the stream, and are never reused.
	// At most 256 slots may be without a terminal reply at once. A further open waits
	// until one of them has ended, and so do the requests after it, cancels included.
	Download(grpc.BidiStreamingServer[DownloadRequest, DownloadResponse]) error
	// Stat describes one file. It fails with NOT_FOUND if there is no file at the path,
	// also if there is a directory.
	Stat(context.Context, *StatRequest) (*StatResponse, error)
	// List describes the files below a directory, in ascending bytewise order of
	// their full paths. A directory that has no files, or does not exist, gives an
	// empty list, not an error. Entries arrive in batches of unspecified size. With
	// report_skipped, the list reports what it leaves out and continues; without it,
	// a directory that cannot be read ends the list with an error.
	List(*ListRequest, grpc.ServerStreamingServer[ListResponse]) error
	// SetAttributes changes the modified time, mode or metadata of a file. The version
	// of the file stays the same.
	SetAttributes(context.Context, *SetAttributesRequest) (*SetAttributesResponse, error)
	// Delete removes one file. It fails with NOT_FOUND if there is no file at the path.
	Delete(context.Context, *DeleteRequest) (*DeleteResponse, error)
	// DeleteTree removes all files below a directory, and so the directory itself.
	//
	// It stops at the first file that it cannot remove. The call then ends with the
	// error of that file, after a response that counts the files removed before. Those
	// stay removed. The call succeeds, and removes nothing, if the directory does not
	// exist or is a file. Files that are committed during the call may stay.
	// Unfinished uploads continue, and create the directory again when they commit.
	DeleteTree(*DeleteTreeRequest, grpc.ServerStreamingServer[DeleteTreeResponse]) error
	// Move renames one file atomically, and keeps its attributes: at every moment
	// exactly one of the two paths has the file. A file at the destination is replaced
	// unless a precondition forbids it. Moving a file to its own path does nothing. It
	// fails with NOT_FOUND if there is no source, whatever the precondition.
	Move(context.Context, *MoveRequest) (*MoveResponse, error)
	// Copy copies one file and its attributes inside the store; its bytes do not cross
	// the network. The copy becomes visible atomically, and has a version of its own. A
	// file at the destination is replaced unless a precondition forbids it. It fails with
	// NOT_FOUND if there is no source, whatever the precondition.
	//
	// A copy of a large file may take long, and the server sends nothing until it is
	// complete: a client behind a proxy uses CopyFile instead.
	Copy(context.Context, *CopyRequest) (*CopyResponse, error)
	// CopyFile does what Copy does, and reports its progress. The server sends a response
	// every few seconds, also while no more bytes were copied, so that no proxy treats the
	// call as idle, and then one with `file`, which is the last. A client that cancels
	// the call before it has `file` ends the copy, which then has no effect, unless it was
	// complete by then.
	//
	// A server that lacks this method answers UNIMPLEMENTED; the client then uses Copy.
	CopyFile(*CopyFileRequest, grpc.ServerStreamingServer[CopyFileResponse]) error
	// ListUploads describes the caller's unfinished uploads, in ascending bytewise
	// order of path and then of upload id.
	ListUploads(*ListUploadsRequest, grpc.ServerStreamingServer[ListUploadsResponse]) error
	// AbortUpload removes an unfinished upload of the caller and the bytes stored for
	// it. Slots that write to the upload fail with ABORTED. An unknown upload, or that
	// of another caller, is NOT_FOUND.
	AbortUpload(context.Context, *AbortUploadRequest) (*AbortUploadResponse, error)
	// VerifyFile reads a file in the store and compares it with its checksum; its bytes do
	// not cross the network. The server sends a response every few seconds, so that neither
	// the client nor a proxy takes it for dead; the last one has the file.
	//
	// If the bytes do not match the checksum, the call fails with DATA_LOSS. A file without a
	// checksum is read, too: the last response then has no `file.crc32c`. The call needs the
	// right to read the file.
	VerifyFile(*VerifyFileRequest, grpc.ServerStreamingServer[VerifyFileResponse]) error
	// GetServerInfo returns the version and the limits of the server.
	GetServerInfo(context.Context, *GetServerInfoRequest) (*GetServerInfoResponse, error)
	mustEmbedUnimplementedFileServiceServer()
}

// UnimplementedFileServiceServer must be embedded to have
// forward compatible implementations.
//
// NOTE: this should be embedded by value instead of pointer to avoid a nil
// pointer dereference when methods are called.
type UnimplementedFileServiceServer struct{}

func (UnimplementedFileServiceServer) Upload(grpc.BidiStreamingServer[UploadRequest, UploadResponse]) error {
	return status.Error(codes.Unimplemented, "method Upload not implemented")
}
func (UnimplementedFileServiceServer) Download(grpc.BidiStreamingServer[DownloadRequest, DownloadResponse]) error {
	return status.Error(codes.Unimplemented, "method Download not implemented")
}
func (UnimplementedFileServiceServer) Stat(context.Context, *StatRequest) (*StatResponse, error) {
	return nil, status.Error(codes.Unimplemented, "method Stat not implemented")
}
func (UnimplementedFileServiceServer) List(*ListRequest, grpc.ServerStreamingServer[ListResponse]) error {
	return status.Error(codes.Unimplemented, "method List not implemented")
}
func (UnimplementedFileServiceServer) SetAttributes(context.Context, *SetAttributesRequest) (*SetAttributesResponse, error) {
	return nil, status.Error(codes.Unimplemented, "method SetAttributes not implemented")
}
func (UnimplementedFileServiceServer) Delete(context.Context, *DeleteRequest) (*DeleteResponse, error) {
	return nil, status.Error(codes.Unimplemented, "method Delete not implemented")
}
func (UnimplementedFileServiceServer) DeleteTree(*DeleteTreeRequest, grpc.ServerStreamingServer[DeleteTreeResponse]) error {
	return status.Error(codes.Unimplemented, "method DeleteTree not implemented")
}
func (UnimplementedFileServiceServer) Move(context.Context, *MoveRequest) (*MoveResponse, error) {
	return nil, status.Error(codes.Unimplemented, "method Move not implemented")
}
func (UnimplementedFileServiceServer) Copy(context.Context, *CopyRequest) (*CopyResponse, error) {
	return nil, status.Error(codes.Unimplemented, "method Copy not implemented")
}
func (UnimplementedFileServiceServer) CopyFile(*CopyFileRequest, grpc.ServerStreamingServer[CopyFileResponse]) error {
	return status.Error(codes.Unimplemented, "method CopyFile not implemented")
}
func (UnimplementedFileServiceServer) ListUploads(*ListUploadsRequest, grpc.ServerStreamingServer[ListUploadsResponse]) error {
	return status.Error(codes.Unimplemented, "method ListUploads not implemented")
}
func (UnimplementedFileServiceServer) AbortUpload(context.Context, *AbortUploadRequest) (*AbortUploadResponse, error) {
	return nil, status.Error(codes.Unimplemented, "method AbortUpload not implemented")
}
func (UnimplementedFileServiceServer) VerifyFile(*VerifyFileRequest, grpc.ServerStreamingServer[VerifyFileResponse]) error {
	return status.Error(codes.Unimplemented, "method VerifyFile not implemented")
}
func (UnimplementedFileServiceServer) GetServerInfo(context.Context, *GetServerInfoRequest) (*GetServerInfoResponse, error) {
	return nil, status.Error(codes.Unimplemented, "method GetServerInfo not implemented")
}
func (UnimplementedFileServiceServer) mustEmbedUnimplementedFileServiceServer() {}
func (UnimplementedFileServiceServer) testEmbeddedByValue()                     {}

// UnsafeFileServiceServer may be embedded to opt out of forward compatibility for this service.
// Use of this interface is not recommended, as added methods to FileServiceServer will
// result in compilation errors.
type UnsafeFileServiceServer interface {
	mustEmbedUnimplementedFileServiceServer()
}

func RegisterFileServiceServer(s grpc.ServiceRegistrar, srv FileServiceServer) {
	// If the following call panics, it indicates UnimplementedFileServiceServer was
	// embedded by pointer and is nil.  This will cause panics if an
	// unimplemented method is ever invoked, so we test this at initialization
	// time to prevent it from happening at runtime later due to I/O.
	if t, ok := srv.(interface{ testEmbeddedByValue() }); ok {
		t.testEmbeddedByValue()
	}
	s.RegisterService(&FileService_ServiceDesc, srv)
}

func _FileService_Upload_Handler(srv interface{}, stream grpc.ServerStream) error {
	return srv.(FileServiceServer).Upload(&grpc.GenericServerStream[UploadRequest, UploadResponse]{ServerStream: stream})
}

// This type alias is provided for backwards compatibility with existing code that references the prior non-generic stream type by name.
type FileService_UploadServer = grpc.BidiStreamingServer[UploadRequest, UploadResponse]

func _FileService_Download_Handler(srv interface{}, stream grpc.ServerStream) error {
	return srv.(FileServiceServer).Download(&grpc.GenericServerStream[DownloadRequest, DownloadResponse]{ServerStream: stream})
}

// This type alias is provided for backwards compatibility with existing code that references the prior non-generic stream type by name.
type FileService_DownloadServer = grpc.BidiStreamingServer[DownloadRequest, DownloadResponse]

func _FileService_Stat_Handler(srv interface{}, ctx context.Context, dec func(interface{}) error, interceptor grpc.UnaryServerInterceptor) (interface{}, error) {
	in := new(StatRequest)
	if err := dec(in); err != nil {
		return nil, err
	}
	if interceptor == nil {
		return srv.(FileServiceServer).Stat(ctx, in)
	}
	info := &grpc.UnaryServerInfo{
		Server:     srv,
		FullMethod: FileService_Stat_FullMethodName,
	}
	handler := func(ctx context.Context, req interface{}) (interface{}, error) {
		return srv.(FileServiceServer).Stat(ctx, req.(*StatRequest))
	}
	return interceptor(ctx, in, info, handler)
}

func _FileService_List_Handler(srv interface{}, stream grpc.ServerStream) error {
	m := new(ListRequest)
	if err := stream.RecvMsg(m); err != nil {
		return err
	}
	return srv.(FileServiceServer).List(m, &grpc.GenericServerStream[ListRequest, ListResponse]{ServerStream: stream})
}

// This type alias is provided for backwards compatibility with existing code that references the prior non-generic stream type by name.
type FileService_ListServer = grpc.ServerStreamingServer[ListResponse]

func _FileService_SetAttributes_Handler(srv interface{}, ctx context.Context, dec func(interface{}) error, interceptor grpc.UnaryServerInterceptor) (interface{}, error) {
	in := new(SetAttributesRequest)
	if err := dec(in); err != nil {
		return nil, err
	}
	if interceptor == nil {
		return srv.(FileServiceServer).SetAttributes(ctx, in)
	}
	info := &grpc.UnaryServerInfo{
		Server:     srv,
		FullMethod: FileService_SetAttributes_FullMethodName,
	}
	handler := func(ctx context.Context, req interface{}) (interface{}, error) {
		return srv.(FileServiceServer).SetAttributes(ctx, req.(*SetAttributesRequest))
	}
	return interceptor(ctx, in, info, handler)
}

func _FileService_Delete_Handler(srv interface{}, ctx context.Context, dec func(interface{}) error, interceptor grpc.UnaryServerInterceptor) (interface{}, error) {
	in := new(DeleteRequest)
	if err := dec(in); err != nil {
		return nil, err
	}
	if interceptor == nil {
		return srv.(FileServiceServer).Delete(ctx, in)
	}
	info := &grpc.UnaryServerInfo{
		Server:     srv,
		FullMethod: FileService_Delete_FullMethodName,
	}
	handler := func(ctx context.Context, req interface{}) (interface{}, error) {
		return srv.(FileServiceServer).Delete(ctx, req.(*DeleteRequest))
	}
	return interceptor(ctx, in, info, handler)
}

func _FileService_DeleteTree_Handler(srv interface{}, stream grpc.ServerStream) error {
	m := new(DeleteTreeRequest)
	if err := stream.RecvMsg(m); err != nil {
		return err
	}
	return srv.(FileServiceServer).DeleteTree(m, &grpc.GenericServerStream[DeleteTreeRequest, DeleteTreeResponse]{ServerStream: stream})
}

// This type alias is provided for backwards compatibility with existing code that references the prior non-generic stream type by name.
type FileService_DeleteTreeServer = grpc.ServerStreamingServer[DeleteTreeResponse]

func _FileService_Move_Handler(srv interface{}, ctx context.Context, dec func(interface{}) error, interceptor grpc.UnaryServerInterceptor) (interface{}, error) {
	in := new(MoveRequest)
	if err := dec(in); err != nil {
		return nil, err
	}
	if interceptor == nil {
		return srv.(FileServiceServer).Move(ctx, in)
	}
	info := &grpc.UnaryServerInfo{
		Server:     srv,
		FullMethod: FileService_Move_FullMethodName,
	}
	handler := func(ctx context.Context, req interface{}) (interface{}, error) {
		return srv.(FileServiceServer).Move(ctx, req.(*MoveRequest))
	}
	return interceptor(ctx, in, info, handler)
}

func _FileService_Copy_Handler(srv interface{}, ctx context.Context, dec func(interface{}) error, interceptor grpc.UnaryServerInterceptor) (interface{}, error) {
	in := new(CopyRequest)
	if err := dec(in); err != nil {
		return nil, err
	}
	if interceptor == nil {
		return srv.(FileServiceServer).Copy(ctx, in)
	}
	info := &grpc.UnaryServerInfo{
		Server:     srv,
		FullMethod: FileService_Copy_FullMethodName,
	}
	handler := func(ctx context.Context, req interface{}) (interface{}, error) {
		return srv.(FileServiceServer).Copy(ctx, req.(*CopyRequest))
	}
	return interceptor(ctx, in, info, handler)
}

func _FileService_CopyFile_Handler(srv interface{}, stream grpc.ServerStream) error {
	m := new(CopyFileRequest)
	if err := stream.RecvMsg(m); err != nil {
		return err
	}
	return srv.(FileServiceServer).CopyFile(m, &grpc.GenericServerStream[CopyFileRequest, CopyFileResponse]{ServerStream: stream})
}

// This type alias is provided for backwards compatibility with existing code that references the prior non-generic stream type by name.
type FileService_CopyFileServer = grpc.ServerStreamingServer[CopyFileResponse]

func _FileService_ListUploads_Handler(srv interface{}, stream grpc.ServerStream) error {
	m := new(ListUploadsRequest)
	if err := stream.RecvMsg(m); err != nil {
		return err
	}
	return srv.(FileServiceServer).ListUploads(m, &grpc.GenericServerStream[ListUploadsRequest, ListUploadsResponse]{ServerStream: stream})
}

// This type alias is provided for backwards compatibility with existing code that references the prior non-generic stream type by name.
type FileService_ListUploadsServer = grpc.ServerStreamingServer[ListUploadsResponse]

func _FileService_AbortUpload_Handler(srv interface{}, ctx context.Context, dec func(interface{}) error, interceptor grpc.UnaryServerInterceptor) (interface{}, error) {
	in := new(AbortUploadRequest)
	if err := dec(in); err != nil {
		return nil, err
	}
	if interceptor == nil {
		return srv.(FileServiceServer).AbortUpload(ctx, in)
	}
	info := &grpc.UnaryServerInfo{
		Server:     srv,
		FullMethod: FileService_AbortUpload_FullMethodName,
	}
	handler := func(ctx context.Context, req interface{}) (interface{}, error) {
		return srv.(FileServiceServer).AbortUpload(ctx, req.(*AbortUploadRequest))
	}
	return interceptor(ctx, in, info, handler)
}

func _FileService_VerifyFile_Handler(srv interface{}, stream grpc.ServerStream) error {
	m := new(VerifyFileRequest)
	if err := stream.RecvMsg(m); err != nil {
		return err
	}
	return srv.(FileServiceServer).VerifyFile(m, &grpc.GenericServerStream[VerifyFileRequest, VerifyFileResponse]{ServerStream: stream})
}

// This type alias is provided for backwards compatibility with existing code that references the prior non-generic stream type by name.
type FileService_VerifyFileServer = grpc.ServerStreamingServer[VerifyFileResponse]

func _FileService_GetServerInfo_Handler(srv interface{}, ctx context.Context, dec func(interface{}) error, interceptor grpc.UnaryServerInterceptor) (interface{}, error) {
	in := new(GetServerInfoRequest)
	if err := dec(in); err != nil {
		return nil, err
	}
	if interceptor == nil {
		return srv.(FileServiceServer).GetServerInfo(ctx, in)
	}
	info := &grpc.UnaryServerInfo{
		Server:     srv,
		FullMethod: FileService_GetServerInfo_FullMethodName,
	}
	handler := func(ctx context.Context, req interface{}) (interface{}, error) {
		return srv.(FileServiceServer).GetServerInfo(ctx, req.(*GetServerInfoRequest))
	}
	return interceptor(ctx, in, info, handler)
}

// FileService_ServiceDesc is the grpc.ServiceDesc for FileService service.
// It's only intended for direct use with grpc.RegisterService,
// and not to be introspected or modified (even as a copy)
var FileService_ServiceDesc = grpc.ServiceDesc{
	ServiceName: "tranship.v1.FileService",
	HandlerType: (*FileServiceServer)(nil),
	Methods: []grpc.MethodDesc{
		{
			MethodName: "Stat",
			Handler:    _FileService_Stat_Handler,
		},
		{
			MethodName: "SetAttributes",
			Handler:    _FileService_SetAttributes_Handler,
		},
		{
			MethodName: "Delete",
			Handler:    _FileService_Delete_Handler,
		},
		{
			MethodName: "Move",
			Handler:    _FileService_Move_Handler,
		},
		{
			MethodName: "Copy",
			Handler:    _FileService_Copy_Handler,
		},
		{
			MethodName: "AbortUpload",
			Handler:    _FileService_AbortUpload_Handler,
		},
		{
			MethodName: "GetServerInfo",
			Handler:    _FileService_GetServerInfo_Handler,
		},
	},
	Streams: []grpc.StreamDesc{
		{
			StreamName:    "Upload",
			Handler:       _FileService_Upload_Handler,
			ServerStreams: true,
			ClientStreams: true,
		},
		{
			StreamName:    "Download",
			Handler:       _FileService_Download_Handler,
			ServerStreams: true,
			ClientStreams: true,
		},
		{
			StreamName:    "List",
			Handler:       _FileService_List_Handler,
			ServerStreams: true,
		},
		{
			StreamName:    "DeleteTree",
			Handler:       _FileService_DeleteTree_Handler,
			ServerStreams: true,
		},
		{
			StreamName:    "CopyFile",
			Handler:       _FileService_CopyFile_Handler,
			ServerStreams: true,
		},
		{
			StreamName:    "ListUploads",
			Handler:       _FileService_ListUploads_Handler,
			ServerStreams: true,
		},
		{
			StreamName:    "VerifyFile",
			Handler:       _FileService_VerifyFile_Handler,
			ServerStreams: true,
		},
	},
	Metadata: "tranship/v1/file_service.proto",
}
