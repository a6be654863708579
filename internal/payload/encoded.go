package payload

import (
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/runtime/protoiface"
)

// Encoded is a message that is encoded before it is sent. Another goroutine may therefore send it
// than the one whose memory it was made from. It is not safe for concurrent use, and must not be
// copied once it is sent. Send or Free must be called.
type Encoded struct {
	kind proto.Message
	data [1]mem.Buffer
	// payload is how much of the message is content of a file, in bytes.
	payload int
	// taken means that the data belongs to gRPC, or was freed.
	taken bool
}

var _ proto.Message = (*Encoded)(nil)

// NewEncoded returns the message of kind's type that data encodes. It takes the reference to
// data. kind is a message without a field, which is never changed.
func NewEncoded(kind proto.Message, data mem.Buffer) Encoded {
	return Encoded{kind: kind, data: [1]mem.Buffer{data}}
}

// Len returns the length of the payload in bytes, as Message.Len does.
func (e *Encoded) Len() int { return e.payload }

// Send sends the message and frees it, also if that fails. The error is that of the stream.
func (e *Encoded) Send(stream Sender) error {
	// Codec has taken the data, and Free does nothing; gRPC's own codec has copied it.
	defer e.Free()
	return stream.SendMsg(e)
}

// Free releases a message that is not sent. Further calls do nothing.
func (e *Encoded) Free() {
	if !e.taken {
		e.taken = true
		e.data[0].Free()
	}
}

// take returns the data, which the caller must free.
func (e *Encoded) take() mem.BufferSlice {
	e.taken = true
	return e.data[:]
}

// ProtoReflect implements proto.Message for gRPC's own codec, which then copies the data.
// Other callers, such as a program's interceptors, see a message without a field.
func (e *Encoded) ProtoReflect() protoreflect.Message {
	return encodedReflection{e.kind.ProtoReflect(), e}
}

// Reset does nothing, because an Encoded is only sent.
func (e *Encoded) Reset() {}

// String implements fmt.Stringer.
func (e *Encoded) String() string { return "encoded message" }

// encodedReflection is the reflection of a message without a field, except that encoding returns
// the data.
type encodedReflection struct {
	protoreflect.Message
	encoded *Encoded
}

// Interface implements protoreflect.Message.
func (r encodedReflection) Interface() protoreflect.ProtoMessage { return r.encoded }

// ProtoMethods implements protoreflect.Message.
func (r encodedReflection) ProtoMethods() *protoiface.Methods {
	return &protoiface.Methods{
		Flags: protoiface.SupportMarshalDeterministic,
		Size: func(protoiface.SizeInput) protoiface.SizeOutput {
			return protoiface.SizeOutput{Size: r.encoded.data[0].Len()}
		},
		Marshal: func(in protoiface.MarshalInput) (protoiface.MarshalOutput, error) {
			return protoiface.MarshalOutput{Buf: append(in.Buf, r.encoded.data[0].ReadOnlyData()...)}, nil
		},
	}
}
