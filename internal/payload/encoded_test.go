package payload_test

import (
	"bytes"
	"io"
	"testing"

	"google.golang.org/grpc/encoding"
	encodingproto "google.golang.org/grpc/encoding/proto"
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/proto"

	"github.com/tranship/tranship/internal/payload"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// encodingStream encodes what is sent, and fails with err after that.
type encodingStream struct {
	codec encoding.CodecV2
	sent  []byte
	err   error
}

func (s *encodingStream) SendMsg(m any) error {
	data, err := s.codec.Marshal(m)
	if err != nil {
		return err
	}
	s.sent = data.Materialize()
	data.Free()
	return s.err
}

// TestEncoded sends encoded messages of one buffer with both codecs. It checks that the buffer
// is put back once all have been sent or freed.
func TestEncoded(t *testing.T) {
	want, err := proto.Marshal(&transhipv1.UploadRequest{Request: &transhipv1.UploadRequest_Put{Put: &transhipv1.Put{Slot: 1, Data: make([]byte, 2000)}}})
	if err != nil {
		t.Fatal(err)
	}
	kind := (*transhipv1.UploadRequest)(nil)
	for _, codec := range []encoding.CodecV2{payload.Codec{}, encoding.GetCodecV2(encodingproto.Name)} {
		for _, failure := range []error{nil, io.ErrClosedPipe} {
			pool := &countingPool{}
			buffer := pool.Get(2 * len(want))
			copy((*buffer)[copy(*buffer, want):], want)
			whole := mem.NewBuffer(buffer, pool)
			first := payload.NewEncoded(kind, whole.Slice(0, len(want)))
			second := payload.NewEncoded(kind, whole.Slice(len(want), 2*len(want)))
			whole.Free()
			stream := &encodingStream{codec: codec, err: failure}
			if err := first.Send(stream); err != failure {
				t.Errorf("%T: %v, want %v", codec, err, failure)
			}
			if !bytes.Equal(stream.sent, want) {
				t.Errorf("%T sent %d bytes that differ", codec, len(stream.sent))
			}
			if pool.live != 1 {
				t.Error("the buffer was put back while the second message has it")
			}
			second.Free()
			second.Free() // does nothing
			if pool.live != 0 {
				t.Errorf("%d buffers are in use, want none", pool.live)
			}
			if first.ProtoReflect().Descriptor() != kind.ProtoReflect().Descriptor() || first.String() == "" {
				t.Error("an interceptor sees another message")
			}
		}
	}
}
