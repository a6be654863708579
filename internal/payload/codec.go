package payload

import (
	"fmt"

	"google.golang.org/grpc/encoding"
	encodingproto "google.golang.org/grpc/encoding/proto"
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/proto"
)

// Codec is a gRPC codec that does not copy the payload of a *Message, nor an *Encoded, and
// leaves all other messages to gRPC's own codec. It must be forced on one server or connection and
// not be registered globally, because a program's other messages must not go through it.
type Codec struct {
	// MaxFields is how many fields a received message may have, including those of nested
	// messages; 0 means unlimited. A decoded field can take fifty times the memory of
	// its bytes.
	MaxFields int
}

var _ encoding.CodecV2 = Codec{}

// Marshal implements encoding.CodecV2.
func (Codec) Marshal(v any) (mem.BufferSlice, error) {
	switch message := v.(type) {
	case *Message:
		encoded, err := message.encode()
		if err == nil {
			message.Data = nil // gRPC frees the returned buffers
		}
		return encoded, err
	case *Encoded:
		return message.take(), nil
	}
	stock, err := stock()
	if err != nil {
		return nil, err
	}
	return stock.Marshal(v)
}

// Unmarshal implements encoding.CodecV2. If a *Message is malformed, Receive returns the
// error.
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

// Name implements encoding.CodecV2. It is the name of gRPC's own codec, because the
// encoding is the same.
func (Codec) Name() string { return encodingproto.Name }

func stock() (encoding.CodecV2, error) {
	codec := encoding.GetCodecV2(encodingproto.Name)
	if codec == nil {
		return nil, fmt.Errorf("gRPC has no codec %s", encodingproto.Name)
	}
	return codec, nil
}
