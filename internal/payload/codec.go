package payload

import (
	"fmt"

	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/encoding/proto"
	"google.golang.org/grpc/mem"
)

// Codec is a gRPC codec that does not copy the payload of a *Message, and leaves
// everything else to gRPC's own. It is to be forced on one server or connection, and
// not to be registered: other programs' messages are none of its business.
type Codec struct{}

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
func (Codec) Unmarshal(data mem.BufferSlice, v any) error {
	if message, ok := v.(*Message); ok {
		message.decode(data)
		return nil
	}
	stock, err := stock()
	if err != nil {
		return err
	}
	return stock.Unmarshal(data, v)
}

// Name implements encoding.CodecV2. It is that of gRPC's own codec: what is on the
// wire is the same.
func (Codec) Name() string { return proto.Name }

func stock() (encoding.CodecV2, error) {
	codec := encoding.GetCodecV2(proto.Name)
	if codec == nil {
		return nil, fmt.Errorf("gRPC has no codec %s", proto.Name)
	}
	return codec, nil
}
