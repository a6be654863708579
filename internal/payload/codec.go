package payload

import (
	"fmt"

	"google.golang.org/grpc/encoding"
	encodingproto "google.golang.org/grpc/encoding/proto"
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/proto"
)

// Codec is a gRPC codec that does not copy the payload of a *Message, and leaves
// everything else to gRPC's own. It is to be forced on one server or connection, and
// not to be registered: other programs' messages are none of its business.
type Codec struct {
	// MaxFields is how many fields a message that is received may have, those of the
	// messages in it included: decoded, a field of two bytes can take a hundred. 0
	// means unlimited.
	MaxFields int
}

var _ encoding.CodecV2 = Codec{}

// Marshal implements encoding.CodecV2.
func (Codec) Marshal(v any) (mem.BufferSlice, error) {
	if message, ok := v.(*Message); ok {
		encoded, err := message.encode()
		if err == nil {
			message.Data = nil // gRPC frees what it was given
		}
		return encoded, err
	}
	stock, err := stock()
	if err != nil {
		return nil, err
	}
	return stock.Marshal(v)
}

// Unmarshal implements encoding.CodecV2. What is wrong with a *Message, Receive
// tells.
func (c Codec) Unmarshal(data mem.BufferSlice, v any) error {
	if message, ok := v.(*Message); ok {
		message.decode(data, c.MaxFields)
		return nil
	}
	stock, err := stock()
	if err != nil {
		return err
	}
	if message, ok := v.(proto.Message); ok && c.MaxFields > 0 && data.Len() > c.MaxFields {
		whole := data.MaterializeToBuffer(mem.DefaultBufferPool())
		defer whole.Free()
		if err := checkFields(whole.ReadOnlyData(), message.ProtoReflect().Descriptor(), c.MaxFields); err != nil {
			return err
		}
	}
	return stock.Unmarshal(data, v)
}

// Name implements encoding.CodecV2. It is that of gRPC's own codec: what is on the
// wire is the same.
func (Codec) Name() string { return encodingproto.Name }

func stock() (encoding.CodecV2, error) {
	codec := encoding.GetCodecV2(encodingproto.Name)
	if codec == nil {
		return nil, fmt.Errorf("gRPC has no codec %s", encodingproto.Name)
	}
	return codec, nil
}
