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

// Code generated by protoc-gen-go. DO NOT EDIT.
// versions:
// 	protoc-gen-go v1.36.12
// 	protoc        (unknown)
// source: tranship/v1/file_service.proto

package transhipv1

import (
	protoreflect "google.golang.org/protobuf/reflect/protoreflect"
	protoimpl "google.golang.org/protobuf/runtime/protoimpl"
	anypb "google.golang.org/protobuf/types/known/anypb"
	durationpb "google.golang.org/protobuf/types/known/durationpb"
	timestamppb "google.golang.org/protobuf/types/known/timestamppb"
	reflect "reflect"
	sync "sync"
	unsafe "unsafe"
)

const (
	// Verify that this generated code is sufficiently up-to-date.
	_ = protoimpl.EnforceVersion(20 - protoimpl.MinVersion)
	// Verify that runtime/protoimpl is sufficiently up-to-date.
	_ = protoimpl.EnforceVersion(protoimpl.MaxVersion - 20)
)

// Durability is what a store must have done before it reports a commit.
type Durability int32

const (
	// The default of the server, which is DURABLE unless its operator changed it.
	Durability_DURABILITY_UNSPECIFIED Durability = 0
	// Written to the operating system: survives a crash of the server process, but
	// perhaps not a crash of the machine.
	Durability_DURABILITY_WRITTEN Durability = 1
	// Synced to storage: survives power loss.
	Durability_DURABILITY_DURABLE Durability = 2
)

// Enum value maps for Durability.
var (
	Durability_name = map[int32]string{
		0: "DURABILITY_UNSPECIFIED",
		1: "DURABILITY_WRITTEN",
		2: "DURABILITY_DURABLE",
	}
	Durability_value = map[string]int32{
		"DURABILITY_UNSPECIFIED": 0,
		"DURABILITY_WRITTEN":     1,
		"DURABILITY_DURABLE":     2,
	}
)

func (x Durability) Enum() *Durability {
	p := new(Durability)
	*p = x
	return p
}

func (x Durability) String() string {
	return protoimpl.X.EnumStringOf(x.Descriptor(), protoreflect.EnumNumber(x))
}

func (Durability) Descriptor() protoreflect.EnumDescriptor {
	return file_tranship_v1_file_service_proto_enumTypes[0].Descriptor()
}

func (Durability) Type() protoreflect.EnumType {
	return &file_tranship_v1_file_service_proto_enumTypes[0]
}

func (x Durability) Number() protoreflect.EnumNumber {
	return protoreflect.EnumNumber(x)
}

// Deprecated: Use Durability.Descriptor instead.
func (Durability) EnumDescriptor() ([]byte, []int) {
	return file_tranship_v1_file_service_proto_rawDescGZIP(), []int{0}
}

// How a slot relates to an upload.
type Begin_Mode int32

const (
	// The same as NEW.
	Begin_MODE_UNSPECIFIED Begin_Mode = 0
	// Begins a new upload, which this slot owns. With keep, it replaces an
	// unfinished upload of the caller with the same path, size and resume_key.
	Begin_MODE_NEW Begin_Mode = 1
	// Resumes the caller's unfinished upload with this path, size and resume_key, or
	// begins a new one if there is none. This slot owns the upload. The epoch of the
	// upload increases, and its older writers fail with ABORTED.
	//
	// It also finds an upload that was committed within the last day, unless its
	// file has been replaced since, for a client that did not receive `finished` or
	// has other attributes now. Nothing of such an upload is missing. A finish
	// applies the attributes that are present and the durability to the file, and
	// replies `finished` with it; a chunk fails with ABORTED; a cancel makes the
	// server forget the upload.
	Begin_MODE_RESUME Begin_Mode = 2
	// Adds a writer to the caller's upload with this upload_id and epoch. Another slot
	// owns the upload, perhaps on another stream or connection. The server ignores
	// all fields except slot, mode, upload_id, epoch and progress_interval.
	//
	// Behind a balancer, the stream may reach another server than the slot that owns the
	// upload. If that server cannot write to the upload, the slot fails with UNAVAILABLE,
	// or with ABORTED if the server does not know whether the upload exists. A client
	// therefore waits for `begun` on each stream that may lead to another server, before
	// it sends what it cannot send again, and otherwise sends the parts on the stream of
	// the slot that owns the upload.
	Begin_MODE_JOIN Begin_Mode = 3
)

// Enum value maps for Begin_Mode.
var (
	Begin_Mode_name = map[int32]string{
		0: "MODE_UNSPECIFIED",
		1: "MODE_NEW",
		2: "MODE_RESUME",
		3: "MODE_JOIN",
	}
	Begin_Mode_value = map[string]int32{
		"MODE_UNSPECIFIED": 0,
		"MODE_NEW":         1,
		"MODE_RESUME":      2,
		"MODE_JOIN":        3,
	}
)

func (x Begin_Mode) Enum() *Begin_Mode {
	p := new(Begin_Mode)
	*p = x
	return p
}

func (x Begin_Mode) String() string {
	return protoimpl.X.EnumStringOf(x.Descriptor(), protoreflect.EnumNumber(x))
}

func (Begin_Mode) Descriptor() protoreflect.EnumDescriptor {
	return file_tranship_v1_file_service_proto_enumTypes[1].Descriptor()
}

func (Begin_Mode) Type() protoreflect.EnumType {
	return &file_tranship_v1_file_service_proto_enumTypes[1]
}

func (x Begin_Mode) Number() protoreflect.EnumNumber {
	return protoreflect.EnumNumber(x)
}

// Deprecated: Use Begin_Mode.Descriptor instead.
func (Begin_Mode) EnumDescriptor() ([]byte, []int) {
	return file_tranship_v1_file_service_proto_rawDescGZIP(), []int{8, 0}
}

// File describes a committed file.
type File struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// The file's key in the store.
	Path string `protobuf:"bytes,1,opt,name=path,proto3" json:"path,omitempty"`
	// Length in bytes.
	Size int64 `protobuf:"varint,2,opt,name=size,proto3" json:"size,omitempty"`
	// When the content was last modified at its source. Stores keep at least
	// microsecond precision.
	ModifiedTime *timestamppb.Timestamp `protobuf:"bytes,3,opt,name=modified_time,json=modifiedTime,proto3" json:"modified_time,omitempty"`
	// Permission bits, 0 to 0777. Stores keep no other bits of a POSIX mode.
	Mode uint32 `protobuf:"varint,4,opt,name=mode,proto3" json:"mode,omitempty"`
	// Changes whenever the content is replaced. Opaque; at most 128 bytes.
	Version string `protobuf:"bytes,5,opt,name=version,proto3" json:"version,omitempty"`
	// CRC32C of the whole content. Absent when the store does not know it, such as
	// when another program put the file into the served directory.
	Crc32C *uint32 `protobuf:"fixed32,6,opt,name=crc32c,proto3,oneof" json:"crc32c,omitempty"`
	// User metadata: at most 64 entries, whose keys and values have at most 2048 bytes
	// together (as on S3). A key is 1 to 128 bytes of lower-case ASCII letters, digits,
	// '-', '_' and '.'. A value is valid UTF-8 without NUL.
	Metadata map[string]string `protobuf:"bytes,7,rep,name=metadata,proto3" json:"metadata,omitempty" protobuf_key:"bytes,1,opt,name=key" protobuf_val:"bytes,2,opt,name=value"`
	// Identifies the version together with all attributes: equal revisions mean that
	// all of them are equal, and a change of any of them changes the revision. See
	// Precondition.must_match_revision. Opaque; at most 128 bytes. Present in the
	// responses of Stat, SetAttributes, Move, Copy and CopyFile only.
	Revision string `protobuf:"bytes,8,opt,name=revision,proto3" json:"revision,omitempty"`
	// The unit to which the file system of the store has rounded modified_time, up or down,
	// such as 2 seconds for FAT. At most 2 seconds. A client that compares two files treats
	// times that differ by less than the unit as equal. Absent: modified_time is what was
	// set.
	ModifiedTimeUnit *durationpb.Duration `protobuf:"bytes,10,opt,name=modified_time_unit,json=modifiedTimeUnit,proto3" json:"modified_time_unit,omitempty"`
	unknownFields    protoimpl.UnknownFields
	sizeCache        protoimpl.SizeCache
}

func (x *File) Reset() {
	*x = File{}
	mi := &file_tranship_v1_file_service_proto_msgTypes[0]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *File) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*File) ProtoMessage() {}

func (x *File) ProtoReflect() protoreflect.Message {
	mi := &file_tranship_v1_file_service_proto_msgTypes[0]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use File.ProtoReflect.Descriptor instead.
func (*File) Descriptor() ([]byte, []int) {
	return file_tranship_v1_file_service_proto_rawDescGZIP(), []int{0}
}

func (x *File) GetPath() string {
	if x != nil {
		return x.Path
	}
	return ""
}

func (x *File) GetSize() int64 {
	if x != nil {
		return x.Size
	}
	return 0
}

func (x *File) GetModifiedTime() *timestamppb.Timestamp {
	if x != nil {
		return x.ModifiedTime
	}
	return nil
}

func (x *File) GetMode() uint32 {
	if x != nil {
		return x.Mode
	}
	return 0
}

func (x *File) GetVersion() string {
	if x != nil {
		return x.Version
	}
	return ""
}

func (x *File) GetCrc32C() uint32 {
	if x != nil && x.Crc32C != nil {
		return *x.Crc32C
	}
	return 0
}

func (x *File) GetMetadata() map[string]string {
	if x != nil {
		return x.Metadata
	}
	return nil
}

func (x *File) GetRevision() string {
	if x != nil {
		return x.Revision
	}
	return ""
}

func (x *File) GetModifiedTimeUnit() *durationpb.Duration {
	if x != nil {
		return x.ModifiedTimeUnit
	}
	return nil
}

// Attributes are what a client may set on a file beside its content. In an upload,
// an absent field takes its default; in SetAttributes, it leaves the attribute as it
// is.
type Attributes struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// Within the years 1 to 9999. Default: the time of the commit. A store that cannot
	// represent the time refuses it with INVALID_ARGUMENT, and names the range that it
	// can represent.
	ModifiedTime *timestamppb.Timestamp `protobuf:"bytes,1,opt,name=modified_time,json=modifiedTime,proto3" json:"modified_time,omitempty"`
	// Permission bits, 0 to 0777. Default: 0644.
	Mode *uint32 `protobuf:"varint,2,opt,name=mode,proto3,oneof" json:"mode,omitempty"`
	// Replaces all metadata of the file. Default: no metadata.
	Metadata      *Metadata `protobuf:"bytes,3,opt,name=metadata,proto3" json:"metadata,omitempty"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *Attributes) Reset() {
	*x = Attributes{}
	mi := &file_tranship_v1_file_service_proto_msgTypes[1]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *Attributes) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*Attributes) ProtoMessage() {}

func (x *Attributes) ProtoReflect() protoreflect.Message {
	mi := &file_tranship_v1_file_service_proto_msgTypes[1]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use Attributes.ProtoReflect.Descriptor instead.
func (*Attributes) Descriptor() ([]byte, []int) {
	return file_tranship_v1_file_service_proto_rawDescGZIP(), []int{1}
}

func (x *Attributes) GetModifiedTime() *timestamppb.Timestamp {
	if x != nil {
		return x.ModifiedTime
	}
	return nil
}

func (x *Attributes) GetMode() uint32 {
	if x != nil && x.Mode != nil {
		return *x.Mode
	}
	return 0
}

func (x *Attributes) GetMetadata() *Metadata {
	if x != nil {
		return x.Metadata
	}
	return nil
}

// Metadata is a set of user metadata. Its rules are those of File.metadata.
type Metadata struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// The entries. An empty map removes all metadata.
	Entries       map[string]string `protobuf:"bytes,1,rep,name=entries,proto3" json:"entries,omitempty" protobuf_key:"bytes,1,opt,name=key" protobuf_val:"bytes,2,opt,name=value"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *Metadata) Reset() {
	*x = Metadata{}
	mi := &file_tranship_v1_file_service_proto_msgTypes[2]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *Metadata) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*Metadata) ProtoMessage() {}

func (x *Metadata) ProtoReflect() protoreflect.Message {
	mi := &file_tranship_v1_file_service_proto_msgTypes[2]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use Metadata.ProtoReflect.Descriptor instead.
func (*Metadata) Descriptor() ([]byte, []int) {
	return file_tranship_v1_file_service_proto_rawDescGZIP(), []int{2}
}

func (x *Metadata) GetEntries() map[string]string {
	if x != nil {
		return x.Entries
	}
	return nil
}

// Precondition is a condition for an operation to take effect. The server checks it
// atomically with the effect. The precondition of an upload is checked when the upload
// begins as well, so that it fails early.
type Precondition struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// At most one is set. Without any, the operation is unconditional. A field that the
	// server does not know fails with UNIMPLEMENTED.
	//
	// Types that are valid to be assigned to Condition:
	//
	//	*Precondition_MustNotExist
	//	*Precondition_MustMatchVersion
	//	*Precondition_MustMatchRevision
	Condition     isPrecondition_Condition `protobuf_oneof:"condition"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *Precondition) Reset() {
	*x = Precondition{}
	mi := &file_tranship_v1_file_service_proto_msgTypes[3]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *Precondition) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*Precondition) ProtoMessage() {}

func (x *Precondition) ProtoReflect() protoreflect.Message {
	mi := &file_tranship_v1_file_service_proto_msgTypes[3]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use Precondition.ProtoReflect.Descriptor instead.
func (*Precondition) Descriptor() ([]byte, []int) {
	return file_tranship_v1_file_service_proto_rawDescGZIP(), []int{3}
}

func (x *Precondition) GetCondition() isPrecondition_Condition {
	if x != nil {
		return x.Condition
	}
	return nil
}

func (x *Precondition) GetMustNotExist() bool {
	if x != nil {
		if x, ok := x.Condition.(*Precondition_MustNotExist); ok {
			return x.MustNotExist
		}
	}
	return false
}

func (x *Precondition) GetMustMatchVersion() string {
	if x != nil {
		if x, ok := x.Condition.(*Precondition_MustMatchVersion); ok {
			return x.MustMatchVersion
		}
	}
	return ""
}

func (x *Precondition) GetMustMatchRevision() string {
	if x != nil {
		if x, ok := x.Condition.(*Precondition_MustMatchRevision); ok {
			return x.MustMatchRevision
		}
	}
	return ""
}

type isPrecondition_Condition interface {
	isPrecondition_Condition()
}

type Precondition_MustNotExist struct {
	// true: there must be no file at the path (for Move and Copy: at the
	// destination). Otherwise the operation fails with ALREADY_EXISTS. false is the
	// same as absent.
	MustNotExist bool `protobuf:"varint,1,opt,name=must_not_exist,json=mustNotExist,proto3,oneof"`
}

type Precondition_MustMatchVersion struct {
	// The file at the path must have this version. Otherwise the operation fails with
	// FAILED_PRECONDITION, also when there is no file.
	MustMatchVersion string `protobuf:"bytes,2,opt,name=must_match_version,json=mustMatchVersion,proto3,oneof"`
}

type Precondition_MustMatchRevision struct {
	// The file at the path must have this revision, which covers its version and all
	// of its attributes. Otherwise the operation fails with FAILED_PRECONDITION, also
	// when there is no file. A client that reads metadata, computes new metadata from
	// it and sets them under the revision that it read never overwrites a concurrent
	// change by another client.
	MustMatchRevision string `protobuf:"bytes,3,opt,name=must_match_revision,json=mustMatchRevision,proto3,oneof"`
}

func (*Precondition_MustNotExist) isPrecondition_Condition() {}

func (*Precondition_MustMatchVersion) isPrecondition_Condition() {}

func (*Precondition_MustMatchRevision) isPrecondition_Condition() {}

// Range is a run of bytes of a file or upload.
type Range struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// First byte, counted from 0.
	Offset int64 `protobuf:"varint,1,opt,name=offset,proto3" json:"offset,omitempty"`
	// Number of bytes.
	Length int64 `protobuf:"varint,2,opt,name=length,proto3" json:"length,omitempty"`
	// CRC32C of the bytes, when known.
	Crc32C        *uint32 `protobuf:"fixed32,3,opt,name=crc32c,proto3,oneof" json:"crc32c,omitempty"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *Range) Reset() {
	*x = Range{}
	mi := &file_tranship_v1_file_service_proto_msgTypes[4]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *Range) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*Range) ProtoMessage() {}

func (x *Range) ProtoReflect() protoreflect.Message {
	mi := &file_tranship_v1_file_service_proto_msgTypes[4]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use Range.ProtoReflect.Descriptor instead.
func (*Range) Descriptor() ([]byte, []int) {
	return file_tranship_v1_file_service_proto_rawDescGZIP(), []int{4}
}

func (x *Range) GetOffset() int64 {
	if x != nil {
		return x.Offset
	}
	return 0
}

func (x *Range) GetLength() int64 {
	if x != nil {
		return x.Length
	}
	return 0
}

func (x *Range) GetCrc32C() uint32 {
	if x != nil && x.Crc32C != nil {
		return *x.Crc32C
	}
	return 0
}

// Status has the fields and the wire format of google.rpc.Status. It is defined here
// so that this file imports only the well-known types of protobuf.
type Status struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// A google.rpc.Code, never 0.
	Code int32 `protobuf:"varint,1,opt,name=code,proto3" json:"code,omitempty"`
	// A description for people, in English. Not part of the protocol.
	Message string `protobuf:"bytes,2,opt,name=message,proto3" json:"message,omitempty"`
	// See "Errors" at the top of this file.
	Details       []*anypb.Any `protobuf:"bytes,3,rep,name=details,proto3" json:"details,omitempty"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *Status) Reset() {
	*x = Status{}
	mi := &file_tranship_v1_file_service_proto_msgTypes[5]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *Status) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*Status) ProtoMessage() {}

func (x *Status) ProtoReflect() protoreflect.Message {
	mi := &file_tranship_v1_file_service_proto_msgTypes[5]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use Status.ProtoReflect.Descriptor instead.
func (*Status) Descriptor() ([]byte, []int) {
	return file_tranship_v1_file_service_proto_rawDescGZIP(), []int{5}
}

func (x *Status) GetCode() int32 {
	if x != nil {
		return x.Code
	}
	return 0
}

func (x *Status) GetMessage() string {
	if x != nil {
		return x.Message
	}
	return ""
}

func (x *Status) GetDetails() []*anypb.Any {
	if x != nil {
		return x.Details
	}
	return nil
}

// MissingRanges is among the details of FAILED_PRECONDITION when a client finishes an
// upload before all of its bytes have arrived.
type MissingRanges struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// The missing ranges in ascending order; at most the first 1,000.
	Ranges        []*Range `protobuf:"bytes,1,rep,name=ranges,proto3" json:"ranges,omitempty"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *MissingRanges) Reset() {
	*x = MissingRanges{}
	mi := &file_tranship_v1_file_service_proto_msgTypes[6]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *MissingRanges) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*MissingRanges) ProtoMessage() {}

func (x *MissingRanges) ProtoReflect() protoreflect.Message {
	mi := &file_tranship_v1_file_service_proto_msgTypes[6]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use MissingRanges.ProtoReflect.Descriptor instead.
func (*MissingRanges) Descriptor() ([]byte, []int) {
	return file_tranship_v1_file_service_proto_rawDescGZIP(), []int{6}
}

func (x *MissingRanges) GetRanges() []*Range {
	if x != nil {
		return x.Ranges
	}
	return nil
}

// UploadRequest is one message from the client on an Upload stream.
type UploadRequest struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// Exactly one must be set; otherwise the stream ends with INVALID_ARGUMENT.
	//
	// Types that are valid to be assigned to Request:
	//
	//	*UploadRequest_Begin
	//	*UploadRequest_Chunk
	//	*UploadRequest_Finish
	//	*UploadRequest_Cancel
	//	*UploadRequest_Put
	//	*UploadRequest_CopyPart
	//	*UploadRequest_KeepAlive
	//	*UploadRequest_Zeros
	Request       isUploadRequest_Request `protobuf_oneof:"request"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *UploadRequest) Reset() {
	*x = UploadRequest{}
	mi := &file_tranship_v1_file_service_proto_msgTypes[7]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *UploadRequest) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*UploadRequest) ProtoMessage() {}

func (x *UploadRequest) ProtoReflect() protoreflect.Message {
	mi := &file_tranship_v1_file_service_proto_msgTypes[7]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use UploadRequest.ProtoReflect.Descriptor instead.
func (*UploadRequest) Descriptor() ([]byte, []int) {
	return file_tranship_v1_file_service_proto_rawDescGZIP(), []int{7}
}

func (x *UploadRequest) GetRequest() isUploadRequest_Request {
	if x != nil {
		return x.Request
	}
	return nil
}

func (x *UploadRequest) GetBegin() *Begin {
	if x != nil {
		if x, ok := x.Request.(*UploadRequest_Begin); ok {
			return x.Begin
		}
	}
	return nil
}

func (x *UploadRequest) GetChunk() *Chunk {
	if x != nil {
		if x, ok := x.Request.(*UploadRequest_Chunk); ok {
			return x.Chunk
		}
	}
	return nil
}

func (x *UploadRequest) GetFinish() *Finish {
	if x != nil {
		if x, ok := x.Request.(*UploadRequest_Finish); ok {
			return x.Finish
		}
	}
	return nil
}

func (x *UploadRequest) GetCancel() *Cancel {
	if x != nil {
		if x, ok := x.Request.(*UploadRequest_Cancel); ok {
			return x.Cancel
		}
	}
	return nil
}

func (x *UploadRequest) GetPut() *Put {
	if x != nil {
		if x, ok := x.Request.(*UploadRequest_Put); ok {
			return x.Put
		}
	}
	return nil
}

func (x *UploadRequest) GetCopyPart() *CopyPart {
	if x != nil {
		if x, ok := x.Request.(*UploadRequest_CopyPart); ok {
			return x.CopyPart
		}
	}
	return nil
}

func (x *UploadRequest) GetKeepAlive() *KeepAlive {
	if x != nil {
		if x, ok := x.Request.(*UploadRequest_KeepAlive); ok {
			return x.KeepAlive
		}
	}
	return nil
}

func (x *UploadRequest) GetZeros() *Zeros {
	if x != nil {
		if x, ok := x.Request.(*UploadRequest_Zeros); ok {
			return x.Zeros
		}
	}
	return nil
}

type isUploadRequest_Request interface {
	isUploadRequest_Request()
}

type UploadRequest_Begin struct {
	// Begins or resumes an upload, or joins an upload as a further writer.
	Begin *Begin `protobuf:"bytes,1,opt,name=begin,proto3,oneof"`
}

type UploadRequest_Chunk struct {
	// Sends bytes of a slot.
	Chunk *Chunk `protobuf:"bytes,2,opt,name=chunk,proto3,oneof"`
}

type UploadRequest_Finish struct {
	// Ends a slot: commits its file, or detaches from a joined upload.
	Finish *Finish `protobuf:"bytes,3,opt,name=finish,proto3,oneof"`
}

type UploadRequest_Cancel struct {
	// Abandons a slot.
	Cancel *Cancel `protobuf:"bytes,4,opt,name=cancel,proto3,oneof"`
}

type UploadRequest_Put struct {
	// Sends a whole small file.
	Put *Put `protobuf:"bytes,5,opt,name=put,proto3,oneof"`
}

type UploadRequest_CopyPart struct {
	// Fills a part from a file that is already in the store.
	CopyPart *CopyPart `protobuf:"bytes,6,opt,name=copy_part,json=copyPart,proto3,oneof"`
}

type UploadRequest_KeepAlive struct {
	// Shows that the client is alive. Sent only after a `keep_alive` of the server on
	// the same stream: older servers end the stream.
	KeepAlive *KeepAlive `protobuf:"bytes,7,opt,name=keep_alive,json=keepAlive,proto3,oneof"`
}

type UploadRequest_Zeros struct {
	// Sends a run of zero bytes of a slot. Sent only to a server whose
	// GetServerInfoResponse has accepts_zeros: older servers end the stream.
	Zeros *Zeros `protobuf:"bytes,8,opt,name=zeros,proto3,oneof"`
}

func (*UploadRequest_Begin) isUploadRequest_Request() {}

func (*UploadRequest_Chunk) isUploadRequest_Request() {}

func (*UploadRequest_Finish) isUploadRequest_Request() {}

func (*UploadRequest_Cancel) isUploadRequest_Request() {}

func (*UploadRequest_Put) isUploadRequest_Request() {}

func (*UploadRequest_CopyPart) isUploadRequest_Request() {}

func (*UploadRequest_KeepAlive) isUploadRequest_Request() {}

func (*UploadRequest_Zeros) isUploadRequest_Request() {}

// Begin opens a slot. The reply is `begun` or `failed`. A client that needs nothing
// from `begun`, because it resumes nothing and sends its chunks in order, may send
// chunks without waiting for the reply.
type Begin struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// Nonzero; greater than every earlier slot of this stream. Any other number fails
	// with INVALID_ARGUMENT; if it is that of an open slot, the open slot fails.
	Slot uint64 `protobuf:"varint,1,opt,name=slot,proto3" json:"slot,omitempty"`
	// Default: NEW. A mode that the server does not know fails with UNIMPLEMENTED.
	Mode Begin_Mode `protobuf:"varint,2,opt,name=mode,proto3,enum=tranship.v1.Begin_Mode" json:"mode,omitempty"`
	// Where the file will be visible.
	Path string `protobuf:"bytes,3,opt,name=path,proto3" json:"path,omitempty"`
	// Length of the file in bytes, when known. More bytes fail the slot as soon as
	// they arrive; fewer fail it at finish. An upload of unknown size cannot be
	// resumed.
	Size *int64 `protobuf:"varint,4,opt,name=size,proto3,oneof" json:"size,omitempty"`
	// The attributes of the file.
	Attributes *Attributes `protobuf:"bytes,5,opt,name=attributes,proto3" json:"attributes,omitempty"`
	// The condition for the commit to take effect.
	Precondition *Precondition `protobuf:"bytes,6,opt,name=precondition,proto3" json:"precondition,omitempty"`
	// What the server must have done before it sends `finished`. A value that the server
	// does not know fails with INVALID_ARGUMENT.
	Durability Durability `protobuf:"varint,7,opt,name=durability,proto3,enum=tranship.v1.Durability" json:"durability,omitempty"`
	// Whether the upload survives a broken stream and a failed finish. true: it stays,
	// to be resumed, until it expires. false: the server removes it, also if it is one
	// that RESUME has found. A cancel removes it in both cases.
	Keep bool `protobuf:"varint,8,opt,name=keep,proto3" json:"keep,omitempty"`
	// For RESUME, and for NEW with keep: identifies the source, so that parts of two
	// sources are never mixed. At most 256 bytes. Both modes require it, and size.
	ResumeKey string `protobuf:"bytes,9,opt,name=resume_key,json=resumeKey,proto3" json:"resume_key,omitempty"`
	// For JOIN: the upload_id in the `begun` of the slot that owns the upload.
	UploadId string `protobuf:"bytes,10,opt,name=upload_id,json=uploadId,proto3" json:"upload_id,omitempty"`
	// For JOIN: the epoch in the `begun` of the slot that owns the upload.
	Epoch uint64 `protobuf:"varint,11,opt,name=epoch,proto3" json:"epoch,omitempty"`
	// Requests `progress` replies for this slot, at most one an interval. The server
	// raises an interval below 100 ms to 100 ms. Absent: no progress replies, except
	// one every 20 s while the stream has no other replies, so that proxies do not
	// close it. A stream with the metadata tranship-keep-alive has `keep_alive` instead.
	ProgressInterval *durationpb.Duration `protobuf:"bytes,12,opt,name=progress_interval,json=progressInterval,proto3" json:"progress_interval,omitempty"`
	unknownFields    protoimpl.UnknownFields
	sizeCache        protoimpl.SizeCache
}

func (x *Begin) Reset() {
	*x = Begin{}
	mi := &file_tranship_v1_file_service_proto_msgTypes[8]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *Begin) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*Begin) ProtoMessage() {}

func (x *Begin) ProtoReflect() protoreflect.Message {
	mi := &file_tranship_v1_file_service_proto_msgTypes[8]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use Begin.ProtoReflect.Descriptor instead.
func (*Begin) Descriptor() ([]byte, []int) {
	return file_tranship_v1_file_service_proto_rawDescGZIP(), []int{8}
}

func (x *Begin) GetSlot() uint64 {
	if x != nil {
		return x.Slot
	}
	return 0
}

func (x *Begin) GetMode() Begin_Mode {
	if x != nil {
		return x.Mode
	}
	return Begin_MODE_UNSPECIFIED
}

func (x *Begin) GetPath() string {
	if x != nil {
		return x.Path
	}
	return ""
}

func (x *Begin) GetSize() int64 {
	if x != nil && x.Size != nil {
		return *x.Size
	}
	return 0
}

func (x *Begin) GetAttributes() *Attributes {
	if x != nil {
		return x.Attributes
	}
	return nil
}

func (x *Begin) GetPrecondition() *Precondition {
	if x != nil {
		return x.Precondition
	}
	return nil
}

func (x *Begin) GetDurability() Durability {
	if x != nil {
		return x.Durability
	}
	return Durability_DURABILITY_UNSPECIFIED
}

func (x *Begin) GetKeep() bool {
	if x != nil {
		return x.Keep
	}
	return false
}

func (x *Begin) GetResumeKey() string {
	if x != nil {
		return x.ResumeKey
	}
	return ""
}

func (x *Begin) GetUploadId() string {
	if x != nil {
		return x.UploadId
	}
	return ""
}

func (x *Begin) GetEpoch() uint64 {
	if x != nil {
		return x.Epoch
	}
	return 0
}

func (x *Begin) GetProgressInterval() *durationpb.Duration {
	if x != nil {
		return x.ProgressInterval
	}
	return nil
}

// Chunk carries bytes of a file.
//
// In an upload, a chunk begins where the previous chunk of its slot ended or, once
// `begun` has told the client the part size, at the first byte of any part that the
// slot has not written. A chunk may cross a part boundary. A chunk anywhere else is a
// gap or an overlap, and fails the slot with INVALID_ARGUMENT.
//
// In a download, chunks of a slot arrive in ascending order without gaps, beginning at
// the offset of its `open`.
type Chunk struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// An open slot.
	Slot uint64 `protobuf:"varint,1,opt,name=slot,proto3" json:"slot,omitempty"`
	// Where data begins in the file. Absent: where the previous chunk of the slot
	// ended, or 0 for the first chunk.
	Offset *int64 `protobuf:"varint,2,opt,name=offset,proto3,oneof" json:"offset,omitempty"`
	// At most 1 MiB; more fails the slot with RESOURCE_EXHAUSTED. May be empty.
	Data []byte `protobuf:"bytes,3,opt,name=data,proto3" json:"data,omitempty"`
	// CRC32C of data.
	Crc32C        *uint32 `protobuf:"fixed32,4,opt,name=crc32c,proto3,oneof" json:"crc32c,omitempty"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *Chunk) Reset() {
	*x = Chunk{}
	mi := &file_tranship_v1_file_service_proto_msgTypes[9]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *Chunk) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*Chunk) ProtoMessage() {}

func (x *Chunk) ProtoReflect() protoreflect.Message {
	mi := &file_tranship_v1_file_service_proto_msgTypes[9]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use Chunk.ProtoReflect.Descriptor instead.
func (*Chunk) Descriptor() ([]byte, []int) {
	return file_tranship_v1_file_service_proto_rawDescGZIP(), []int{9}
}

func (x *Chunk) GetSlot() uint64 {
	if x != nil {
		return x.Slot
	}
	return 0
}

func (x *Chunk) GetOffset() int64 {
	if x != nil && x.Offset != nil {
		return *x.Offset
	}
	return 0
}

func (x *Chunk) GetData() []byte {
	if x != nil {
		return x.Data
	}
	return nil
}

func (x *Chunk) GetCrc32C() uint32 {
	if x != nil && x.Crc32C != nil {
		return *x.Crc32C
	}
	return 0
}

// Zeros stands for bytes that are all zero, such as a hole of a sparse file. It counts as
// a chunk with these bytes does, for offsets, checksums, sizes, progress and quotas.
//
// In an upload, it begins where a chunk may begin, and does not cross the end of a part:
// otherwise the slot fails with INVALID_ARGUMENT. So one message costs the server the
// work for one part at most.
//
// In a download, it may have any length up to the rest of the requested bytes.
type Zeros struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// An open slot.
	Slot uint64 `protobuf:"varint,1,opt,name=slot,proto3" json:"slot,omitempty"`
	// Where the run begins in the file. Absent: where the previous chunk or run of the slot
	// ended, or 0 for the first one.
	Offset *int64 `protobuf:"varint,2,opt,name=offset,proto3,oneof" json:"offset,omitempty"`
	// Number of zero bytes; from 1.
	Length        int64 `protobuf:"varint,3,opt,name=length,proto3" json:"length,omitempty"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *Zeros) Reset() {
	*x = Zeros{}
	mi := &file_tranship_v1_file_service_proto_msgTypes[10]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *Zeros) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*Zeros) ProtoMessage() {}

func (x *Zeros) ProtoReflect() protoreflect.Message {
	mi := &file_tranship_v1_file_service_proto_msgTypes[10]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use Zeros.ProtoReflect.Descriptor instead.
func (*Zeros) Descriptor() ([]byte, []int) {
	return file_tranship_v1_file_service_proto_rawDescGZIP(), []int{10}
}

func (x *Zeros) GetSlot() uint64 {
	if x != nil {
		return x.Slot
	}
	return 0
}

func (x *Zeros) GetOffset() int64 {
	if x != nil && x.Offset != nil {
		return *x.Offset
	}
	return 0
}

func (x *Zeros) GetLength() int64 {
	if x != nil {
		return x.Length
	}
	return 0
}

// Finish ends a slot.
//
// For a slot that owns its upload, it commits the upload. Every byte must have been
// sent, by this slot or by joined slots that have been finished. Joined slots that are
// still open fail with ABORTED. The reply is `finished` once the file is visible and
// as durable as requested. If bytes are missing, the slot fails with
// FAILED_PRECONDITION and MissingRanges; the upload then stays if it was begun with
// keep.
//
// For a joined slot, it only detaches the slot from the upload. The reply is
// `finished`, without a file, once the bytes of the slot are written and, if the
// upload was begun with keep, as durable as the upload requests. The server ignores all
// fields except slot: checksums and attributes of the file belong into the finish of the
// slot that owns the upload, which the client sends after the joined slots have finished.
type Finish struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// An open slot.
	Slot uint64 `protobuf:"varint,1,opt,name=slot,proto3" json:"slot,omitempty"`
	// Length of the whole file in bytes. It must equal the number of bytes that
	// arrived, and the size in `begin` if that is present.
	Size *int64 `protobuf:"varint,2,opt,name=size,proto3,oneof" json:"size,omitempty"`
	// CRC32C of the whole file.
	Crc32C *uint32 `protobuf:"fixed32,3,opt,name=crc32c,proto3,oneof" json:"crc32c,omitempty"`
	// Protects path, size and content together: the CRC32C of the UTF-8 bytes of the
	// path, followed by the size as 8 bytes and the CRC32C of the whole file as 4
	// bytes, both big-endian. Requires size and crc32c.
	Check *uint32 `protobuf:"fixed32,4,opt,name=check,proto3,oneof" json:"check,omitempty"`
	// For a slot that owns its upload: attributes that the client did not know when
	// the upload began. Fields that are present replace those of `begin`.
	Attributes    *Attributes `protobuf:"bytes,5,opt,name=attributes,proto3" json:"attributes,omitempty"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *Finish) Reset() {
	*x = Finish{}
	mi := &file_tranship_v1_file_service_proto_msgTypes[11]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *Finish) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*Finish) ProtoMessage() {}

func (x *Finish) ProtoReflect() protoreflect.Message {
	mi := &file_tranship_v1_file_service_proto_msgTypes[11]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use Finish.ProtoReflect.Descriptor instead.
func (*Finish) Descriptor() ([]byte, []int) {
	return file_tranship_v1_file_service_proto_rawDescGZIP(), []int{11}
}

func (x *Finish) GetSlot() uint64 {
	if x != nil {
		return x.Slot
	}
	return 0
}

func (x *Finish) GetSize() int64 {
	if x != nil && x.Size != nil {
		return *x.Size
	}
	return 0
}

func (x *Finish) GetCrc32C() uint32 {
	if x != nil && x.Crc32C != nil {
		return *x.Crc32C
	}
	return 0
}

func (x *Finish) GetCheck() uint32 {
	if x != nil && x.Check != nil {
		return *x.Check
	}
	return 0
}

func (x *Finish) GetAttributes() *Attributes {
	if x != nil {
		return x.Attributes
	}
	return nil
}

// Cancel abandons an open slot. The reply is `failed` with CANCELLED, unless the slot
// has already ended.
//
// On an Upload stream, it removes the upload, even with keep. For a joined slot, it
// removes only what the slot wrote of parts that are not complete. For a slot with
// keep whose finish failed, it still removes the upload, unless the upload has been
// resumed since; there is no second reply.
//
// On a Download stream, chunks of the slot that were sent before may still arrive.
type Cancel struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// An open slot or, in an upload with keep, a slot whose finish failed.
	Slot          uint64 `protobuf:"varint,1,opt,name=slot,proto3" json:"slot,omitempty"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *Cancel) Reset() {
	*x = Cancel{}
	mi := &file_tranship_v1_file_service_proto_msgTypes[12]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *Cancel) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*Cancel) ProtoMessage() {}

func (x *Cancel) ProtoReflect() protoreflect.Message {
	mi := &file_tranship_v1_file_service_proto_msgTypes[12]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use Cancel.ProtoReflect.Descriptor instead.
func (*Cancel) Descriptor() ([]byte, []int) {
	return file_tranship_v1_file_service_proto_rawDescGZIP(), []int{12}
}

func (x *Cancel) GetSlot() uint64 {
	if x != nil {
		return x.Slot
	}
	return 0
}

// Put sends a whole small file in one message. It has the effect of begin, chunk and
// finish. The reply is `finished` or `failed`.
type Put struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// Nonzero; greater than every earlier slot of this stream.
	Slot uint64 `protobuf:"varint,1,opt,name=slot,proto3" json:"slot,omitempty"`
	// Where the file will be visible.
	Path string `protobuf:"bytes,2,opt,name=path,proto3" json:"path,omitempty"`
	// The attributes of the file.
	Attributes *Attributes `protobuf:"bytes,3,opt,name=attributes,proto3" json:"attributes,omitempty"`
	// The condition for the commit to take effect.
	Precondition *Precondition `protobuf:"bytes,4,opt,name=precondition,proto3" json:"precondition,omitempty"`
	// What the server must have done before it sends `finished`.
	Durability Durability `protobuf:"varint,5,opt,name=durability,proto3,enum=tranship.v1.Durability" json:"durability,omitempty"`
	// The content, at most 1 MiB. More fails with RESOURCE_EXHAUSTED.
	Data []byte `protobuf:"bytes,6,opt,name=data,proto3" json:"data,omitempty"`
	// CRC32C of data.
	Crc32C *uint32 `protobuf:"fixed32,7,opt,name=crc32c,proto3,oneof" json:"crc32c,omitempty"`
	// Computed as Finish.check. Requires no other field.
	Check         *uint32 `protobuf:"fixed32,8,opt,name=check,proto3,oneof" json:"check,omitempty"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *Put) Reset() {
	*x = Put{}
	mi := &file_tranship_v1_file_service_proto_msgTypes[13]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *Put) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*Put) ProtoMessage() {}

func (x *Put) ProtoReflect() protoreflect.Message {
	mi := &file_tranship_v1_file_service_proto_msgTypes[13]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use Put.ProtoReflect.Descriptor instead.
func (*Put) Descriptor() ([]byte, []int) {
	return file_tranship_v1_file_service_proto_rawDescGZIP(), []int{13}
}

func (x *Put) GetSlot() uint64 {
	if x != nil {
		return x.Slot
	}
	return 0
}

func (x *Put) GetPath() string {
	if x != nil {
		return x.Path
	}
	return ""
}

func (x *Put) GetAttributes() *Attributes {
	if x != nil {
		return x.Attributes
	}
	return nil
}

func (x *Put) GetPrecondition() *Precondition {
	if x != nil {
		return x.Precondition
	}
	return nil
}

func (x *Put) GetDurability() Durability {
	if x != nil {
		return x.Durability
	}
	return Durability_DURABILITY_UNSPECIFIED
}

func (x *Put) GetData() []byte {
	if x != nil {
		return x.Data
	}
	return nil
}

func (x *Put) GetCrc32C() uint32 {
	if x != nil && x.Crc32C != nil {
		return *x.Crc32C
	}
	return 0
}

func (x *Put) GetCheck() uint32 {
	if x != nil && x.Check != nil {
		return *x.Check
	}
	return 0
}

// CopyPart fills one whole part of an upload from a range of a file that is already in
// the store. The slot must not have written the part. The range is as long as the
// part. An absent offset in the next chunk of the slot means the end of the part. The
// message has no reply of its own.
//
// If it fails, the slot fails. The part then keeps what finished slots wrote to it
// before, if anything. The upload continues, and another slot may fill the part.
type CopyPart struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// An open slot.
	Slot uint64 `protobuf:"varint,1,opt,name=slot,proto3" json:"slot,omitempty"`
	// First byte of the part to fill; a multiple of the part size.
	Offset int64 `protobuf:"varint,2,opt,name=offset,proto3" json:"offset,omitempty"`
	// The file to copy from.
	SourcePath string `protobuf:"bytes,3,opt,name=source_path,json=sourcePath,proto3" json:"source_path,omitempty"`
	// The version that the source must have. If it has another, the slot fails with
	// FAILED_PRECONDITION. Empty: any version.
	SourceVersion string `protobuf:"bytes,4,opt,name=source_version,json=sourceVersion,proto3" json:"source_version,omitempty"`
	// First byte of the source to copy.
	SourceOffset int64 `protobuf:"varint,5,opt,name=source_offset,json=sourceOffset,proto3" json:"source_offset,omitempty"`
	// The CRC32C that the copied bytes must have. Requires an upload with keep.
	Crc32C        *uint32 `protobuf:"fixed32,6,opt,name=crc32c,proto3,oneof" json:"crc32c,omitempty"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *CopyPart) Reset() {
	*x = CopyPart{}
	mi := &file_tranship_v1_file_service_proto_msgTypes[14]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *CopyPart) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*CopyPart) ProtoMessage() {}

func (x *CopyPart) ProtoReflect() protoreflect.Message {
	mi := &file_tranship_v1_file_service_proto_msgTypes[14]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use CopyPart.ProtoReflect.Descriptor instead.
func (*CopyPart) Descriptor() ([]byte, []int) {
	return file_tranship_v1_file_service_proto_rawDescGZIP(), []int{14}
}

func (x *CopyPart) GetSlot() uint64 {
	if x != nil {
		return x.Slot
	}
	return 0
}

func (x *CopyPart) GetOffset() int64 {
	if x != nil {
		return x.Offset
	}
	return 0
}

func (x *CopyPart) GetSourcePath() string {
	if x != nil {
		return x.SourcePath
	}
	return ""
}

func (x *CopyPart) GetSourceVersion() string {
	if x != nil {
		return x.SourceVersion
	}
	return ""
}

func (x *CopyPart) GetSourceOffset() int64 {
	if x != nil {
		return x.SourceOffset
	}
	return 0
}

func (x *CopyPart) GetCrc32C() uint32 {
	if x != nil && x.Crc32C != nil {
		return *x.Crc32C
	}
	return 0
}

// UploadResponse is one message from the server on an Upload stream.
type UploadResponse struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// Exactly one is set. A client ignores a response that it does not know.
	//
	// Types that are valid to be assigned to Response:
	//
	//	*UploadResponse_Begun
	//	*UploadResponse_Progress
	//	*UploadResponse_Finished
	//	*UploadResponse_Failed
	//	*UploadResponse_KeepAlive
	Response      isUploadResponse_Response `protobuf_oneof:"response"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *UploadResponse) Reset() {
	*x = UploadResponse{}
	mi := &file_tranship_v1_file_service_proto_msgTypes[15]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *UploadResponse) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*UploadResponse) ProtoMessage() {}

func (x *UploadResponse) ProtoReflect() protoreflect.Message {
	mi := &file_tranship_v1_file_service_proto_msgTypes[15]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use UploadResponse.ProtoReflect.Descriptor instead.
func (*UploadResponse) Descriptor() ([]byte, []int) {
	return file_tranship_v1_file_service_proto_rawDescGZIP(), []int{15}
}

func (x *UploadResponse) GetResponse() isUploadResponse_Response {
	if x != nil {
		return x.Response
	}
	return nil
}

func (x *UploadResponse) GetBegun() *Begun {
	if x != nil {
		if x, ok := x.Response.(*UploadResponse_Begun); ok {
			return x.Begun
		}
	}
	return nil
}

func (x *UploadResponse) GetProgress() *Progress {
	if x != nil {
		if x, ok := x.Response.(*UploadResponse_Progress); ok {
			return x.Progress
		}
	}
	return nil
}

func (x *UploadResponse) GetFinished() *Finished {
	if x != nil {
		if x, ok := x.Response.(*UploadResponse_Finished); ok {
			return x.Finished
		}
	}
	return nil
}

func (x *UploadResponse) GetFailed() *Failed {
	if x != nil {
		if x, ok := x.Response.(*UploadResponse_Failed); ok {
			return x.Failed
		}
	}
	return nil
}

func (x *UploadResponse) GetKeepAlive() *KeepAlive {
	if x != nil {
		if x, ok := x.Response.(*UploadResponse_KeepAlive); ok {
			return x.KeepAlive
		}
	}
	return nil
}

type isUploadResponse_Response interface {
	isUploadResponse_Response()
}

type UploadResponse_Begun struct {
	// The slot is open.
	Begun *Begun `protobuf:"bytes,1,opt,name=begun,proto3,oneof"`
}

type UploadResponse_Progress struct {
	// The progress of the slot.
	Progress *Progress `protobuf:"bytes,2,opt,name=progress,proto3,oneof"`
}

type UploadResponse_Finished struct {
	// The slot succeeded.
	Finished *Finished `protobuf:"bytes,3,opt,name=finished,proto3,oneof"`
}

type UploadResponse_Failed struct {
	// The slot failed.
	Failed *Failed `protobuf:"bytes,4,opt,name=failed,proto3,oneof"`
}

type UploadResponse_KeepAlive struct {
	// Shows that the server is alive, if the client asked for that; see "Silence" at
	// the top of this file.
	KeepAlive *KeepAlive `protobuf:"bytes,5,opt,name=keep_alive,json=keepAlive,proto3,oneof"`
}

func (*UploadResponse_Begun) isUploadResponse_Response() {}

func (*UploadResponse_Progress) isUploadResponse_Response() {}

func (*UploadResponse_Finished) isUploadResponse_Response() {}

func (*UploadResponse_Failed) isUploadResponse_Response() {}

func (*UploadResponse_KeepAlive) isUploadResponse_Response() {}

// KeepAlive shows that its sender is alive. See "Silence" at the top of this file.
type KeepAlive struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// Set by a server on an Upload stream on which it has received nothing since its previous
	// `keep_alive`, and has had nothing to do: how many messages it has received on the
	// stream. A client that has sent more knows that its messages do not arrive, and does
	// not take this `keep_alive` for progress. A client leaves it unset.
	StarvedAfter  *uint64 `protobuf:"varint,1,opt,name=starved_after,json=starvedAfter,proto3,oneof" json:"starved_after,omitempty"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *KeepAlive) Reset() {
	*x = KeepAlive{}
	mi := &file_tranship_v1_file_service_proto_msgTypes[16]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *KeepAlive) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*KeepAlive) ProtoMessage() {}

func (x *KeepAlive) ProtoReflect() protoreflect.Message {
	mi := &file_tranship_v1_file_service_proto_msgTypes[16]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use KeepAlive.ProtoReflect.Descriptor instead.
func (*KeepAlive) Descriptor() ([]byte, []int) {
	return file_tranship_v1_file_service_proto_rawDescGZIP(), []int{16}
}

func (x *KeepAlive) GetStarvedAfter() uint64 {
	if x != nil && x.StarvedAfter != nil {
		return *x.StarvedAfter
	}
	return 0
}

// Begun is the reply to a `begin` that succeeded.
type Begun struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// The slot.
	Slot uint64 `protobuf:"varint,1,opt,name=slot,proto3" json:"slot,omitempty"`
	// Identifies the upload for JOIN and AbortUpload. Opaque and unguessable.
	UploadId string `protobuf:"bytes,2,opt,name=upload_id,json=uploadId,proto3" json:"upload_id,omitempty"`
	// How often the upload was resumed. It increases with each resume.
	Epoch uint64 `protobuf:"varint,3,opt,name=epoch,proto3" json:"epoch,omitempty"`
	// Length in bytes of every part except the last.
	PartSize int64 `protobuf:"varint,4,opt,name=part_size,json=partSize,proto3" json:"part_size,omitempty"`
	// The parts that are already durable, in ascending order. Each range is exactly one
	// part, with its CRC32C. The client must compare a part with its source before it
	// skips the part. Writing to a durable part starts that part again. At most the
	// first 100,000 parts are listed; the client sends the others again.
	Durable []*Range `protobuf:"bytes,5,rep,name=durable,proto3" json:"durable,omitempty"`
	// The most streams, including that of this slot, that the client may use for the
	// upload. The server uses memory for each stream, and shares its memory among its
	// clients. 0: the server sets no limit. The number may change: the reply to a slot
	// that joins later has the current one.
	MaxStreams    uint32 `protobuf:"varint,6,opt,name=max_streams,json=maxStreams,proto3" json:"max_streams,omitempty"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *Begun) Reset() {
	*x = Begun{}
	mi := &file_tranship_v1_file_service_proto_msgTypes[17]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *Begun) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*Begun) ProtoMessage() {}

func (x *Begun) ProtoReflect() protoreflect.Message {
	mi := &file_tranship_v1_file_service_proto_msgTypes[17]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use Begun.ProtoReflect.Descriptor instead.
func (*Begun) Descriptor() ([]byte, []int) {
	return file_tranship_v1_file_service_proto_rawDescGZIP(), []int{17}
}

func (x *Begun) GetSlot() uint64 {
	if x != nil {
		return x.Slot
	}
	return 0
}

func (x *Begun) GetUploadId() string {
	if x != nil {
		return x.UploadId
	}
	return ""
}

func (x *Begun) GetEpoch() uint64 {
	if x != nil {
		return x.Epoch
	}
	return 0
}

func (x *Begun) GetPartSize() int64 {
	if x != nil {
		return x.PartSize
	}
	return 0
}

func (x *Begun) GetDurable() []*Range {
	if x != nil {
		return x.Durable
	}
	return nil
}

func (x *Begun) GetMaxStreams() uint32 {
	if x != nil {
		return x.MaxStreams
	}
	return 0
}

// Progress is the progress of a joined slot or, for a slot that owns its upload, of
// all slots of the upload together since this one began. The counts never decrease.
type Progress struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// The slot.
	Slot uint64 `protobuf:"varint,1,opt,name=slot,proto3" json:"slot,omitempty"`
	// Bytes that the server has received.
	ReceivedBytes int64 `protobuf:"varint,2,opt,name=received_bytes,json=receivedBytes,proto3" json:"received_bytes,omitempty"`
	// Bytes that the server has written to the operating system.
	WrittenBytes int64 `protobuf:"varint,3,opt,name=written_bytes,json=writtenBytes,proto3" json:"written_bytes,omitempty"`
	// Bytes that survive as the durability of the upload requires. Always 0 for an
	// upload without keep, and for a joined slot.
	DurableBytes int64 `protobuf:"varint,4,opt,name=durable_bytes,json=durableBytes,proto3" json:"durable_bytes,omitempty"`
	// The parts that became durable since the previous progress of this slot.
	NewlyDurable  []*Range `protobuf:"bytes,5,rep,name=newly_durable,json=newlyDurable,proto3" json:"newly_durable,omitempty"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *Progress) Reset() {
	*x = Progress{}
	mi := &file_tranship_v1_file_service_proto_msgTypes[18]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *Progress) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*Progress) ProtoMessage() {}

func (x *Progress) ProtoReflect() protoreflect.Message {
	mi := &file_tranship_v1_file_service_proto_msgTypes[18]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use Progress.ProtoReflect.Descriptor instead.
func (*Progress) Descriptor() ([]byte, []int) {
	return file_tranship_v1_file_service_proto_rawDescGZIP(), []int{18}
}

func (x *Progress) GetSlot() uint64 {
	if x != nil {
		return x.Slot
	}
	return 0
}

func (x *Progress) GetReceivedBytes() int64 {
	if x != nil {
		return x.ReceivedBytes
	}
	return 0
}

func (x *Progress) GetWrittenBytes() int64 {
	if x != nil {
		return x.WrittenBytes
	}
	return 0
}

func (x *Progress) GetDurableBytes() int64 {
	if x != nil {
		return x.DurableBytes
	}
	return 0
}

func (x *Progress) GetNewlyDurable() []*Range {
	if x != nil {
		return x.NewlyDurable
	}
	return nil
}

// Finished is the terminal reply of an upload slot that succeeded.
type Finished struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// The slot.
	Slot uint64 `protobuf:"varint,1,opt,name=slot,proto3" json:"slot,omitempty"`
	// The committed file. Absent for a joined slot.
	File *File `protobuf:"bytes,2,opt,name=file,proto3" json:"file,omitempty"`
	// For a joined slot of an upload with keep: the parts that the slot made durable.
	Durable       []*Range `protobuf:"bytes,3,rep,name=durable,proto3" json:"durable,omitempty"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *Finished) Reset() {
	*x = Finished{}
	mi := &file_tranship_v1_file_service_proto_msgTypes[19]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *Finished) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*Finished) ProtoMessage() {}

func (x *Finished) ProtoReflect() protoreflect.Message {
	mi := &file_tranship_v1_file_service_proto_msgTypes[19]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use Finished.ProtoReflect.Descriptor instead.
func (*Finished) Descriptor() ([]byte, []int) {
	return file_tranship_v1_file_service_proto_rawDescGZIP(), []int{19}
}

func (x *Finished) GetSlot() uint64 {
	if x != nil {
		return x.Slot
	}
	return 0
}

func (x *Finished) GetFile() *File {
	if x != nil {
		return x.File
	}
	return nil
}

func (x *Finished) GetDurable() []*Range {
	if x != nil {
		return x.Durable
	}
	return nil
}

// Failed is the terminal reply of a slot that failed. Nothing of a failed upload is
// visible.
type Failed struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// The slot.
	Slot uint64 `protobuf:"varint,1,opt,name=slot,proto3" json:"slot,omitempty"`
	// The cause; see "Errors" at the top of this file.
	Status        *Status `protobuf:"bytes,2,opt,name=status,proto3" json:"status,omitempty"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *Failed) Reset() {
	*x = Failed{}
	mi := &file_tranship_v1_file_service_proto_msgTypes[20]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *Failed) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*Failed) ProtoMessage() {}

func (x *Failed) ProtoReflect() protoreflect.Message {
	mi := &file_tranship_v1_file_service_proto_msgTypes[20]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use Failed.ProtoReflect.Descriptor instead.
func (*Failed) Descriptor() ([]byte, []int) {
	return file_tranship_v1_file_service_proto_rawDescGZIP(), []int{20}
}

func (x *Failed) GetSlot() uint64 {
	if x != nil {
		return x.Slot
	}
	return 0
}

func (x *Failed) GetStatus() *Status {
	if x != nil {
		return x.Status
	}
	return nil
}

// DownloadRequest is one message from the client on a Download stream.
type DownloadRequest struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// Exactly one must be set; otherwise the stream ends with INVALID_ARGUMENT.
	//
	// Types that are valid to be assigned to Request:
	//
	//	*DownloadRequest_Open
	//	*DownloadRequest_Cancel
	//	*DownloadRequest_KeepAlive
	Request       isDownloadRequest_Request `protobuf_oneof:"request"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *DownloadRequest) Reset() {
	*x = DownloadRequest{}
	mi := &file_tranship_v1_file_service_proto_msgTypes[21]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *DownloadRequest) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*DownloadRequest) ProtoMessage() {}

func (x *DownloadRequest) ProtoReflect() protoreflect.Message {
	mi := &file_tranship_v1_file_service_proto_msgTypes[21]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use DownloadRequest.ProtoReflect.Descriptor instead.
func (*DownloadRequest) Descriptor() ([]byte, []int) {
	return file_tranship_v1_file_service_proto_rawDescGZIP(), []int{21}
}

func (x *DownloadRequest) GetRequest() isDownloadRequest_Request {
	if x != nil {
		return x.Request
	}
	return nil
}

func (x *DownloadRequest) GetOpen() *Open {
	if x != nil {
		if x, ok := x.Request.(*DownloadRequest_Open); ok {
			return x.Open
		}
	}
	return nil
}

func (x *DownloadRequest) GetCancel() *Cancel {
	if x != nil {
		if x, ok := x.Request.(*DownloadRequest_Cancel); ok {
			return x.Cancel
		}
	}
	return nil
}

func (x *DownloadRequest) GetKeepAlive() *KeepAlive {
	if x != nil {
		if x, ok := x.Request.(*DownloadRequest_KeepAlive); ok {
			return x.KeepAlive
		}
	}
	return nil
}

type isDownloadRequest_Request interface {
	isDownloadRequest_Request()
}

type DownloadRequest_Open struct {
	// Requests a file or a range of it.
	Open *Open `protobuf:"bytes,1,opt,name=open,proto3,oneof"`
}

type DownloadRequest_Cancel struct {
	// Abandons a slot.
	Cancel *Cancel `protobuf:"bytes,2,opt,name=cancel,proto3,oneof"`
}

type DownloadRequest_KeepAlive struct {
	// Shows that the client is alive. Sent only after a `keep_alive` of the server on
	// the same stream: older servers end the stream.
	KeepAlive *KeepAlive `protobuf:"bytes,3,opt,name=keep_alive,json=keepAlive,proto3,oneof"`
}

func (*DownloadRequest_Open) isDownloadRequest_Request() {}

func (*DownloadRequest_Cancel) isDownloadRequest_Request() {}

func (*DownloadRequest_KeepAlive) isDownloadRequest_Request() {}

// Open requests a file or a range of it. The reply is `opened` or `failed`.
type Open struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// Nonzero; greater than every earlier slot of this stream. Any other number fails
	// with INVALID_ARGUMENT.
	Slot uint64 `protobuf:"varint,1,opt,name=slot,proto3" json:"slot,omitempty"`
	// The file.
	Path string `protobuf:"bytes,2,opt,name=path,proto3" json:"path,omitempty"`
	// The version that the file must have. If it has another, the slot fails with
	// FAILED_PRECONDITION. Absent or empty: the current version. In both cases, all
	// bytes of the slot are of one version.
	Version *string `protobuf:"bytes,3,opt,name=version,proto3,oneof" json:"version,omitempty"`
	// First byte. Absent: 0. An offset equal to the size of the file gives no bytes; a
	// greater one fails with INVALID_ARGUMENT.
	Offset *int64 `protobuf:"varint,4,opt,name=offset,proto3,oneof" json:"offset,omitempty"`
	// Most bytes to send; a range ends at the end of the file. Absent: to the end of
	// the file. 0: no bytes.
	Length *int64 `protobuf:"varint,5,opt,name=length,proto3,oneof" json:"length,omitempty"`
	// The client accepts `zeros` for this slot.
	AcceptZeros   bool `protobuf:"varint,6,opt,name=accept_zeros,json=acceptZeros,proto3" json:"accept_zeros,omitempty"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *Open) Reset() {
	*x = Open{}
	mi := &file_tranship_v1_file_service_proto_msgTypes[22]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *Open) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*Open) ProtoMessage() {}

func (x *Open) ProtoReflect() protoreflect.Message {
	mi := &file_tranship_v1_file_service_proto_msgTypes[22]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use Open.ProtoReflect.Descriptor instead.
func (*Open) Descriptor() ([]byte, []int) {
	return file_tranship_v1_file_service_proto_rawDescGZIP(), []int{22}
}

func (x *Open) GetSlot() uint64 {
	if x != nil {
		return x.Slot
	}
	return 0
}

func (x *Open) GetPath() string {
	if x != nil {
		return x.Path
	}
	return ""
}

func (x *Open) GetVersion() string {
	if x != nil && x.Version != nil {
		return *x.Version
	}
	return ""
}

func (x *Open) GetOffset() int64 {
	if x != nil && x.Offset != nil {
		return *x.Offset
	}
	return 0
}

func (x *Open) GetLength() int64 {
	if x != nil && x.Length != nil {
		return *x.Length
	}
	return 0
}

func (x *Open) GetAcceptZeros() bool {
	if x != nil {
		return x.AcceptZeros
	}
	return false
}

// DownloadResponse is one message from the server on a Download stream.
type DownloadResponse struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// Exactly one is set. A client ignores a response that it does not know.
	//
	// Types that are valid to be assigned to Response:
	//
	//	*DownloadResponse_Opened
	//	*DownloadResponse_Chunk
	//	*DownloadResponse_Done
	//	*DownloadResponse_Failed
	//	*DownloadResponse_KeepAlive
	//	*DownloadResponse_Zeros
	Response      isDownloadResponse_Response `protobuf_oneof:"response"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *DownloadResponse) Reset() {
	*x = DownloadResponse{}
	mi := &file_tranship_v1_file_service_proto_msgTypes[23]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *DownloadResponse) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*DownloadResponse) ProtoMessage() {}

func (x *DownloadResponse) ProtoReflect() protoreflect.Message {
	mi := &file_tranship_v1_file_service_proto_msgTypes[23]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use DownloadResponse.ProtoReflect.Descriptor instead.
func (*DownloadResponse) Descriptor() ([]byte, []int) {
	return file_tranship_v1_file_service_proto_rawDescGZIP(), []int{23}
}

func (x *DownloadResponse) GetResponse() isDownloadResponse_Response {
	if x != nil {
		return x.Response
	}
	return nil
}

func (x *DownloadResponse) GetOpened() *Opened {
	if x != nil {
		if x, ok := x.Response.(*DownloadResponse_Opened); ok {
			return x.Opened
		}
	}
	return nil
}

func (x *DownloadResponse) GetChunk() *Chunk {
	if x != nil {
		if x, ok := x.Response.(*DownloadResponse_Chunk); ok {
			return x.Chunk
		}
	}
	return nil
}

func (x *DownloadResponse) GetDone() *Done {
	if x != nil {
		if x, ok := x.Response.(*DownloadResponse_Done); ok {
			return x.Done
		}
	}
	return nil
}

func (x *DownloadResponse) GetFailed() *Failed {
	if x != nil {
		if x, ok := x.Response.(*DownloadResponse_Failed); ok {
			return x.Failed
		}
	}
	return nil
}

func (x *DownloadResponse) GetKeepAlive() *KeepAlive {
	if x != nil {
		if x, ok := x.Response.(*DownloadResponse_KeepAlive); ok {
			return x.KeepAlive
		}
	}
	return nil
}

func (x *DownloadResponse) GetZeros() *Zeros {
	if x != nil {
		if x, ok := x.Response.(*DownloadResponse_Zeros); ok {
			return x.Zeros
		}
	}
	return nil
}

type isDownloadResponse_Response interface {
	isDownloadResponse_Response()
}

type DownloadResponse_Opened struct {
	// The file was found; its bytes follow.
	Opened *Opened `protobuf:"bytes,1,opt,name=opened,proto3,oneof"`
}

type DownloadResponse_Chunk struct {
	// Bytes of the file.
	Chunk *Chunk `protobuf:"bytes,2,opt,name=chunk,proto3,oneof"`
}

type DownloadResponse_Done struct {
	// The slot succeeded.
	Done *Done `protobuf:"bytes,3,opt,name=done,proto3,oneof"`
}

type DownloadResponse_Failed struct {
	// The slot failed. The client must not use the bytes that it received for it.
	Failed *Failed `protobuf:"bytes,4,opt,name=failed,proto3,oneof"`
}

type DownloadResponse_KeepAlive struct {
	// Shows that the server is alive, if the client asked for that; see "Silence" at
	// the top of this file.
	KeepAlive *KeepAlive `protobuf:"bytes,5,opt,name=keep_alive,json=keepAlive,proto3,oneof"`
}

type DownloadResponse_Zeros struct {
	// A run of zero bytes of the file; only if `open` has accept_zeros.
	Zeros *Zeros `protobuf:"bytes,6,opt,name=zeros,proto3,oneof"`
}

func (*DownloadResponse_Opened) isDownloadResponse_Response() {}

func (*DownloadResponse_Chunk) isDownloadResponse_Response() {}

func (*DownloadResponse_Done) isDownloadResponse_Response() {}

func (*DownloadResponse_Failed) isDownloadResponse_Response() {}

func (*DownloadResponse_KeepAlive) isDownloadResponse_Response() {}

func (*DownloadResponse_Zeros) isDownloadResponse_Response() {}

// Opened is the first reply to an `open` that succeeded.
type Opened struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// The slot.
	Slot uint64 `protobuf:"varint,1,opt,name=slot,proto3" json:"slot,omitempty"`
	// The file whose bytes follow.
	File          *File `protobuf:"bytes,2,opt,name=file,proto3" json:"file,omitempty"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *Opened) Reset() {
	*x = Opened{}
	mi := &file_tranship_v1_file_service_proto_msgTypes[24]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *Opened) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*Opened) ProtoMessage() {}

func (x *Opened) ProtoReflect() protoreflect.Message {
	mi := &file_tranship_v1_file_service_proto_msgTypes[24]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use Opened.ProtoReflect.Descriptor instead.
func (*Opened) Descriptor() ([]byte, []int) {
	return file_tranship_v1_file_service_proto_rawDescGZIP(), []int{24}
}

func (x *Opened) GetSlot() uint64 {
	if x != nil {
		return x.Slot
	}
	return 0
}

func (x *Opened) GetFile() *File {
	if x != nil {
		return x.File
	}
	return nil
}

// Done is the terminal reply of a download slot: all requested bytes were sent.
type Done struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// The slot.
	Slot uint64 `protobuf:"varint,1,opt,name=slot,proto3" json:"slot,omitempty"`
	// CRC32C of all bytes that were sent in the slot.
	Crc32C        uint32 `protobuf:"fixed32,2,opt,name=crc32c,proto3" json:"crc32c,omitempty"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *Done) Reset() {
	*x = Done{}
	mi := &file_tranship_v1_file_service_proto_msgTypes[25]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *Done) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*Done) ProtoMessage() {}

func (x *Done) ProtoReflect() protoreflect.Message {
	mi := &file_tranship_v1_file_service_proto_msgTypes[25]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use Done.ProtoReflect.Descriptor instead.
func (*Done) Descriptor() ([]byte, []int) {
	return file_tranship_v1_file_service_proto_rawDescGZIP(), []int{25}
}

func (x *Done) GetSlot() uint64 {
	if x != nil {
		return x.Slot
	}
	return 0
}

func (x *Done) GetCrc32C() uint32 {
	if x != nil {
		return x.Crc32C
	}
	return 0
}

// StatRequest names the file to describe.
type StatRequest struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// The file.
	Path          string `protobuf:"bytes,1,opt,name=path,proto3" json:"path,omitempty"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *StatRequest) Reset() {
	*x = StatRequest{}
	mi := &file_tranship_v1_file_service_proto_msgTypes[26]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *StatRequest) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*StatRequest) ProtoMessage() {}

func (x *StatRequest) ProtoReflect() protoreflect.Message {
	mi := &file_tranship_v1_file_service_proto_msgTypes[26]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use StatRequest.ProtoReflect.Descriptor instead.
func (*StatRequest) Descriptor() ([]byte, []int) {
	return file_tranship_v1_file_service_proto_rawDescGZIP(), []int{26}
}

func (x *StatRequest) GetPath() string {
	if x != nil {
		return x.Path
	}
	return ""
}

// StatResponse describes the file.
type StatResponse struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// The file.
	File          *File `protobuf:"bytes,1,opt,name=file,proto3" json:"file,omitempty"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *StatResponse) Reset() {
	*x = StatResponse{}
	mi := &file_tranship_v1_file_service_proto_msgTypes[27]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *StatResponse) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*StatResponse) ProtoMessage() {}

func (x *StatResponse) ProtoReflect() protoreflect.Message {
	mi := &file_tranship_v1_file_service_proto_msgTypes[27]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use StatResponse.ProtoReflect.Descriptor instead.
func (*StatResponse) Descriptor() ([]byte, []int) {
	return file_tranship_v1_file_service_proto_rawDescGZIP(), []int{27}
}

func (x *StatResponse) GetFile() *File {
	if x != nil {
		return x.File
	}
	return nil
}

// ListRequest selects what to list.
type ListRequest struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// The directory; empty: the whole store. If it is a file or does not exist, the
	// list is empty.
	Directory string `protobuf:"bytes,1,opt,name=directory,proto3" json:"directory,omitempty"`
	// false: only the files directly in the directory, and each directory in it, as one
	// entry, that has files below it or may have files that the server cannot read.
	// true: all files below the directory, and no directories.
	Recursive bool `protobuf:"varint,2,opt,name=recursive,proto3" json:"recursive,omitempty"`
	// Only entries that sort after this path. An entry that is a directory sorts as its
	// path followed by '/'. Empty: from the start.
	StartAfter string `protobuf:"bytes,3,opt,name=start_after,json=startAfter,proto3" json:"start_after,omitempty"`
	// The most entries to list; 0: no limit. Skipped items do not count. To list in
	// pages, set a limit in each request and, in start_after, the last entry of the
	// previous page.
	Limit int32 `protobuf:"varint,4,opt,name=limit,proto3" json:"limit,omitempty"`
	// true: the list reports what it leaves out in ListResponse.skipped, and continues.
	// false: it silently leaves out what has no valid path or is not a file, and ends
	// with an error at what the server cannot read.
	ReportSkipped bool `protobuf:"varint,5,opt,name=report_skipped,json=reportSkipped,proto3" json:"report_skipped,omitempty"`
	// Only entries whose whole path begins with these bytes, which may end in the middle
	// of a name. An entry that is a directory is compared as its path followed by '/'.
	// Empty: all. Older servers ignore this field: a client must filter the entries
	// itself as well.
	Prefix string `protobuf:"bytes,6,opt,name=prefix,proto3" json:"prefix,omitempty"`
	// Only entries that sort before this path, compared as for start_after. Empty: to
	// the end. Older servers ignore this field: a client must filter the entries itself
	// as well.
	EndBefore string `protobuf:"bytes,7,opt,name=end_before,json=endBefore,proto3" json:"end_before,omitempty"`
	// true: the client needs no more of each file than path, size, modified_time and
	// modified_time_unit. The server may leave out the other fields, and list faster. Older
	// servers ignore this field.
	Brief         bool `protobuf:"varint,8,opt,name=brief,proto3" json:"brief,omitempty"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *ListRequest) Reset() {
	*x = ListRequest{}
	mi := &file_tranship_v1_file_service_proto_msgTypes[28]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *ListRequest) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*ListRequest) ProtoMessage() {}

func (x *ListRequest) ProtoReflect() protoreflect.Message {
	mi := &file_tranship_v1_file_service_proto_msgTypes[28]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use ListRequest.ProtoReflect.Descriptor instead.
func (*ListRequest) Descriptor() ([]byte, []int) {
	return file_tranship_v1_file_service_proto_rawDescGZIP(), []int{28}
}

func (x *ListRequest) GetDirectory() string {
	if x != nil {
		return x.Directory
	}
	return ""
}

func (x *ListRequest) GetRecursive() bool {
	if x != nil {
		return x.Recursive
	}
	return false
}

func (x *ListRequest) GetStartAfter() string {
	if x != nil {
		return x.StartAfter
	}
	return ""
}

func (x *ListRequest) GetLimit() int32 {
	if x != nil {
		return x.Limit
	}
	return 0
}

func (x *ListRequest) GetReportSkipped() bool {
	if x != nil {
		return x.ReportSkipped
	}
	return false
}

func (x *ListRequest) GetPrefix() string {
	if x != nil {
		return x.Prefix
	}
	return ""
}

func (x *ListRequest) GetEndBefore() string {
	if x != nil {
		return x.EndBefore
	}
	return ""
}

func (x *ListRequest) GetBrief() bool {
	if x != nil {
		return x.Brief
	}
	return false
}

// ListResponse is a batch of entries. It may be empty; see "Silence" at the top of this
// file.
type ListResponse struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// In ascending bytewise order of path. A directory sorts as its path followed by
	// '/'.
	Entries []*Entry `protobuf:"bytes,1,rep,name=entries,proto3" json:"entries,omitempty"`
	// Present in the last response only. A list without it is incomplete.
	End *ListEnd `protobuf:"bytes,2,opt,name=end,proto3" json:"end,omitempty"`
	// What the list leaves out, if the request has report_skipped. Skipped items and
	// entries of one message are both sorted as entries are; merged in that order, they
	// form the list.
	Skipped       []*Skipped `protobuf:"bytes,3,rep,name=skipped,proto3" json:"skipped,omitempty"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *ListResponse) Reset() {
	*x = ListResponse{}
	mi := &file_tranship_v1_file_service_proto_msgTypes[29]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *ListResponse) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*ListResponse) ProtoMessage() {}

func (x *ListResponse) ProtoReflect() protoreflect.Message {
	mi := &file_tranship_v1_file_service_proto_msgTypes[29]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use ListResponse.ProtoReflect.Descriptor instead.
func (*ListResponse) Descriptor() ([]byte, []int) {
	return file_tranship_v1_file_service_proto_rawDescGZIP(), []int{29}
}

func (x *ListResponse) GetEntries() []*Entry {
	if x != nil {
		return x.Entries
	}
	return nil
}

func (x *ListResponse) GetEnd() *ListEnd {
	if x != nil {
		return x.End
	}
	return nil
}

func (x *ListResponse) GetSkipped() []*Skipped {
	if x != nil {
		return x.Skipped
	}
	return nil
}

// Skipped is an item below the listed directory that the list leaves out.
type Skipped struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// Where the item is, at most 1,280 bytes, for people only: it may break the rules of
	// a path, and may not be UTF-8.
	Path []byte `protobuf:"bytes,1,opt,name=path,proto3" json:"path,omitempty"`
	// true: the item is a directory, and the list leaves out everything below it. It
	// then sorts as its path followed by '/'.
	IsDirectory bool `protobuf:"varint,2,opt,name=is_directory,json=isDirectory,proto3" json:"is_directory,omitempty"`
	// Why the list leaves the item out: PERMISSION_DENIED or INTERNAL if the server
	// could not read it, INVALID_ARGUMENT if it has no valid path, UNIMPLEMENTED if it
	// is of a kind that stores do not support, such as a symbolic link. The message does
	// not repeat the path.
	Status        *Status `protobuf:"bytes,3,opt,name=status,proto3" json:"status,omitempty"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *Skipped) Reset() {
	*x = Skipped{}
	mi := &file_tranship_v1_file_service_proto_msgTypes[30]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *Skipped) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*Skipped) ProtoMessage() {}

func (x *Skipped) ProtoReflect() protoreflect.Message {
	mi := &file_tranship_v1_file_service_proto_msgTypes[30]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use Skipped.ProtoReflect.Descriptor instead.
func (*Skipped) Descriptor() ([]byte, []int) {
	return file_tranship_v1_file_service_proto_rawDescGZIP(), []int{30}
}

func (x *Skipped) GetPath() []byte {
	if x != nil {
		return x.Path
	}
	return nil
}

func (x *Skipped) GetIsDirectory() bool {
	if x != nil {
		return x.IsDirectory
	}
	return false
}

func (x *Skipped) GetStatus() *Status {
	if x != nil {
		return x.Status
	}
	return nil
}

// ListEnd protects a list as a whole. With it, the client detects entries that were
// lost or changed on the way.
type ListEnd struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// The number of entries.
	EntryCount int64 `protobuf:"varint,1,opt,name=entry_count,json=entryCount,proto3" json:"entry_count,omitempty"`
	// CRC32C of the paths of all entries in order, each followed by a NUL; the path of a
	// directory is followed by '/' before the NUL.
	Crc32C uint32 `protobuf:"fixed32,2,opt,name=crc32c,proto3" json:"crc32c,omitempty"`
	// The number of skipped items.
	SkippedCount int64 `protobuf:"varint,3,opt,name=skipped_count,json=skippedCount,proto3" json:"skipped_count,omitempty"`
	// CRC32C of the paths of all skipped items, computed as crc32c.
	SkippedCrc32C uint32 `protobuf:"fixed32,4,opt,name=skipped_crc32c,json=skippedCrc32c,proto3" json:"skipped_crc32c,omitempty"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *ListEnd) Reset() {
	*x = ListEnd{}
	mi := &file_tranship_v1_file_service_proto_msgTypes[31]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *ListEnd) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*ListEnd) ProtoMessage() {}

func (x *ListEnd) ProtoReflect() protoreflect.Message {
	mi := &file_tranship_v1_file_service_proto_msgTypes[31]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use ListEnd.ProtoReflect.Descriptor instead.
func (*ListEnd) Descriptor() ([]byte, []int) {
	return file_tranship_v1_file_service_proto_rawDescGZIP(), []int{31}
}

func (x *ListEnd) GetEntryCount() int64 {
	if x != nil {
		return x.EntryCount
	}
	return 0
}

func (x *ListEnd) GetCrc32C() uint32 {
	if x != nil {
		return x.Crc32C
	}
	return 0
}

func (x *ListEnd) GetSkippedCount() int64 {
	if x != nil {
		return x.SkippedCount
	}
	return 0
}

func (x *ListEnd) GetSkippedCrc32C() uint32 {
	if x != nil {
		return x.SkippedCrc32C
	}
	return 0
}

// Entry is one item of a list: a file or a directory.
type Entry struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// Exactly one is set.
	//
	// Types that are valid to be assigned to Entry:
	//
	//	*Entry_File
	//	*Entry_Directory
	Entry         isEntry_Entry `protobuf_oneof:"entry"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *Entry) Reset() {
	*x = Entry{}
	mi := &file_tranship_v1_file_service_proto_msgTypes[32]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *Entry) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*Entry) ProtoMessage() {}

func (x *Entry) ProtoReflect() protoreflect.Message {
	mi := &file_tranship_v1_file_service_proto_msgTypes[32]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use Entry.ProtoReflect.Descriptor instead.
func (*Entry) Descriptor() ([]byte, []int) {
	return file_tranship_v1_file_service_proto_rawDescGZIP(), []int{32}
}

func (x *Entry) GetEntry() isEntry_Entry {
	if x != nil {
		return x.Entry
	}
	return nil
}

func (x *Entry) GetFile() *File {
	if x != nil {
		if x, ok := x.Entry.(*Entry_File); ok {
			return x.File
		}
	}
	return nil
}

func (x *Entry) GetDirectory() string {
	if x != nil {
		if x, ok := x.Entry.(*Entry_Directory); ok {
			return x.Directory
		}
	}
	return ""
}

type isEntry_Entry interface {
	isEntry_Entry()
}

type Entry_File struct {
	// A file.
	File *File `protobuf:"bytes,1,opt,name=file,proto3,oneof"`
}

type Entry_Directory struct {
	// The path of a directory, without a trailing '/'.
	Directory string `protobuf:"bytes,2,opt,name=directory,proto3,oneof"`
}

func (*Entry_File) isEntry_Entry() {}

func (*Entry_Directory) isEntry_Entry() {}

// SetAttributesRequest names a file and the attributes to change.
type SetAttributesRequest struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// The file.
	Path string `protobuf:"bytes,1,opt,name=path,proto3" json:"path,omitempty"`
	// The attributes to change. Absent fields leave their attributes as they are.
	Attributes *Attributes `protobuf:"bytes,2,opt,name=attributes,proto3" json:"attributes,omitempty"`
	// The condition for the change.
	Precondition  *Precondition `protobuf:"bytes,3,opt,name=precondition,proto3" json:"precondition,omitempty"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *SetAttributesRequest) Reset() {
	*x = SetAttributesRequest{}
	mi := &file_tranship_v1_file_service_proto_msgTypes[33]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *SetAttributesRequest) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*SetAttributesRequest) ProtoMessage() {}

func (x *SetAttributesRequest) ProtoReflect() protoreflect.Message {
	mi := &file_tranship_v1_file_service_proto_msgTypes[33]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use SetAttributesRequest.ProtoReflect.Descriptor instead.
func (*SetAttributesRequest) Descriptor() ([]byte, []int) {
	return file_tranship_v1_file_service_proto_rawDescGZIP(), []int{33}
}

func (x *SetAttributesRequest) GetPath() string {
	if x != nil {
		return x.Path
	}
	return ""
}

func (x *SetAttributesRequest) GetAttributes() *Attributes {
	if x != nil {
		return x.Attributes
	}
	return nil
}

func (x *SetAttributesRequest) GetPrecondition() *Precondition {
	if x != nil {
		return x.Precondition
	}
	return nil
}

// SetAttributesResponse describes the file after the change.
type SetAttributesResponse struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// The file.
	File          *File `protobuf:"bytes,1,opt,name=file,proto3" json:"file,omitempty"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *SetAttributesResponse) Reset() {
	*x = SetAttributesResponse{}
	mi := &file_tranship_v1_file_service_proto_msgTypes[34]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *SetAttributesResponse) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*SetAttributesResponse) ProtoMessage() {}

func (x *SetAttributesResponse) ProtoReflect() protoreflect.Message {
	mi := &file_tranship_v1_file_service_proto_msgTypes[34]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use SetAttributesResponse.ProtoReflect.Descriptor instead.
func (*SetAttributesResponse) Descriptor() ([]byte, []int) {
	return file_tranship_v1_file_service_proto_rawDescGZIP(), []int{34}
}

func (x *SetAttributesResponse) GetFile() *File {
	if x != nil {
		return x.File
	}
	return nil
}

// DeleteRequest names the file to remove.
type DeleteRequest struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// The file.
	Path string `protobuf:"bytes,1,opt,name=path,proto3" json:"path,omitempty"`
	// The condition for the removal.
	Precondition  *Precondition `protobuf:"bytes,2,opt,name=precondition,proto3" json:"precondition,omitempty"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *DeleteRequest) Reset() {
	*x = DeleteRequest{}
	mi := &file_tranship_v1_file_service_proto_msgTypes[35]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *DeleteRequest) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*DeleteRequest) ProtoMessage() {}

func (x *DeleteRequest) ProtoReflect() protoreflect.Message {
	mi := &file_tranship_v1_file_service_proto_msgTypes[35]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use DeleteRequest.ProtoReflect.Descriptor instead.
func (*DeleteRequest) Descriptor() ([]byte, []int) {
	return file_tranship_v1_file_service_proto_rawDescGZIP(), []int{35}
}

func (x *DeleteRequest) GetPath() string {
	if x != nil {
		return x.Path
	}
	return ""
}

func (x *DeleteRequest) GetPrecondition() *Precondition {
	if x != nil {
		return x.Precondition
	}
	return nil
}

// DeleteResponse is empty.
type DeleteResponse struct {
	state         protoimpl.MessageState `protogen:"open.v1"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *DeleteResponse) Reset() {
	*x = DeleteResponse{}
	mi := &file_tranship_v1_file_service_proto_msgTypes[36]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *DeleteResponse) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*DeleteResponse) ProtoMessage() {}

func (x *DeleteResponse) ProtoReflect() protoreflect.Message {
	mi := &file_tranship_v1_file_service_proto_msgTypes[36]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use DeleteResponse.ProtoReflect.Descriptor instead.
func (*DeleteResponse) Descriptor() ([]byte, []int) {
	return file_tranship_v1_file_service_proto_rawDescGZIP(), []int{36}
}

// DeleteTreeRequest names the directory to remove.
type DeleteTreeRequest struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// The directory. It must not be the empty path: a client cannot remove the whole
	// store in one call.
	Directory string `protobuf:"bytes,1,opt,name=directory,proto3" json:"directory,omitempty"`
	// true: the responses list the path of every file that the call removed.
	ReportPaths   bool `protobuf:"varint,2,opt,name=report_paths,json=reportPaths,proto3" json:"report_paths,omitempty"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *DeleteTreeRequest) Reset() {
	*x = DeleteTreeRequest{}
	mi := &file_tranship_v1_file_service_proto_msgTypes[37]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *DeleteTreeRequest) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*DeleteTreeRequest) ProtoMessage() {}

func (x *DeleteTreeRequest) ProtoReflect() protoreflect.Message {
	mi := &file_tranship_v1_file_service_proto_msgTypes[37]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use DeleteTreeRequest.ProtoReflect.Descriptor instead.
func (*DeleteTreeRequest) Descriptor() ([]byte, []int) {
	return file_tranship_v1_file_service_proto_rawDescGZIP(), []int{37}
}

func (x *DeleteTreeRequest) GetDirectory() string {
	if x != nil {
		return x.Directory
	}
	return ""
}

func (x *DeleteTreeRequest) GetReportPaths() bool {
	if x != nil {
		return x.ReportPaths
	}
	return false
}

// DeleteTreeResponse is the progress of a removal. The server sends one at least every
// 20 s, or as often as the metadata tranship-keep-alive asks for.
type DeleteTreeResponse struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// The number of files that the call has removed so far.
	DeletedCount int64 `protobuf:"varint,1,opt,name=deleted_count,json=deletedCount,proto3" json:"deleted_count,omitempty"`
	// If the request has report_paths: the paths of the files that the call removed
	// since the previous response, at most 256.
	Paths []string `protobuf:"bytes,2,rep,name=paths,proto3" json:"paths,omitempty"`
	// true in the last response of a call that removed all files, and only there. A call
	// that ends without it is incomplete.
	Done          bool `protobuf:"varint,3,opt,name=done,proto3" json:"done,omitempty"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *DeleteTreeResponse) Reset() {
	*x = DeleteTreeResponse{}
	mi := &file_tranship_v1_file_service_proto_msgTypes[38]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *DeleteTreeResponse) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*DeleteTreeResponse) ProtoMessage() {}

func (x *DeleteTreeResponse) ProtoReflect() protoreflect.Message {
	mi := &file_tranship_v1_file_service_proto_msgTypes[38]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use DeleteTreeResponse.ProtoReflect.Descriptor instead.
func (*DeleteTreeResponse) Descriptor() ([]byte, []int) {
	return file_tranship_v1_file_service_proto_rawDescGZIP(), []int{38}
}

func (x *DeleteTreeResponse) GetDeletedCount() int64 {
	if x != nil {
		return x.DeletedCount
	}
	return 0
}

func (x *DeleteTreeResponse) GetPaths() []string {
	if x != nil {
		return x.Paths
	}
	return nil
}

func (x *DeleteTreeResponse) GetDone() bool {
	if x != nil {
		return x.Done
	}
	return false
}

// MoveRequest names the file to move and its new path.
type MoveRequest struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// The file.
	SourcePath string `protobuf:"bytes,1,opt,name=source_path,json=sourcePath,proto3" json:"source_path,omitempty"`
	// The new path of the file.
	DestinationPath string `protobuf:"bytes,2,opt,name=destination_path,json=destinationPath,proto3" json:"destination_path,omitempty"`
	// The condition that the destination must meet.
	Precondition *Precondition `protobuf:"bytes,3,opt,name=precondition,proto3" json:"precondition,omitempty"`
	// The version that the source must have. If it has another, the call fails with
	// FAILED_PRECONDITION. Empty: any version.
	SourceVersion string `protobuf:"bytes,4,opt,name=source_version,json=sourceVersion,proto3" json:"source_version,omitempty"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *MoveRequest) Reset() {
	*x = MoveRequest{}
	mi := &file_tranship_v1_file_service_proto_msgTypes[39]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *MoveRequest) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*MoveRequest) ProtoMessage() {}

func (x *MoveRequest) ProtoReflect() protoreflect.Message {
	mi := &file_tranship_v1_file_service_proto_msgTypes[39]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use MoveRequest.ProtoReflect.Descriptor instead.
func (*MoveRequest) Descriptor() ([]byte, []int) {
	return file_tranship_v1_file_service_proto_rawDescGZIP(), []int{39}
}

func (x *MoveRequest) GetSourcePath() string {
	if x != nil {
		return x.SourcePath
	}
	return ""
}

func (x *MoveRequest) GetDestinationPath() string {
	if x != nil {
		return x.DestinationPath
	}
	return ""
}

func (x *MoveRequest) GetPrecondition() *Precondition {
	if x != nil {
		return x.Precondition
	}
	return nil
}

func (x *MoveRequest) GetSourceVersion() string {
	if x != nil {
		return x.SourceVersion
	}
	return ""
}

// MoveResponse describes the file under its new path.
type MoveResponse struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// The file.
	File          *File `protobuf:"bytes,1,opt,name=file,proto3" json:"file,omitempty"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *MoveResponse) Reset() {
	*x = MoveResponse{}
	mi := &file_tranship_v1_file_service_proto_msgTypes[40]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *MoveResponse) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*MoveResponse) ProtoMessage() {}

func (x *MoveResponse) ProtoReflect() protoreflect.Message {
	mi := &file_tranship_v1_file_service_proto_msgTypes[40]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use MoveResponse.ProtoReflect.Descriptor instead.
func (*MoveResponse) Descriptor() ([]byte, []int) {
	return file_tranship_v1_file_service_proto_rawDescGZIP(), []int{40}
}

func (x *MoveResponse) GetFile() *File {
	if x != nil {
		return x.File
	}
	return nil
}

// CopyRequest names the file to copy and the path of the copy.
type CopyRequest struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// The file.
	SourcePath string `protobuf:"bytes,1,opt,name=source_path,json=sourcePath,proto3" json:"source_path,omitempty"`
	// The path of the copy.
	DestinationPath string `protobuf:"bytes,2,opt,name=destination_path,json=destinationPath,proto3" json:"destination_path,omitempty"`
	// The condition that the destination must meet.
	Precondition *Precondition `protobuf:"bytes,3,opt,name=precondition,proto3" json:"precondition,omitempty"`
	// The version that the source must have. If it has another, the call fails with
	// FAILED_PRECONDITION. Empty: any version.
	SourceVersion string `protobuf:"bytes,4,opt,name=source_version,json=sourceVersion,proto3" json:"source_version,omitempty"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *CopyRequest) Reset() {
	*x = CopyRequest{}
	mi := &file_tranship_v1_file_service_proto_msgTypes[41]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *CopyRequest) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*CopyRequest) ProtoMessage() {}

func (x *CopyRequest) ProtoReflect() protoreflect.Message {
	mi := &file_tranship_v1_file_service_proto_msgTypes[41]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use CopyRequest.ProtoReflect.Descriptor instead.
func (*CopyRequest) Descriptor() ([]byte, []int) {
	return file_tranship_v1_file_service_proto_rawDescGZIP(), []int{41}
}

func (x *CopyRequest) GetSourcePath() string {
	if x != nil {
		return x.SourcePath
	}
	return ""
}

func (x *CopyRequest) GetDestinationPath() string {
	if x != nil {
		return x.DestinationPath
	}
	return ""
}

func (x *CopyRequest) GetPrecondition() *Precondition {
	if x != nil {
		return x.Precondition
	}
	return nil
}

func (x *CopyRequest) GetSourceVersion() string {
	if x != nil {
		return x.SourceVersion
	}
	return ""
}

// CopyResponse describes the copy.
type CopyResponse struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// The copy.
	File          *File `protobuf:"bytes,1,opt,name=file,proto3" json:"file,omitempty"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *CopyResponse) Reset() {
	*x = CopyResponse{}
	mi := &file_tranship_v1_file_service_proto_msgTypes[42]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *CopyResponse) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*CopyResponse) ProtoMessage() {}

func (x *CopyResponse) ProtoReflect() protoreflect.Message {
	mi := &file_tranship_v1_file_service_proto_msgTypes[42]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use CopyResponse.ProtoReflect.Descriptor instead.
func (*CopyResponse) Descriptor() ([]byte, []int) {
	return file_tranship_v1_file_service_proto_rawDescGZIP(), []int{42}
}

func (x *CopyResponse) GetFile() *File {
	if x != nil {
		return x.File
	}
	return nil
}

// CopyFileRequest names the file to copy and the path of the copy.
type CopyFileRequest struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// The file.
	SourcePath string `protobuf:"bytes,1,opt,name=source_path,json=sourcePath,proto3" json:"source_path,omitempty"`
	// The path of the copy.
	DestinationPath string `protobuf:"bytes,2,opt,name=destination_path,json=destinationPath,proto3" json:"destination_path,omitempty"`
	// The condition that the destination must meet.
	Precondition *Precondition `protobuf:"bytes,3,opt,name=precondition,proto3" json:"precondition,omitempty"`
	// The version that the source must have. If it has another, the call fails with
	// FAILED_PRECONDITION. Empty: any version.
	SourceVersion string `protobuf:"bytes,4,opt,name=source_version,json=sourceVersion,proto3" json:"source_version,omitempty"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *CopyFileRequest) Reset() {
	*x = CopyFileRequest{}
	mi := &file_tranship_v1_file_service_proto_msgTypes[43]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *CopyFileRequest) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*CopyFileRequest) ProtoMessage() {}

func (x *CopyFileRequest) ProtoReflect() protoreflect.Message {
	mi := &file_tranship_v1_file_service_proto_msgTypes[43]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use CopyFileRequest.ProtoReflect.Descriptor instead.
func (*CopyFileRequest) Descriptor() ([]byte, []int) {
	return file_tranship_v1_file_service_proto_rawDescGZIP(), []int{43}
}

func (x *CopyFileRequest) GetSourcePath() string {
	if x != nil {
		return x.SourcePath
	}
	return ""
}

func (x *CopyFileRequest) GetDestinationPath() string {
	if x != nil {
		return x.DestinationPath
	}
	return ""
}

func (x *CopyFileRequest) GetPrecondition() *Precondition {
	if x != nil {
		return x.Precondition
	}
	return nil
}

func (x *CopyFileRequest) GetSourceVersion() string {
	if x != nil {
		return x.SourceVersion
	}
	return ""
}

// CopyFileResponse reports the progress of a copy, or its end.
type CopyFileResponse struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// How many bytes have been copied so far. It never decreases. 0 while the server does
	// not know it.
	CopiedBytes int64 `protobuf:"varint,1,opt,name=copied_bytes,json=copiedBytes,proto3" json:"copied_bytes,omitempty"`
	// The copy. Present in the last response only.
	File          *File `protobuf:"bytes,2,opt,name=file,proto3" json:"file,omitempty"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *CopyFileResponse) Reset() {
	*x = CopyFileResponse{}
	mi := &file_tranship_v1_file_service_proto_msgTypes[44]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *CopyFileResponse) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*CopyFileResponse) ProtoMessage() {}

func (x *CopyFileResponse) ProtoReflect() protoreflect.Message {
	mi := &file_tranship_v1_file_service_proto_msgTypes[44]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use CopyFileResponse.ProtoReflect.Descriptor instead.
func (*CopyFileResponse) Descriptor() ([]byte, []int) {
	return file_tranship_v1_file_service_proto_rawDescGZIP(), []int{44}
}

func (x *CopyFileResponse) GetCopiedBytes() int64 {
	if x != nil {
		return x.CopiedBytes
	}
	return 0
}

func (x *CopyFileResponse) GetFile() *File {
	if x != nil {
		return x.File
	}
	return nil
}

// VerifyFileRequest names the file to read.
type VerifyFileRequest struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// The file.
	Path string `protobuf:"bytes,1,opt,name=path,proto3" json:"path,omitempty"`
	// The version that the file must have. If it has another, the call fails with
	// FAILED_PRECONDITION. Empty: any version.
	Version string `protobuf:"bytes,2,opt,name=version,proto3" json:"version,omitempty"`
	// The most bytes a second that the server reads for this call; 0: as many as it can.
	MaxBytesPerSecond int64 `protobuf:"varint,3,opt,name=max_bytes_per_second,json=maxBytesPerSecond,proto3" json:"max_bytes_per_second,omitempty"`
	unknownFields     protoimpl.UnknownFields
	sizeCache         protoimpl.SizeCache
}

func (x *VerifyFileRequest) Reset() {
	*x = VerifyFileRequest{}
	mi := &file_tranship_v1_file_service_proto_msgTypes[45]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *VerifyFileRequest) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*VerifyFileRequest) ProtoMessage() {}

func (x *VerifyFileRequest) ProtoReflect() protoreflect.Message {
	mi := &file_tranship_v1_file_service_proto_msgTypes[45]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use VerifyFileRequest.ProtoReflect.Descriptor instead.
func (*VerifyFileRequest) Descriptor() ([]byte, []int) {
	return file_tranship_v1_file_service_proto_rawDescGZIP(), []int{45}
}

func (x *VerifyFileRequest) GetPath() string {
	if x != nil {
		return x.Path
	}
	return ""
}

func (x *VerifyFileRequest) GetVersion() string {
	if x != nil {
		return x.Version
	}
	return ""
}

func (x *VerifyFileRequest) GetMaxBytesPerSecond() int64 {
	if x != nil {
		return x.MaxBytesPerSecond
	}
	return 0
}

// VerifyFileResponse reports how far a file is read, or that all of it was.
type VerifyFileResponse struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// How many bytes have been read so far. It never decreases.
	ReadBytes int64 `protobuf:"varint,1,opt,name=read_bytes,json=readBytes,proto3" json:"read_bytes,omitempty"`
	// The file. Present in the last response only.
	File *File `protobuf:"bytes,2,opt,name=file,proto3" json:"file,omitempty"`
	// The CRC32C of what was read. Present in the last response only.
	Crc32C        *uint32 `protobuf:"fixed32,3,opt,name=crc32c,proto3,oneof" json:"crc32c,omitempty"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *VerifyFileResponse) Reset() {
	*x = VerifyFileResponse{}
	mi := &file_tranship_v1_file_service_proto_msgTypes[46]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *VerifyFileResponse) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*VerifyFileResponse) ProtoMessage() {}

func (x *VerifyFileResponse) ProtoReflect() protoreflect.Message {
	mi := &file_tranship_v1_file_service_proto_msgTypes[46]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use VerifyFileResponse.ProtoReflect.Descriptor instead.
func (*VerifyFileResponse) Descriptor() ([]byte, []int) {
	return file_tranship_v1_file_service_proto_rawDescGZIP(), []int{46}
}

func (x *VerifyFileResponse) GetReadBytes() int64 {
	if x != nil {
		return x.ReadBytes
	}
	return 0
}

func (x *VerifyFileResponse) GetFile() *File {
	if x != nil {
		return x.File
	}
	return nil
}

func (x *VerifyFileResponse) GetCrc32C() uint32 {
	if x != nil && x.Crc32C != nil {
		return *x.Crc32C
	}
	return 0
}

// ListUploadsRequest selects the uploads to list.
type ListUploadsRequest struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// Only uploads of files at this path and below it. Empty: all.
	Directory     string `protobuf:"bytes,1,opt,name=directory,proto3" json:"directory,omitempty"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *ListUploadsRequest) Reset() {
	*x = ListUploadsRequest{}
	mi := &file_tranship_v1_file_service_proto_msgTypes[47]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *ListUploadsRequest) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*ListUploadsRequest) ProtoMessage() {}

func (x *ListUploadsRequest) ProtoReflect() protoreflect.Message {
	mi := &file_tranship_v1_file_service_proto_msgTypes[47]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use ListUploadsRequest.ProtoReflect.Descriptor instead.
func (*ListUploadsRequest) Descriptor() ([]byte, []int) {
	return file_tranship_v1_file_service_proto_rawDescGZIP(), []int{47}
}

func (x *ListUploadsRequest) GetDirectory() string {
	if x != nil {
		return x.Directory
	}
	return ""
}

// ListUploadsResponse is a batch of uploads. It may be empty; see "Silence" at the top of
// this file.
type ListUploadsResponse struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// In ascending bytewise order of path and then of upload id.
	Uploads       []*Upload `protobuf:"bytes,1,rep,name=uploads,proto3" json:"uploads,omitempty"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *ListUploadsResponse) Reset() {
	*x = ListUploadsResponse{}
	mi := &file_tranship_v1_file_service_proto_msgTypes[48]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *ListUploadsResponse) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*ListUploadsResponse) ProtoMessage() {}

func (x *ListUploadsResponse) ProtoReflect() protoreflect.Message {
	mi := &file_tranship_v1_file_service_proto_msgTypes[48]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use ListUploadsResponse.ProtoReflect.Descriptor instead.
func (*ListUploadsResponse) Descriptor() ([]byte, []int) {
	return file_tranship_v1_file_service_proto_rawDescGZIP(), []int{48}
}

func (x *ListUploadsResponse) GetUploads() []*Upload {
	if x != nil {
		return x.Uploads
	}
	return nil
}

// Upload describes an unfinished upload.
type Upload struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// The id of the upload, for AbortUpload.
	UploadId string `protobuf:"bytes,1,opt,name=upload_id,json=uploadId,proto3" json:"upload_id,omitempty"`
	// Where the file will be visible.
	Path string `protobuf:"bytes,2,opt,name=path,proto3" json:"path,omitempty"`
	// Length of the file in bytes.
	Size *int64 `protobuf:"varint,3,opt,name=size,proto3,oneof" json:"size,omitempty"`
	// Bytes that a resumed upload need not send again.
	DurableBytes int64 `protobuf:"varint,4,opt,name=durable_bytes,json=durableBytes,proto3" json:"durable_bytes,omitempty"`
	// When the upload began.
	CreatedTime *timestamppb.Timestamp `protobuf:"bytes,5,opt,name=created_time,json=createdTime,proto3" json:"created_time,omitempty"`
	// When the server removes the upload, unless a client writes to it before.
	ExpireTime    *timestamppb.Timestamp `protobuf:"bytes,6,opt,name=expire_time,json=expireTime,proto3" json:"expire_time,omitempty"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *Upload) Reset() {
	*x = Upload{}
	mi := &file_tranship_v1_file_service_proto_msgTypes[49]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *Upload) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*Upload) ProtoMessage() {}

func (x *Upload) ProtoReflect() protoreflect.Message {
	mi := &file_tranship_v1_file_service_proto_msgTypes[49]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use Upload.ProtoReflect.Descriptor instead.
func (*Upload) Descriptor() ([]byte, []int) {
	return file_tranship_v1_file_service_proto_rawDescGZIP(), []int{49}
}

func (x *Upload) GetUploadId() string {
	if x != nil {
		return x.UploadId
	}
	return ""
}

func (x *Upload) GetPath() string {
	if x != nil {
		return x.Path
	}
	return ""
}

func (x *Upload) GetSize() int64 {
	if x != nil && x.Size != nil {
		return *x.Size
	}
	return 0
}

func (x *Upload) GetDurableBytes() int64 {
	if x != nil {
		return x.DurableBytes
	}
	return 0
}

func (x *Upload) GetCreatedTime() *timestamppb.Timestamp {
	if x != nil {
		return x.CreatedTime
	}
	return nil
}

func (x *Upload) GetExpireTime() *timestamppb.Timestamp {
	if x != nil {
		return x.ExpireTime
	}
	return nil
}

// AbortUploadRequest names the upload to remove.
type AbortUploadRequest struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// The id, from `begun` or ListUploads.
	UploadId      string `protobuf:"bytes,1,opt,name=upload_id,json=uploadId,proto3" json:"upload_id,omitempty"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *AbortUploadRequest) Reset() {
	*x = AbortUploadRequest{}
	mi := &file_tranship_v1_file_service_proto_msgTypes[50]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *AbortUploadRequest) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*AbortUploadRequest) ProtoMessage() {}

func (x *AbortUploadRequest) ProtoReflect() protoreflect.Message {
	mi := &file_tranship_v1_file_service_proto_msgTypes[50]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use AbortUploadRequest.ProtoReflect.Descriptor instead.
func (*AbortUploadRequest) Descriptor() ([]byte, []int) {
	return file_tranship_v1_file_service_proto_rawDescGZIP(), []int{50}
}

func (x *AbortUploadRequest) GetUploadId() string {
	if x != nil {
		return x.UploadId
	}
	return ""
}

// AbortUploadResponse is empty.
type AbortUploadResponse struct {
	state         protoimpl.MessageState `protogen:"open.v1"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *AbortUploadResponse) Reset() {
	*x = AbortUploadResponse{}
	mi := &file_tranship_v1_file_service_proto_msgTypes[51]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *AbortUploadResponse) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*AbortUploadResponse) ProtoMessage() {}

func (x *AbortUploadResponse) ProtoReflect() protoreflect.Message {
	mi := &file_tranship_v1_file_service_proto_msgTypes[51]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use AbortUploadResponse.ProtoReflect.Descriptor instead.
func (*AbortUploadResponse) Descriptor() ([]byte, []int) {
	return file_tranship_v1_file_service_proto_rawDescGZIP(), []int{51}
}

// GetServerInfoRequest is empty.
type GetServerInfoRequest struct {
	state         protoimpl.MessageState `protogen:"open.v1"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *GetServerInfoRequest) Reset() {
	*x = GetServerInfoRequest{}
	mi := &file_tranship_v1_file_service_proto_msgTypes[52]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *GetServerInfoRequest) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*GetServerInfoRequest) ProtoMessage() {}

func (x *GetServerInfoRequest) ProtoReflect() protoreflect.Message {
	mi := &file_tranship_v1_file_service_proto_msgTypes[52]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use GetServerInfoRequest.ProtoReflect.Descriptor instead.
func (*GetServerInfoRequest) Descriptor() ([]byte, []int) {
	return file_tranship_v1_file_service_proto_rawDescGZIP(), []int{52}
}

// GetServerInfoResponse describes the server. Its limits do not become stricter
// during an upload.
type GetServerInfoResponse struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// The software version of the server, for people.
	ServerVersion string `protobuf:"bytes,1,opt,name=server_version,json=serverVersion,proto3" json:"server_version,omitempty"`
	// The most bytes of data in one chunk.
	MaxChunkBytes int64 `protobuf:"varint,2,opt,name=max_chunk_bytes,json=maxChunkBytes,proto3" json:"max_chunk_bytes,omitempty"`
	// The most bytes of data in one put.
	MaxPutBytes int64 `protobuf:"varint,3,opt,name=max_put_bytes,json=maxPutBytes,proto3" json:"max_put_bytes,omitempty"`
	// The most unfinished slots on one stream.
	MaxUnfinishedSlots int32 `protobuf:"varint,4,opt,name=max_unfinished_slots,json=maxUnfinishedSlots,proto3" json:"max_unfinished_slots,omitempty"`
	// The most replies that the server queues for a client that does not read.
	MaxQueuedReplies int32 `protobuf:"varint,5,opt,name=max_queued_replies,json=maxQueuedReplies,proto3" json:"max_queued_replies,omitempty"`
	// The largest message that the server accepts, in bytes, decompressed. A larger one
	// ends the whole call with RESOURCE_EXHAUSTED.
	MaxMessageBytes int64 `protobuf:"varint,6,opt,name=max_message_bytes,json=maxMessageBytes,proto3" json:"max_message_bytes,omitempty"`
	// The least durability of a commit, also if the client requests less.
	MinDurability Durability `protobuf:"varint,7,opt,name=min_durability,json=minDurability,proto3,enum=tranship.v1.Durability" json:"min_durability,omitempty"`
	// The shortest interval between HTTP/2 PING frames of a client that the server
	// permits. Absent: unknown, so that a client should send none.
	MinPingInterval *durationpb.Duration `protobuf:"bytes,8,opt,name=min_ping_interval,json=minPingInterval,proto3" json:"min_ping_interval,omitempty"`
	// The shortest interval of the metadata tranship-keep-alive; see "Silence" at the top
	// of this file. Absent: the server does not know the metadata.
	MinKeepAliveInterval *durationpb.Duration `protobuf:"bytes,9,opt,name=min_keep_alive_interval,json=minKeepAliveInterval,proto3" json:"min_keep_alive_interval,omitempty"`
	// The server accepts `zeros` in uploads.
	AcceptsZeros bool `protobuf:"varint,10,opt,name=accepts_zeros,json=acceptsZeros,proto3" json:"accepts_zeros,omitempty"`
	// How Upload and Download can be called without HTTP/2. Absent: not at all.
	Lanes         *Lanes `protobuf:"bytes,16,opt,name=lanes,proto3" json:"lanes,omitempty"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *GetServerInfoResponse) Reset() {
	*x = GetServerInfoResponse{}
	mi := &file_tranship_v1_file_service_proto_msgTypes[53]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *GetServerInfoResponse) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*GetServerInfoResponse) ProtoMessage() {}

func (x *GetServerInfoResponse) ProtoReflect() protoreflect.Message {
	mi := &file_tranship_v1_file_service_proto_msgTypes[53]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use GetServerInfoResponse.ProtoReflect.Descriptor instead.
func (*GetServerInfoResponse) Descriptor() ([]byte, []int) {
	return file_tranship_v1_file_service_proto_rawDescGZIP(), []int{53}
}

func (x *GetServerInfoResponse) GetServerVersion() string {
	if x != nil {
		return x.ServerVersion
	}
	return ""
}

func (x *GetServerInfoResponse) GetMaxChunkBytes() int64 {
	if x != nil {
		return x.MaxChunkBytes
	}
	return 0
}

func (x *GetServerInfoResponse) GetMaxPutBytes() int64 {
	if x != nil {
		return x.MaxPutBytes
	}
	return 0
}

func (x *GetServerInfoResponse) GetMaxUnfinishedSlots() int32 {
	if x != nil {
		return x.MaxUnfinishedSlots
	}
	return 0
}

func (x *GetServerInfoResponse) GetMaxQueuedReplies() int32 {
	if x != nil {
		return x.MaxQueuedReplies
	}
	return 0
}

func (x *GetServerInfoResponse) GetMaxMessageBytes() int64 {
	if x != nil {
		return x.MaxMessageBytes
	}
	return 0
}

func (x *GetServerInfoResponse) GetMinDurability() Durability {
	if x != nil {
		return x.MinDurability
	}
	return Durability_DURABILITY_UNSPECIFIED
}

func (x *GetServerInfoResponse) GetMinPingInterval() *durationpb.Duration {
	if x != nil {
		return x.MinPingInterval
	}
	return nil
}

func (x *GetServerInfoResponse) GetMinKeepAliveInterval() *durationpb.Duration {
	if x != nil {
		return x.MinKeepAliveInterval
	}
	return nil
}

func (x *GetServerInfoResponse) GetAcceptsZeros() bool {
	if x != nil {
		return x.AcceptsZeros
	}
	return false
}

func (x *GetServerInfoResponse) GetLanes() *Lanes {
	if x != nil {
		return x.Lanes
	}
	return nil
}

// Lanes are connections to the port of this server that carry calls without HTTP/2, for
// speed. docs/lanes.md of the project describes them.
type Lanes struct {
	state protoimpl.MessageState `protogen:"open.v1"`
	// Identifies this server since its start: 1 to 64 bytes. On a lane, the server sends it
	// before the client sends any metadata.
	InstanceId string `protobuf:"bytes,1,opt,name=instance_id,json=instanceId,proto3" json:"instance_id,omitempty"`
	// The version of the protocol of lanes, 1. A client that does not know the version uses
	// gRPC.
	Version       int32 `protobuf:"varint,2,opt,name=version,proto3" json:"version,omitempty"`
	unknownFields protoimpl.UnknownFields
	sizeCache     protoimpl.SizeCache
}

func (x *Lanes) Reset() {
	*x = Lanes{}
	mi := &file_tranship_v1_file_service_proto_msgTypes[54]
	ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
	ms.StoreMessageInfo(mi)
}

func (x *Lanes) String() string {
	return protoimpl.X.MessageStringOf(x)
}

func (*Lanes) ProtoMessage() {}

func (x *Lanes) ProtoReflect() protoreflect.Message {
	mi := &file_tranship_v1_file_service_proto_msgTypes[54]
	if x != nil {
		ms := protoimpl.X.MessageStateOf(protoimpl.Pointer(x))
		if ms.LoadMessageInfo() == nil {
			ms.StoreMessageInfo(mi)
		}
		return ms
	}
	return mi.MessageOf(x)
}

// Deprecated: Use Lanes.ProtoReflect.Descriptor instead.
func (*Lanes) Descriptor() ([]byte, []int) {
	return file_tranship_v1_file_service_proto_rawDescGZIP(), []int{54}
}

func (x *Lanes) GetInstanceId() string {
	if x != nil {
		return x.InstanceId
	}
	return ""
}

func (x *Lanes) GetVersion() int32 {
	if x != nil {
		return x.Version
	}
	return 0
}

var File_tranship_v1_file_service_proto protoreflect.FileDescriptor

const file_tranship_v1_file_service_proto_rawDesc = "" +
	"\n" +
	"\x1etranship/v1/file_service.proto\x12\vtranship.v1\x1a\x19google/protobuf/any.proto\x1a\x1egoogle/protobuf/duration.proto\x1a\x1fgoogle/protobuf/timestamp.proto\"\xa4\x03\n" +
	"\x04File\x12\x12\n" +
	"\x04path\x18\x01 \x01(\tR\x04path\x12\x12\n" +
	"\x04size\x18\x02 \x01(\x03R\x04size\x12?\n" +
	"\rmodified_time\x18\x03 \x01(\v2\x1a.google.protobuf.TimestampR\fmodifiedTime\x12\x12\n" +
	"\x04mode\x18\x04 \x01(\rR\x04mode\x12\x18\n" +
	"\aversion\x18\x05 \x01(\tR\aversion\x12\x1b\n" +
	"\x06crc32c\x18\x06 \x01(\aH\x00R\x06crc32c\x88\x01\x01\x12;\n" +
	"\bmetadata\x18\a \x03(\v2\x1f.tranship.v1.File.MetadataEntryR\bmetadata\x12\x1a\n" +
	"\brevision\x18\b \x01(\tR\brevision\x12G\n" +
	"\x12modified_time_unit\x18\n" +
	" \x01(\v2\x19.google.protobuf.DurationR\x10modifiedTimeUnit\x1a;\n" +
	"\rMetadataEntry\x12\x10\n" +
	"\x03key\x18\x01 \x01(\tR\x03key\x12\x14\n" +
	"\x05value\x18\x02 \x01(\tR\x05value:\x028\x01B\t\n" +
	"\a_crc32c\"\xa2\x01\n" +
	"\n" +
	"Attributes\x12?\n" +
	"\rmodified_time\x18\x01 \x01(\v2\x1a.google.protobuf.TimestampR\fmodifiedTime\x12\x17\n" +
	"\x04mode\x18\x02 \x01(\rH\x00R\x04mode\x88\x01\x01\x121\n" +
	"\bmetadata\x18\x03 \x01(\v2\x15.tranship.v1.MetadataR\bmetadataB\a\n" +
	"\x05_mode\"\x84\x01\n" +
	"\bMetadata\x12<\n" +
	"\aentries\x18\x01 \x03(\v2\".tranship.v1.Metadata.EntriesEntryR\aentries\x1a:\n" +
	"\fEntriesEntry\x12\x10\n" +
	"\x03key\x18\x01 \x01(\tR\x03key\x12\x14\n" +
	"\x05value\x18\x02 \x01(\tR\x05value:\x028\x01\"\xa5\x01\n" +
	"\fPrecondition\x12&\n" +
	"\x0emust_not_exist\x18\x01 \x01(\bH\x00R\fmustNotExist\x12.\n" +
	"\x12must_match_version\x18\x02 \x01(\tH\x00R\x10mustMatchVersion\x120\n" +
	"\x13must_match_revision\x18\x03 \x01(\tH\x00R\x11mustMatchRevisionB\v\n" +
	"\tcondition\"_\n" +
	"\x05Range\x12\x16\n" +
	"\x06offset\x18\x01 \x01(\x03R\x06offset\x12\x16\n" +
	"\x06length\x18\x02 \x01(\x03R\x06length\x12\x1b\n" +
	"\x06crc32c\x18\x03 \x01(\aH\x00R\x06crc32c\x88\x01\x01B\t\n" +
	"\a_crc32c\"f\n" +
	"\x06Status\x12\x12\n" +
	"\x04code\x18\x01 \x01(\x05R\x04code\x12\x18\n" +
	"\amessage\x18\x02 \x01(\tR\amessage\x12.\n" +
	"\adetails\x18\x03 \x03(\v2\x14.google.protobuf.AnyR\adetails\";\n" +
	"\rMissingRanges\x12*\n" +
	"\x06ranges\x18\x01 \x03(\v2\x12.tranship.v1.RangeR\x06ranges\"\x91\x03\n" +
	"\rUploadRequest\x12*\n" +
	"\x05begin\x18\x01 \x01(\v2\x12.tranship.v1.BeginH\x00R\x05begin\x12*\n" +
	"\x05chunk\x18\x02 \x01(\v2\x12.tranship.v1.ChunkH\x00R\x05chunk\x12-\n" +
	"\x06finish\x18\x03 \x01(\v2\x13.tranship.v1.FinishH\x00R\x06finish\x12-\n" +
	"\x06cancel\x18\x04 \x01(\v2\x13.tranship.v1.CancelH\x00R\x06cancel\x12$\n" +
	"\x03put\x18\x05 \x01(\v2\x10.tranship.v1.PutH\x00R\x03put\x124\n" +
	"\tcopy_part\x18\x06 \x01(\v2\x15.tranship.v1.CopyPartH\x00R\bcopyPart\x127\n" +
	"\n" +
	"keep_alive\x18\a \x01(\v2\x16.tranship.v1.KeepAliveH\x00R\tkeepAlive\x12*\n" +
	"\x05zeros\x18\b \x01(\v2\x12.tranship.v1.ZerosH\x00R\x05zerosB\t\n" +
	"\arequest\"\xa9\x04\n" +
	"\x05Begin\x12\x12\n" +
	"\x04slot\x18\x01 \x01(\x04R\x04slot\x12+\n" +
	"\x04mode\x18\x02 \x01(\x0e2\x17.tranship.v1.Begin.ModeR\x04mode\x12\x12\n" +
	"\x04path\x18\x03 \x01(\tR\x04path\x12\x17\n" +
	"\x04size\x18\x04 \x01(\x03H\x00R\x04size\x88\x01\x01\x127\n" +
	"\n" +
	"attributes\x18\x05 \x01(\v2\x17.tranship.v1.AttributesR\n" +
	"attributes\x12=\n" +
	"\fprecondition\x18\x06 \x01(\v2\x19.tranship.v1.PreconditionR\fprecondition\x127\n" +
	"\n" +
	"durability\x18\a \x01(\x0e2\x17.tranship.v1.DurabilityR\n" +
	"durability\x12\x12\n" +
	"\x04keep\x18\b \x01(\bR\x04keep\x12\x1d\n" +
	"\n" +
	"resume_key\x18\t \x01(\tR\tresumeKey\x12\x1b\n" +
	"\tupload_id\x18\n" +
	" \x01(\tR\buploadId\x12\x14\n" +
	"\x05epoch\x18\v \x01(\x04R\x05epoch\x12F\n" +
	"\x11progress_interval\x18\f \x01(\v2\x19.google.protobuf.DurationR\x10progressInterval\"J\n" +
	"\x04Mode\x12\x14\n" +
	"\x10MODE_UNSPECIFIED\x10\x00\x12\f\n" +
	"\bMODE_NEW\x10\x01\x12\x0f\n" +
	"\vMODE_RESUME\x10\x02\x12\r\n" +
	"\tMODE_JOIN\x10\x03B\a\n" +
	"\x05_size\"\x7f\n" +
	"\x05Chunk\x12\x12\n" +
	"\x04slot\x18\x01 \x01(\x04R\x04slot\x12\x1b\n" +
	"\x06offset\x18\x02 \x01(\x03H\x00R\x06offset\x88\x01\x01\x12\x12\n" +
	"\x04data\x18\x03 \x01(\fR\x04data\x12\x1b\n" +
	"\x06crc32c\x18\x04 \x01(\aH\x01R\x06crc32c\x88\x01\x01B\t\n" +
	"\a_offsetB\t\n" +
	"\a_crc32c\"[\n" +
	"\x05Zeros\x12\x12\n" +
	"\x04slot\x18\x01 \x01(\x04R\x04slot\x12\x1b\n" +
	"\x06offset\x18\x02 \x01(\x03H\x00R\x06offset\x88\x01\x01\x12\x16\n" +
	"\x06length\x18\x03 \x01(\x03R\x06lengthB\t\n" +
	"\a_offset\"\xc4\x01\n" +
	"\x06Finish\x12\x12\n" +
	"\x04slot\x18\x01 \x01(\x04R\x04slot\x12\x17\n" +
	"\x04size\x18\x02 \x01(\x03H\x00R\x04size\x88\x01\x01\x12\x1b\n" +
	"\x06crc32c\x18\x03 \x01(\aH\x01R\x06crc32c\x88\x01\x01\x12\x19\n" +
	"\x05check\x18\x04 \x01(\aH\x02R\x05check\x88\x01\x01\x127\n" +
	"\n" +
	"attributes\x18\x05 \x01(\v2\x17.tranship.v1.AttributesR\n" +
	"attributesB\a\n" +
	"\x05_sizeB\t\n" +
	"\a_crc32cB\b\n" +
	"\x06_check\"\x1c\n" +
	"\x06Cancel\x12\x12\n" +
	"\x04slot\x18\x01 \x01(\x04R\x04slot\"\xbf\x02\n" +
	"\x03Put\x12\x12\n" +
	"\x04slot\x18\x01 \x01(\x04R\x04slot\x12\x12\n" +
	"\x04path\x18\x02 \x01(\tR\x04path\x127\n" +
	"\n" +
	"attributes\x18\x03 \x01(\v2\x17.tranship.v1.AttributesR\n" +
	"attributes\x12=\n" +
	"\fprecondition\x18\x04 \x01(\v2\x19.tranship.v1.PreconditionR\fprecondition\x127\n" +
	"\n" +
	"durability\x18\x05 \x01(\x0e2\x17.tranship.v1.DurabilityR\n" +
	"durability\x12\x12\n" +
	"\x04data\x18\x06 \x01(\fR\x04data\x12\x1b\n" +
	"\x06crc32c\x18\a \x01(\aH\x00R\x06crc32c\x88\x01\x01\x12\x19\n" +
	"\x05check\x18\b \x01(\aH\x01R\x05check\x88\x01\x01B\t\n" +
	"\a_crc32cB\b\n" +
	"\x06_check\"\xcb\x01\n" +
	"\bCopyPart\x12\x12\n" +
	"\x04slot\x18\x01 \x01(\x04R\x04slot\x12\x16\n" +
	"\x06offset\x18\x02 \x01(\x03R\x06offset\x12\x1f\n" +
	"\vsource_path\x18\x03 \x01(\tR\n" +
	"sourcePath\x12%\n" +
	"\x0esource_version\x18\x04 \x01(\tR\rsourceVersion\x12#\n" +
	"\rsource_offset\x18\x05 \x01(\x03R\fsourceOffset\x12\x1b\n" +
	"\x06crc32c\x18\x06 \x01(\aH\x00R\x06crc32c\x88\x01\x01B\t\n" +
	"\a_crc32c\"\x9a\x02\n" +
	"\x0eUploadResponse\x12*\n" +
	"\x05begun\x18\x01 \x01(\v2\x12.tranship.v1.BegunH\x00R\x05begun\x123\n" +
	"\bprogress\x18\x02 \x01(\v2\x15.tranship.v1.ProgressH\x00R\bprogress\x123\n" +
	"\bfinished\x18\x03 \x01(\v2\x15.tranship.v1.FinishedH\x00R\bfinished\x12-\n" +
	"\x06failed\x18\x04 \x01(\v2\x13.tranship.v1.FailedH\x00R\x06failed\x127\n" +
	"\n" +
	"keep_alive\x18\x05 \x01(\v2\x16.tranship.v1.KeepAliveH\x00R\tkeepAliveB\n" +
	"\n" +
	"\bresponse\"G\n" +
	"\tKeepAlive\x12(\n" +
	"\rstarved_after\x18\x01 \x01(\x04H\x00R\fstarvedAfter\x88\x01\x01B\x10\n" +
	"\x0e_starved_after\"\xba\x01\n" +
	"\x05Begun\x12\x12\n" +
	"\x04slot\x18\x01 \x01(\x04R\x04slot\x12\x1b\n" +
	"\tupload_id\x18\x02 \x01(\tR\buploadId\x12\x14\n" +
	"\x05epoch\x18\x03 \x01(\x04R\x05epoch\x12\x1b\n" +
	"\tpart_size\x18\x04 \x01(\x03R\bpartSize\x12,\n" +
	"\adurable\x18\x05 \x03(\v2\x12.tranship.v1.RangeR\adurable\x12\x1f\n" +
	"\vmax_streams\x18\x06 \x01(\rR\n" +
	"maxStreams\"\xc8\x01\n" +
	"\bProgress\x12\x12\n" +
	"\x04slot\x18\x01 \x01(\x04R\x04slot\x12%\n" +
	"\x0ereceived_bytes\x18\x02 \x01(\x03R\rreceivedBytes\x12#\n" +
	"\rwritten_bytes\x18\x03 \x01(\x03R\fwrittenBytes\x12#\n" +
	"\rdurable_bytes\x18\x04 \x01(\x03R\fdurableBytes\x127\n" +
	"\rnewly_durable\x18\x05 \x03(\v2\x12.tranship.v1.RangeR\fnewlyDurable\"s\n" +
	"\bFinished\x12\x12\n" +
	"\x04slot\x18\x01 \x01(\x04R\x04slot\x12%\n" +
	"\x04file\x18\x02 \x01(\v2\x11.tranship.v1.FileR\x04file\x12,\n" +
	"\adurable\x18\x03 \x03(\v2\x12.tranship.v1.RangeR\adurable\"I\n" +
	"\x06Failed\x12\x12\n" +
	"\x04slot\x18\x01 \x01(\x04R\x04slot\x12+\n" +
	"\x06status\x18\x02 \x01(\v2\x13.tranship.v1.StatusR\x06status\"\xad\x01\n" +
	"\x0fDownloadRequest\x12'\n" +
	"\x04open\x18\x01 \x01(\v2\x11.tranship.v1.OpenH\x00R\x04open\x12-\n" +
	"\x06cancel\x18\x02 \x01(\v2\x13.tranship.v1.CancelH\x00R\x06cancel\x127\n" +
	"\n" +
	"keep_alive\x18\x03 \x01(\v2\x16.tranship.v1.KeepAliveH\x00R\tkeepAliveB\t\n" +
	"\arequest\"\xcc\x01\n" +
	"\x04Open\x12\x12\n" +
	"\x04slot\x18\x01 \x01(\x04R\x04slot\x12\x12\n" +
	"\x04path\x18\x02 \x01(\tR\x04path\x12\x1d\n" +
	"\aversion\x18\x03 \x01(\tH\x00R\aversion\x88\x01\x01\x12\x1b\n" +
	"\x06offset\x18\x04 \x01(\x03H\x01R\x06offset\x88\x01\x01\x12\x1b\n" +
	"\x06length\x18\x05 \x01(\x03H\x02R\x06length\x88\x01\x01\x12!\n" +
	"\faccept_zeros\x18\x06 \x01(\bR\vacceptZerosB\n" +
	"\n" +
	"\b_versionB\t\n" +
	"\a_offsetB\t\n" +
	"\a_length\"\xb6\x02\n" +
	"\x10DownloadResponse\x12-\n" +
	"\x06opened\x18\x01 \x01(\v2\x13.tranship.v1.OpenedH\x00R\x06opened\x12*\n" +
	"\x05chunk\x18\x02 \x01(\v2\x12.tranship.v1.ChunkH\x00R\x05chunk\x12'\n" +
	"\x04done\x18\x03 \x01(\v2\x11.tranship.v1.DoneH\x00R\x04done\x12-\n" +
	"\x06failed\x18\x04 \x01(\v2\x13.tranship.v1.FailedH\x00R\x06failed\x127\n" +
	"\n" +
	"keep_alive\x18\x05 \x01(\v2\x16.tranship.v1.KeepAliveH\x00R\tkeepAlive\x12*\n" +
	"\x05zeros\x18\x06 \x01(\v2\x12.tranship.v1.ZerosH\x00R\x05zerosB\n" +
	"\n" +
	"\bresponse\"C\n" +
	"\x06Opened\x12\x12\n" +
	"\x04slot\x18\x01 \x01(\x04R\x04slot\x12%\n" +
	"\x04file\x18\x02 \x01(\v2\x11.tranship.v1.FileR\x04file\"2\n" +
	"\x04Done\x12\x12\n" +
	"\x04slot\x18\x01 \x01(\x04R\x04slot\x12\x16\n" +
	"\x06crc32c\x18\x02 \x01(\aR\x06crc32c\"!\n" +
	"\vStatRequest\x12\x12\n" +
	"\x04path\x18\x01 \x01(\tR\x04path\"5\n" +
	"\fStatResponse\x12%\n" +
	"\x04file\x18\x01 \x01(\v2\x11.tranship.v1.FileR\x04file\"\xf4\x01\n" +
	"\vListRequest\x12\x1c\n" +
	"\tdirectory\x18\x01 \x01(\tR\tdirectory\x12\x1c\n" +
	"\trecursive\x18\x02 \x01(\bR\trecursive\x12\x1f\n" +
	"\vstart_after\x18\x03 \x01(\tR\n" +
	"startAfter\x12\x14\n" +
	"\x05limit\x18\x04 \x01(\x05R\x05limit\x12%\n" +
	"\x0ereport_skipped\x18\x05 \x01(\bR\rreportSkipped\x12\x16\n" +
	"\x06prefix\x18\x06 \x01(\tR\x06prefix\x12\x1d\n" +
	"\n" +
	"end_before\x18\a \x01(\tR\tendBefore\x12\x14\n" +
	"\x05brief\x18\b \x01(\bR\x05brief\"\x94\x01\n" +
	"\fListResponse\x12,\n" +
	"\aentries\x18\x01 \x03(\v2\x12.tranship.v1.EntryR\aentries\x12&\n" +
	"\x03end\x18\x02 \x01(\v2\x14.tranship.v1.ListEndR\x03end\x12.\n" +
	"\askipped\x18\x03 \x03(\v2\x14.tranship.v1.SkippedR\askipped\"m\n" +
	"\aSkipped\x12\x12\n" +
	"\x04path\x18\x01 \x01(\fR\x04path\x12!\n" +
	"\fis_directory\x18\x02 \x01(\bR\visDirectory\x12+\n" +
	"\x06status\x18\x03 \x01(\v2\x13.tranship.v1.StatusR\x06status\"\x8e\x01\n" +
	"\aListEnd\x12\x1f\n" +
	"\ventry_count\x18\x01 \x01(\x03R\n" +
	"entryCount\x12\x16\n" +
	"\x06crc32c\x18\x02 \x01(\aR\x06crc32c\x12#\n" +
	"\rskipped_count\x18\x03 \x01(\x03R\fskippedCount\x12%\n" +
	"\x0eskipped_crc32c\x18\x04 \x01(\aR\rskippedCrc32c\"Y\n" +
	"\x05Entry\x12'\n" +
	"\x04file\x18\x01 \x01(\v2\x11.tranship.v1.FileH\x00R\x04file\x12\x1e\n" +
	"\tdirectory\x18\x02 \x01(\tH\x00R\tdirectoryB\a\n" +
	"\x05entry\"\xa2\x01\n" +
	"\x14SetAttributesRequest\x12\x12\n" +
	"\x04path\x18\x01 \x01(\tR\x04path\x127\n" +
	"\n" +
	"attributes\x18\x02 \x01(\v2\x17.tranship.v1.AttributesR\n" +
	"attributes\x12=\n" +
	"\fprecondition\x18\x03 \x01(\v2\x19.tranship.v1.PreconditionR\fprecondition\">\n" +
	"\x15SetAttributesResponse\x12%\n" +
	"\x04file\x18\x01 \x01(\v2\x11.tranship.v1.FileR\x04file\"b\n" +
	"\rDeleteRequest\x12\x12\n" +
	"\x04path\x18\x01 \x01(\tR\x04path\x12=\n" +
	"\fprecondition\x18\x02 \x01(\v2\x19.tranship.v1.PreconditionR\fprecondition\"\x10\n" +
	"\x0eDeleteResponse\"T\n" +
	"\x11DeleteTreeRequest\x12\x1c\n" +
	"\tdirectory\x18\x01 \x01(\tR\tdirectory\x12!\n" +
	"\freport_paths\x18\x02 \x01(\bR\vreportPaths\"c\n" +
	"\x12DeleteTreeResponse\x12#\n" +
	"\rdeleted_count\x18\x01 \x01(\x03R\fdeletedCount\x12\x14\n" +
	"\x05paths\x18\x02 \x03(\tR\x05paths\x12\x12\n" +
	"\x04done\x18\x03 \x01(\bR\x04done\"\xbf\x01\n" +
	"\vMoveRequest\x12\x1f\n" +
	"\vsource_path\x18\x01 \x01(\tR\n" +
	"sourcePath\x12)\n" +
	"\x10destination_path\x18\x02 \x01(\tR\x0fdestinationPath\x12=\n" +
	"\fprecondition\x18\x03 \x01(\v2\x19.tranship.v1.PreconditionR\fprecondition\x12%\n" +
	"\x0esource_version\x18\x04 \x01(\tR\rsourceVersion\"5\n" +
	"\fMoveResponse\x12%\n" +
	"\x04file\x18\x01 \x01(\v2\x11.tranship.v1.FileR\x04file\"\xbf\x01\n" +
	"\vCopyRequest\x12\x1f\n" +
	"\vsource_path\x18\x01 \x01(\tR\n" +
	"sourcePath\x12)\n" +
	"\x10destination_path\x18\x02 \x01(\tR\x0fdestinationPath\x12=\n" +
	"\fprecondition\x18\x03 \x01(\v2\x19.tranship.v1.PreconditionR\fprecondition\x12%\n" +
	"\x0esource_version\x18\x04 \x01(\tR\rsourceVersion\"5\n" +
	"\fCopyResponse\x12%\n" +
	"\x04file\x18\x01 \x01(\v2\x11.tranship.v1.FileR\x04file\"\xc3\x01\n" +
	"\x0fCopyFileRequest\x12\x1f\n" +
	"\vsource_path\x18\x01 \x01(\tR\n" +
	"sourcePath\x12)\n" +
	"\x10destination_path\x18\x02 \x01(\tR\x0fdestinationPath\x12=\n" +
	"\fprecondition\x18\x03 \x01(\v2\x19.tranship.v1.PreconditionR\fprecondition\x12%\n" +
	"\x0esource_version\x18\x04 \x01(\tR\rsourceVersion\"\\\n" +
	"\x10CopyFileResponse\x12!\n" +
	"\fcopied_bytes\x18\x01 \x01(\x03R\vcopiedBytes\x12%\n" +
	"\x04file\x18\x02 \x01(\v2\x11.tranship.v1.FileR\x04file\"r\n" +
	"\x11VerifyFileRequest\x12\x12\n" +
	"\x04path\x18\x01 \x01(\tR\x04path\x12\x18\n" +
	"\aversion\x18\x02 \x01(\tR\aversion\x12/\n" +
	"\x14max_bytes_per_second\x18\x03 \x01(\x03R\x11maxBytesPerSecond\"\x82\x01\n" +
	"\x12VerifyFileResponse\x12\x1d\n" +
	"\n" +
	"read_bytes\x18\x01 \x01(\x03R\treadBytes\x12%\n" +
	"\x04file\x18\x02 \x01(\v2\x11.tranship.v1.FileR\x04file\x12\x1b\n" +
	"\x06crc32c\x18\x03 \x01(\aH\x00R\x06crc32c\x88\x01\x01B\t\n" +
	"\a_crc32c\"2\n" +
	"\x12ListUploadsRequest\x12\x1c\n" +
	"\tdirectory\x18\x01 \x01(\tR\tdirectory\"D\n" +
	"\x13ListUploadsResponse\x12-\n" +
	"\auploads\x18\x01 \x03(\v2\x13.tranship.v1.UploadR\auploads\"\xfc\x01\n" +
	"\x06Upload\x12\x1b\n" +
	"\tupload_id\x18\x01 \x01(\tR\buploadId\x12\x12\n" +
	"\x04path\x18\x02 \x01(\tR\x04path\x12\x17\n" +
	"\x04size\x18\x03 \x01(\x03H\x00R\x04size\x88\x01\x01\x12#\n" +
	"\rdurable_bytes\x18\x04 \x01(\x03R\fdurableBytes\x12=\n" +
	"\fcreated_time\x18\x05 \x01(\v2\x1a.google.protobuf.TimestampR\vcreatedTime\x12;\n" +
	"\vexpire_time\x18\x06 \x01(\v2\x1a.google.protobuf.TimestampR\n" +
	"expireTimeB\a\n" +
	"\x05_size\"1\n" +
	"\x12AbortUploadRequest\x12\x1b\n" +
	"\tupload_id\x18\x01 \x01(\tR\buploadId\"\x15\n" +
	"\x13AbortUploadResponse\"\x16\n" +
	"\x14GetServerInfoRequest\"\xbe\x04\n" +
	"\x15GetServerInfoResponse\x12%\n" +
	"\x0eserver_version\x18\x01 \x01(\tR\rserverVersion\x12&\n" +
	"\x0fmax_chunk_bytes\x18\x02 \x01(\x03R\rmaxChunkBytes\x12\"\n" +
	"\rmax_put_bytes\x18\x03 \x01(\x03R\vmaxPutBytes\x120\n" +
	"\x14max_unfinished_slots\x18\x04 \x01(\x05R\x12maxUnfinishedSlots\x12,\n" +
	"\x12max_queued_replies\x18\x05 \x01(\x05R\x10maxQueuedReplies\x12*\n" +
	"\x11max_message_bytes\x18\x06 \x01(\x03R\x0fmaxMessageBytes\x12>\n" +
	"\x0emin_durability\x18\a \x01(\x0e2\x17.tranship.v1.DurabilityR\rminDurability\x12E\n" +
	"\x11min_ping_interval\x18\b \x01(\v2\x19.google.protobuf.DurationR\x0fminPingInterval\x12P\n" +
	"\x17min_keep_alive_interval\x18\t \x01(\v2\x19.google.protobuf.DurationR\x14minKeepAliveInterval\x12#\n" +
	"\raccepts_zeros\x18\n" +
	" \x01(\bR\facceptsZeros\x12(\n" +
	"\x05lanes\x18\x10 \x01(\v2\x12.tranship.v1.LanesR\x05lanes\"B\n" +
	"\x05Lanes\x12\x1f\n" +
	"\vinstance_id\x18\x01 \x01(\tR\n" +
	"instanceId\x12\x18\n" +
	"\aversion\x18\x02 \x01(\x05R\aversion*X\n" +
	"\n" +
	"Durability\x12\x1a\n" +
	"\x16DURABILITY_UNSPECIFIED\x10\x00\x12\x16\n" +
	"\x12DURABILITY_WRITTEN\x10\x01\x12\x16\n" +
	"\x12DURABILITY_DURABLE\x10\x022\x9d\b\n" +
	"\vFileService\x12E\n" +
	"\x06Upload\x12\x1a.tranship.v1.UploadRequest\x1a\x1b.tranship.v1.UploadResponse(\x010\x01\x12K\n" +
	"\bDownload\x12\x1c.tranship.v1.DownloadRequest\x1a\x1d.tranship.v1.DownloadResponse(\x010\x01\x12;\n" +
	"\x04Stat\x12\x18.tranship.v1.StatRequest\x1a\x19.tranship.v1.StatResponse\x12=\n" +
	"\x04List\x12\x18.tranship.v1.ListRequest\x1a\x19.tranship.v1.ListResponse0\x01\x12V\n" +
	"\rSetAttributes\x12!.tranship.v1.SetAttributesRequest\x1a\".tranship.v1.SetAttributesResponse\x12A\n" +
	"\x06Delete\x12\x1a.tranship.v1.DeleteRequest\x1a\x1b.tranship.v1.DeleteResponse\x12O\n" +
	"\n" +
	"DeleteTree\x12\x1e.tranship.v1.DeleteTreeRequest\x1a\x1f.tranship.v1.DeleteTreeResponse0\x01\x12;\n" +
	"\x04Move\x12\x18.tranship.v1.MoveRequest\x1a\x19.tranship.v1.MoveResponse\x12;\n" +
	"\x04Copy\x12\x18.tranship.v1.CopyRequest\x1a\x19.tranship.v1.CopyResponse\x12I\n" +
	"\bCopyFile\x12\x1c.tranship.v1.CopyFileRequest\x1a\x1d.tranship.v1.CopyFileResponse0\x01\x12R\n" +
	"\vListUploads\x12\x1f.tranship.v1.ListUploadsRequest\x1a .tranship.v1.ListUploadsResponse0\x01\x12P\n" +
	"\vAbortUpload\x12\x1f.tranship.v1.AbortUploadRequest\x1a .tranship.v1.AbortUploadResponse\x12O\n" +
	"\n" +
	"VerifyFile\x12\x1e.tranship.v1.VerifyFileRequest\x1a\x1f.tranship.v1.VerifyFileResponse0\x01\x12V\n" +
	"\rGetServerInfo\x12!.tranship.v1.GetServerInfoRequest\x1a\".tranship.v1.GetServerInfoResponseB;Z9github.com/tranship/tranship/proto/tranship/v1;transhipv1b\x06proto3"

var (
	file_tranship_v1_file_service_proto_rawDescOnce sync.Once
	file_tranship_v1_file_service_proto_rawDescData []byte
)

func file_tranship_v1_file_service_proto_rawDescGZIP() []byte {
	file_tranship_v1_file_service_proto_rawDescOnce.Do(func() {
		file_tranship_v1_file_service_proto_rawDescData = protoimpl.X.CompressGZIP(unsafe.Slice(unsafe.StringData(file_tranship_v1_file_service_proto_rawDesc), len(file_tranship_v1_file_service_proto_rawDesc)))
	})
	return file_tranship_v1_file_service_proto_rawDescData
}

var file_tranship_v1_file_service_proto_enumTypes = make([]protoimpl.EnumInfo, 2)
var file_tranship_v1_file_service_proto_msgTypes = make([]protoimpl.MessageInfo, 57)
var file_tranship_v1_file_service_proto_goTypes = []any{
	(Durability)(0),               // 0: tranship.v1.Durability
	(Begin_Mode)(0),               // 1: tranship.v1.Begin.Mode
	(*File)(nil),                  // 2: tranship.v1.File
	(*Attributes)(nil),            // 3: tranship.v1.Attributes
	(*Metadata)(nil),              // 4: tranship.v1.Metadata
	(*Precondition)(nil),          // 5: tranship.v1.Precondition
	(*Range)(nil),                 // 6: tranship.v1.Range
	(*Status)(nil),                // 7: tranship.v1.Status
	(*MissingRanges)(nil),         // 8: tranship.v1.MissingRanges
	(*UploadRequest)(nil),         // 9: tranship.v1.UploadRequest
	(*Begin)(nil),                 // 10: tranship.v1.Begin
	(*Chunk)(nil),                 // 11: tranship.v1.Chunk
	(*Zeros)(nil),                 // 12: tranship.v1.Zeros
	(*Finish)(nil),                // 13: tranship.v1.Finish
	(*Cancel)(nil),                // 14: tranship.v1.Cancel
	(*Put)(nil),                   // 15: tranship.v1.Put
	(*CopyPart)(nil),              // 16: tranship.v1.CopyPart
	(*UploadResponse)(nil),        // 17: tranship.v1.UploadResponse
	(*KeepAlive)(nil),             // 18: tranship.v1.KeepAlive
	(*Begun)(nil),                 // 19: tranship.v1.Begun
	(*Progress)(nil),              // 20: tranship.v1.Progress
	(*Finished)(nil),              // 21: tranship.v1.Finished
	(*Failed)(nil),                // 22: tranship.v1.Failed
	(*DownloadRequest)(nil),       // 23: tranship.v1.DownloadRequest
	(*Open)(nil),                  // 24: tranship.v1.Open
	(*DownloadResponse)(nil),      // 25: tranship.v1.DownloadResponse
	(*Opened)(nil),                // 26: tranship.v1.Opened
	(*Done)(nil),                  // 27: tranship.v1.Done
	(*StatRequest)(nil),           // 28: tranship.v1.StatRequest
	(*StatResponse)(nil),          // 29: tranship.v1.StatResponse
	(*ListRequest)(nil),           // 30: tranship.v1.ListRequest
	(*ListResponse)(nil),          // 31: tranship.v1.ListResponse
	(*Skipped)(nil),               // 32: tranship.v1.Skipped
	(*ListEnd)(nil),               // 33: tranship.v1.ListEnd
	(*Entry)(nil),                 // 34: tranship.v1.Entry
	(*SetAttributesRequest)(nil),  // 35: tranship.v1.SetAttributesRequest
	(*SetAttributesResponse)(nil), // 36: tranship.v1.SetAttributesResponse
	(*DeleteRequest)(nil),         // 37: tranship.v1.DeleteRequest
	(*DeleteResponse)(nil),        // 38: tranship.v1.DeleteResponse
	(*DeleteTreeRequest)(nil),     // 39: tranship.v1.DeleteTreeRequest
	(*DeleteTreeResponse)(nil),    // 40: tranship.v1.DeleteTreeResponse
	(*MoveRequest)(nil),           // 41: tranship.v1.MoveRequest
	(*MoveResponse)(nil),          // 42: tranship.v1.MoveResponse
	(*CopyRequest)(nil),           // 43: tranship.v1.CopyRequest
	(*CopyResponse)(nil),          // 44: tranship.v1.CopyResponse
	(*CopyFileRequest)(nil),       // 45: tranship.v1.CopyFileRequest
	(*CopyFileResponse)(nil),      // 46: tranship.v1.CopyFileResponse
	(*VerifyFileRequest)(nil),     // 47: tranship.v1.VerifyFileRequest
	(*VerifyFileResponse)(nil),    // 48: tranship.v1.VerifyFileResponse
	(*ListUploadsRequest)(nil),    // 49: tranship.v1.ListUploadsRequest
	(*ListUploadsResponse)(nil),   // 50: tranship.v1.ListUploadsResponse
	(*Upload)(nil),                // 51: tranship.v1.Upload
	(*AbortUploadRequest)(nil),    // 52: tranship.v1.AbortUploadRequest
	(*AbortUploadResponse)(nil),   // 53: tranship.v1.AbortUploadResponse
	(*GetServerInfoRequest)(nil),  // 54: tranship.v1.GetServerInfoRequest
	(*GetServerInfoResponse)(nil), // 55: tranship.v1.GetServerInfoResponse
	(*Lanes)(nil),                 // 56: tranship.v1.Lanes
	nil,                           // 57: tranship.v1.File.MetadataEntry
	nil,                           // 58: tranship.v1.Metadata.EntriesEntry
	(*timestamppb.Timestamp)(nil), // 59: google.protobuf.Timestamp
	(*durationpb.Duration)(nil),   // 60: google.protobuf.Duration
	(*anypb.Any)(nil),             // 61: google.protobuf.Any
}
var file_tranship_v1_file_service_proto_depIdxs = []int32{
	59, // 0: tranship.v1.File.modified_time:type_name -> google.protobuf.Timestamp
	57, // 1: tranship.v1.File.metadata:type_name -> tranship.v1.File.MetadataEntry
	60, // 2: tranship.v1.File.modified_time_unit:type_name -> google.protobuf.Duration
	59, // 3: tranship.v1.Attributes.modified_time:type_name -> google.protobuf.Timestamp
	4,  // 4: tranship.v1.Attributes.metadata:type_name -> tranship.v1.Metadata
	58, // 5: tranship.v1.Metadata.entries:type_name -> tranship.v1.Metadata.EntriesEntry
	61, // 6: tranship.v1.Status.details:type_name -> google.protobuf.Any
	6,  // 7: tranship.v1.MissingRanges.ranges:type_name -> tranship.v1.Range
	10, // 8: tranship.v1.UploadRequest.begin:type_name -> tranship.v1.Begin
	11, // 9: tranship.v1.UploadRequest.chunk:type_name -> tranship.v1.Chunk
	13, // 10: tranship.v1.UploadRequest.finish:type_name -> tranship.v1.Finish
	14, // 11: tranship.v1.UploadRequest.cancel:type_name -> tranship.v1.Cancel
	15, // 12: tranship.v1.UploadRequest.put:type_name -> tranship.v1.Put
	16, // 13: tranship.v1.UploadRequest.copy_part:type_name -> tranship.v1.CopyPart
	18, // 14: tranship.v1.UploadRequest.keep_alive:type_name -> tranship.v1.KeepAlive
	12, // 15: tranship.v1.UploadRequest.zeros:type_name -> tranship.v1.Zeros
	1,  // 16: tranship.v1.Begin.mode:type_name -> tranship.v1.Begin.Mode
	3,  // 17: tranship.v1.Begin.attributes:type_name -> tranship.v1.Attributes
	5,  // 18: tranship.v1.Begin.precondition:type_name -> tranship.v1.Precondition
	0,  // 19: tranship.v1.Begin.durability:type_name -> tranship.v1.Durability
	60, // 20: tranship.v1.Begin.progress_interval:type_name -> google.protobuf.Duration
	3,  // 21: tranship.v1.Finish.attributes:type_name -> tranship.v1.Attributes
	3,  // 22: tranship.v1.Put.attributes:type_name -> tranship.v1.Attributes
	5,  // 23: tranship.v1.Put.precondition:type_name -> tranship.v1.Precondition
	0,  // 24: tranship.v1.Put.durability:type_name -> tranship.v1.Durability
	19, // 25: tranship.v1.UploadResponse.begun:type_name -> tranship.v1.Begun
	20, // 26: tranship.v1.UploadResponse.progress:type_name -> tranship.v1.Progress
	21, // 27: tranship.v1.UploadResponse.finished:type_name -> tranship.v1.Finished
	22, // 28: tranship.v1.UploadResponse.failed:type_name -> tranship.v1.Failed
	18, // 29: tranship.v1.UploadResponse.keep_alive:type_name -> tranship.v1.KeepAlive
	6,  // 30: tranship.v1.Begun.durable:type_name -> tranship.v1.Range
	6,  // 31: tranship.v1.Progress.newly_durable:type_name -> tranship.v1.Range
	2,  // 32: tranship.v1.Finished.file:type_name -> tranship.v1.File
	6,  // 33: tranship.v1.Finished.durable:type_name -> tranship.v1.Range
	7,  // 34: tranship.v1.Failed.status:type_name -> tranship.v1.Status
	24, // 35: tranship.v1.DownloadRequest.open:type_name -> tranship.v1.Open
	14, // 36: tranship.v1.DownloadRequest.cancel:type_name -> tranship.v1.Cancel
	18, // 37: tranship.v1.DownloadRequest.keep_alive:type_name -> tranship.v1.KeepAlive
	26, // 38: tranship.v1.DownloadResponse.opened:type_name -> tranship.v1.Opened
	11, // 39: tranship.v1.DownloadResponse.chunk:type_name -> tranship.v1.Chunk
	27, // 40: tranship.v1.DownloadResponse.done:type_name -> tranship.v1.Done
	22, // 41: tranship.v1.DownloadResponse.failed:type_name -> tranship.v1.Failed
	18, // 42: tranship.v1.DownloadResponse.keep_alive:type_name -> tranship.v1.KeepAlive
	12, // 43: tranship.v1.DownloadResponse.zeros:type_name -> tranship.v1.Zeros
	2,  // 44: tranship.v1.Opened.file:type_name -> tranship.v1.File
	2,  // 45: tranship.v1.StatResponse.file:type_name -> tranship.v1.File
	34, // 46: tranship.v1.ListResponse.entries:type_name -> tranship.v1.Entry
	33, // 47: tranship.v1.ListResponse.end:type_name -> tranship.v1.ListEnd
	32, // 48: tranship.v1.ListResponse.skipped:type_name -> tranship.v1.Skipped
	7,  // 49: tranship.v1.Skipped.status:type_name -> tranship.v1.Status
	2,  // 50: tranship.v1.Entry.file:type_name -> tranship.v1.File
	3,  // 51: tranship.v1.SetAttributesRequest.attributes:type_name -> tranship.v1.Attributes
	5,  // 52: tranship.v1.SetAttributesRequest.precondition:type_name -> tranship.v1.Precondition
	2,  // 53: tranship.v1.SetAttributesResponse.file:type_name -> tranship.v1.File
	5,  // 54: tranship.v1.DeleteRequest.precondition:type_name -> tranship.v1.Precondition
	5,  // 55: tranship.v1.MoveRequest.precondition:type_name -> tranship.v1.Precondition
	2,  // 56: tranship.v1.MoveResponse.file:type_name -> tranship.v1.File
	5,  // 57: tranship.v1.CopyRequest.precondition:type_name -> tranship.v1.Precondition
	2,  // 58: tranship.v1.CopyResponse.file:type_name -> tranship.v1.File
	5,  // 59: tranship.v1.CopyFileRequest.precondition:type_name -> tranship.v1.Precondition
	2,  // 60: tranship.v1.CopyFileResponse.file:type_name -> tranship.v1.File
	2,  // 61: tranship.v1.VerifyFileResponse.file:type_name -> tranship.v1.File
	51, // 62: tranship.v1.ListUploadsResponse.uploads:type_name -> tranship.v1.Upload
	59, // 63: tranship.v1.Upload.created_time:type_name -> google.protobuf.Timestamp
	59, // 64: tranship.v1.Upload.expire_time:type_name -> google.protobuf.Timestamp
	0,  // 65: tranship.v1.GetServerInfoResponse.min_durability:type_name -> tranship.v1.Durability
	60, // 66: tranship.v1.GetServerInfoResponse.min_ping_interval:type_name -> google.protobuf.Duration
	60, // 67: tranship.v1.GetServerInfoResponse.min_keep_alive_interval:type_name -> google.protobuf.Duration
	56, // 68: tranship.v1.GetServerInfoResponse.lanes:type_name -> tranship.v1.Lanes
	9,  // 69: tranship.v1.FileService.Upload:input_type -> tranship.v1.UploadRequest
	23, // 70: tranship.v1.FileService.Download:input_type -> tranship.v1.DownloadRequest
	28, // 71: tranship.v1.FileService.Stat:input_type -> tranship.v1.StatRequest
	30, // 72: tranship.v1.FileService.List:input_type -> tranship.v1.ListRequest
	35, // 73: tranship.v1.FileService.SetAttributes:input_type -> tranship.v1.SetAttributesRequest
	37, // 74: tranship.v1.FileService.Delete:input_type -> tranship.v1.DeleteRequest
	39, // 75: tranship.v1.FileService.DeleteTree:input_type -> tranship.v1.DeleteTreeRequest
	41, // 76: tranship.v1.FileService.Move:input_type -> tranship.v1.MoveRequest
	43, // 77: tranship.v1.FileService.Copy:input_type -> tranship.v1.CopyRequest
	45, // 78: tranship.v1.FileService.CopyFile:input_type -> tranship.v1.CopyFileRequest
	49, // 79: tranship.v1.FileService.ListUploads:input_type -> tranship.v1.ListUploadsRequest
	52, // 80: tranship.v1.FileService.AbortUpload:input_type -> tranship.v1.AbortUploadRequest
	47, // 81: tranship.v1.FileService.VerifyFile:input_type -> tranship.v1.VerifyFileRequest
	54, // 82: tranship.v1.FileService.GetServerInfo:input_type -> tranship.v1.GetServerInfoRequest
	17, // 83: tranship.v1.FileService.Upload:output_type -> tranship.v1.UploadResponse
	25, // 84: tranship.v1.FileService.Download:output_type -> tranship.v1.DownloadResponse
	29, // 85: tranship.v1.FileService.Stat:output_type -> tranship.v1.StatResponse
	31, // 86: tranship.v1.FileService.List:output_type -> tranship.v1.ListResponse
	36, // 87: tranship.v1.FileService.SetAttributes:output_type -> tranship.v1.SetAttributesResponse
	38, // 88: tranship.v1.FileService.Delete:output_type -> tranship.v1.DeleteResponse
	40, // 89: tranship.v1.FileService.DeleteTree:output_type -> tranship.v1.DeleteTreeResponse
	42, // 90: tranship.v1.FileService.Move:output_type -> tranship.v1.MoveResponse
	44, // 91: tranship.v1.FileService.Copy:output_type -> tranship.v1.CopyResponse
	46, // 92: tranship.v1.FileService.CopyFile:output_type -> tranship.v1.CopyFileResponse
	50, // 93: tranship.v1.FileService.ListUploads:output_type -> tranship.v1.ListUploadsResponse
	53, // 94: tranship.v1.FileService.AbortUpload:output_type -> tranship.v1.AbortUploadResponse
	48, // 95: tranship.v1.FileService.VerifyFile:output_type -> tranship.v1.VerifyFileResponse
	55, // 96: tranship.v1.FileService.GetServerInfo:output_type -> tranship.v1.GetServerInfoResponse
	83, // [83:97] is the sub-list for method output_type
	69, // [69:83] is the sub-list for method input_type
	69, // [69:69] is the sub-list for extension type_name
	69, // [69:69] is the sub-list for extension extendee
	0,  // [0:69] is the sub-list for field type_name
}

func init() { file_tranship_v1_file_service_proto_init() }
func file_tranship_v1_file_service_proto_init() {
	if File_tranship_v1_file_service_proto != nil {
		return
	}
	file_tranship_v1_file_service_proto_msgTypes[0].OneofWrappers = []any{}
	file_tranship_v1_file_service_proto_msgTypes[1].OneofWrappers = []any{}
	file_tranship_v1_file_service_proto_msgTypes[3].OneofWrappers = []any{
		(*Precondition_MustNotExist)(nil),
		(*Precondition_MustMatchVersion)(nil),
		(*Precondition_MustMatchRevision)(nil),
	}
	file_tranship_v1_file_service_proto_msgTypes[4].OneofWrappers = []any{}
	file_tranship_v1_file_service_proto_msgTypes[7].OneofWrappers = []any{
		(*UploadRequest_Begin)(nil),
		(*UploadRequest_Chunk)(nil),
		(*UploadRequest_Finish)(nil),
		(*UploadRequest_Cancel)(nil),
		(*UploadRequest_Put)(nil),
		(*UploadRequest_CopyPart)(nil),
		(*UploadRequest_KeepAlive)(nil),
		(*UploadRequest_Zeros)(nil),
	}
	file_tranship_v1_file_service_proto_msgTypes[8].OneofWrappers = []any{}
	file_tranship_v1_file_service_proto_msgTypes[9].OneofWrappers = []any{}
	file_tranship_v1_file_service_proto_msgTypes[10].OneofWrappers = []any{}
	file_tranship_v1_file_service_proto_msgTypes[11].OneofWrappers = []any{}
	file_tranship_v1_file_service_proto_msgTypes[13].OneofWrappers = []any{}
	file_tranship_v1_file_service_proto_msgTypes[14].OneofWrappers = []any{}
	file_tranship_v1_file_service_proto_msgTypes[15].OneofWrappers = []any{
		(*UploadResponse_Begun)(nil),
		(*UploadResponse_Progress)(nil),
		(*UploadResponse_Finished)(nil),
		(*UploadResponse_Failed)(nil),
		(*UploadResponse_KeepAlive)(nil),
	}
	file_tranship_v1_file_service_proto_msgTypes[16].OneofWrappers = []any{}
	file_tranship_v1_file_service_proto_msgTypes[21].OneofWrappers = []any{
		(*DownloadRequest_Open)(nil),
		(*DownloadRequest_Cancel)(nil),
		(*DownloadRequest_KeepAlive)(nil),
	}
	file_tranship_v1_file_service_proto_msgTypes[22].OneofWrappers = []any{}
	file_tranship_v1_file_service_proto_msgTypes[23].OneofWrappers = []any{
		(*DownloadResponse_Opened)(nil),
		(*DownloadResponse_Chunk)(nil),
		(*DownloadResponse_Done)(nil),
		(*DownloadResponse_Failed)(nil),
		(*DownloadResponse_KeepAlive)(nil),
		(*DownloadResponse_Zeros)(nil),
	}
	file_tranship_v1_file_service_proto_msgTypes[32].OneofWrappers = []any{
		(*Entry_File)(nil),
		(*Entry_Directory)(nil),
	}
	file_tranship_v1_file_service_proto_msgTypes[46].OneofWrappers = []any{}
	file_tranship_v1_file_service_proto_msgTypes[49].OneofWrappers = []any{}
	type x struct{}
	out := protoimpl.TypeBuilder{
		File: protoimpl.DescBuilder{
			GoPackagePath: reflect.TypeOf(x{}).PkgPath(),
			RawDescriptor: unsafe.Slice(unsafe.StringData(file_tranship_v1_file_service_proto_rawDesc), len(file_tranship_v1_file_service_proto_rawDesc)),
			NumEnums:      2,
			NumMessages:   57,
			NumExtensions: 0,
			NumServices:   1,
		},
		GoTypes:           file_tranship_v1_file_service_proto_goTypes,
		DependencyIndexes: file_tranship_v1_file_service_proto_depIdxs,
		EnumInfos:         file_tranship_v1_file_service_proto_enumTypes,
		MessageInfos:      file_tranship_v1_file_service_proto_msgTypes,
	}.Build()
	File_tranship_v1_file_service_proto = out.File
	file_tranship_v1_file_service_proto_goTypes = nil
	file_tranship_v1_file_service_proto_depIdxs = nil
}
