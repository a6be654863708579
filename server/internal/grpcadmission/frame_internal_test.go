package grpcadmission

import (
	"strings"
	"testing"

	"golang.org/x/net/http2"
)

// frames are one after the other, however they are cut.
func TestFrames(t *testing.T) {
	var wire strings.Builder
	wire.WriteString(http2.ClientPreface)
	framer := http2.NewFramer(&wire, nil)
	for _, err := range []error{
		framer.WriteSettings(), // empty
		framer.WriteData(1, false, make([]byte, 16000)),
		framer.WritePing(false, [8]byte{}), // empty
		framer.WriteData(1, false, nil),    // empty
		framer.WriteRSTStream(1, 0),        // empty
		framer.WriteHeaders(http2.HeadersFrameParam{StreamID: 3, BlockFragment: make([]byte, 100)}), // empty
		framer.WriteData(3, true, []byte("x")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, step := range []int{1, 2, 8, 9, 10, 1000, 1 << 20} {
		c := newFramedConn(nil, nil)
		empty := 0
		for rest := []byte(wire.String()); len(rest) > 0; {
			n := min(step, len(rest))
			empty += c.count(rest[:n])
			rest = rest[n:]
		}
		if empty != 5 {
			t.Errorf("by %d bytes: %d frames", step, empty)
		}
	}
}

// FuzzFrames cuts bytes in two ways, which must come to the same.
func FuzzFrames(f *testing.F) {
	f.Add([]byte("\x00\x00\x00\x04\x00\x00\x00\x00\x00"), byte(3))
	f.Fuzz(func(t *testing.T, data []byte, step byte) {
		whole, cut := &framedConn{}, &framedConn{}
		want, got := whole.count(data), 0
		for rest := data; len(rest) > 0; {
			n := min(int(step)+1, len(rest))
			got += cut.count(rest[:n])
			rest = rest[n:]
		}
		if got != want || whole.skip != cut.skip || whole.have != cut.have || got > len(data)/frameHeaderBytes {
			t.Errorf("%d frames by %d bytes, %d at once", got, int(step)+1, want)
		}
	})
}
