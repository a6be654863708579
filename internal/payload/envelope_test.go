package payload_test

import (
	"bytes"
	"testing"

	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/proto"

	"github.com/tranship/tranship/internal/payload"
)

// received is a stream that receives one encoded message.
type receivedMessage struct{ encoded []byte }

func (r receivedMessage) RecvMsg(message any) error {
	return payload.Codec{}.Unmarshal(mem.BufferSlice{mem.SliceBuffer(r.encoded)}, message)
}

// TestEnvelope checks that a received message has the size that it takes without its payload,
// and that messages which reuse memory of earlier ones do not change them.
func TestEnvelope(t *testing.T) {
	data := bytes.Repeat([]byte("x"), 1000)
	for _, k := range kinds() {
		earlier, kept := k.new(), []*payload.Message{}
		all := samples(data)[k.name]
		for _, sample := range all {
			encoded, err := proto.Marshal(sample)
			if err != nil {
				t.Fatal(err)
			}
			m := k.new()
			m.Reuse(earlier)
			earlier = m
			if err := m.Receive(receivedMessage{encoded}); err != nil {
				t.Fatal(err)
			}
			// The length of the payload may take two bytes more.
			if got, want := m.Envelope(), proto.Size(m.Proto); got < want || got > want+4 {
				t.Errorf("%s: the envelope of %v has %d bytes, want %d", k.name, m.Proto, got, want)
			}
			kept = append(kept, m)
		}
		for i, m := range kept {
			want, putBack := take(all[i], k.places)
			if !proto.Equal(m.Proto, all[i]) || !bytes.Equal(m.Bytes(), want) {
				t.Errorf("%s: %v became %v", k.name, all[i], m.Proto)
			}
			putBack(want)
		}
	}
}
