package payload

import (
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/runtime/protoiface"
)

var _ proto.Message = (*Message)(nil)

// ProtoReflect implements proto.Message for gRPC's own codec, which then copies the
// payload. Other callers, such as a program's interceptors, see Proto: the message
// without its payload.
func (m *Message) ProtoReflect() protoreflect.Message {
	return reflection{m.Proto.ProtoReflect(), m}
}

// Reset does nothing, because decoding replaces all fields.
func (m *Message) Reset() {}

// String implements fmt.Stringer.
func (m *Message) String() string { return "message with payload" }

// reflection is that of Proto, except that encoding and decoding include the payload.
type reflection struct {
	protoreflect.Message
	message *Message
}

// Interface implements protoreflect.Message.
func (r reflection) Interface() protoreflect.ProtoMessage { return r.message }

// ProtoMethods implements protoreflect.Message. Package proto calls the methods instead
// of reading the fields.
func (r reflection) ProtoMethods() *protoiface.Methods {
	return &protoiface.Methods{
		Flags:     protoiface.SupportMarshalDeterministic,
		Size:      r.message.size,
		Marshal:   r.message.marshal,
		Unmarshal: r.message.unmarshal,
	}
}

func (m *Message) size(protoiface.SizeInput) protoiface.SizeOutput {
	encoded, err := m.encode()
	if err != nil {
		return protoiface.SizeOutput{} // marshal returns the same error
	}
	return protoiface.SizeOutput{Size: encoded.Len()}
}

func (m *Message) marshal(in protoiface.MarshalInput) (protoiface.MarshalOutput, error) {
	encoded, err := m.encode()
	if err != nil {
		return protoiface.MarshalOutput{}, err
	}
	for _, buffer := range encoded {
		in.Buf = append(in.Buf, buffer.ReadOnlyData()...)
	}
	return protoiface.MarshalOutput{Buf: in.Buf}, nil
}

func (m *Message) unmarshal(in protoiface.UnmarshalInput) (protoiface.UnmarshalOutput, error) {
	m.decode(mem.BufferSlice{mem.SliceBuffer(append([]byte(nil), in.Buf...))}, 0)
	return protoiface.UnmarshalOutput{Flags: protoiface.UnmarshalInitialized}, nil
}
