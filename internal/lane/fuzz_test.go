package lane_test

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/tranship/tranship/internal/lane"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// frameOf returns a frame.
func frameOf(kind byte, payload ...byte) []byte {
	return append(binary.BigEndian.AppendUint32([]byte{kind}, uint32(len(payload))), payload...)
}

// encoded returns the encoding of a message.
func encoded(message proto.Message) []byte {
	b, err := proto.Marshal(message)
	if err != nil {
		panic(err)
	}
	return b
}

// join returns all frames, one after the other.
func join(frames ...[]byte) []byte {
	var all []byte
	for _, f := range frames {
		all = append(all, f...)
	}
	return all
}

var (
	headersFrame = frameOf(1, encoded(&transhipv1.LaneHeaders{Method: "/service/method", Metadata: []*transhipv1.LaneMetadata{{Key: "key", Value: []byte("value")}}})...)
	messageFrame = frameOf(3, encoded(wrapperspb.Bytes([]byte("bytes")))...)
	statusFrame  = frameOf(5, encoded(&transhipv1.LaneStatus{Status: &transhipv1.Status{Code: 7, Message: "no"}})...)
	pingFrame    = frameOf(7, 1, 2, 3, 4, 5, 6, 7, 8)
)

// feed writes data to one end of a connection in two steps, and reads what comes back, until
// the other end closes.
func feed(conn net.Conn, data []byte, step int) {
	var reading sync.WaitGroup
	reading.Go(func() { _, _ = io.Copy(io.Discard, conn) })
	at := min(step, len(data))
	_, _ = conn.Write(data[:at])
	_, _ = conn.Write(data[at:])
	_ = conn.Close()
	reading.Wait()
}

// FuzzServer sends arbitrary frames to a server, whose calls must all end with the connection.
func FuzzServer(f *testing.F) {
	end, cancel := frameOf(4), frameOf(6)
	f.Add(join(headersFrame, messageFrame, end, headersFrame, end), 7)
	f.Add(join(pingFrame, headersFrame, cancel, cancel, pingFrame, headersFrame, messageFrame, cancel), 30)
	f.Add(join(headersFrame, end, cancel, headersFrame, headersFrame), 3)
	f.Add(frameOf(1), 2)
	f.Add(join(headersFrame, []byte{3, 0xff, 0xff, 0xff, 0xff}), 9)
	f.Add(join(headersFrame, frameOf(9), frameOf(5)), 100)
	f.Fuzz(func(t *testing.T, data []byte, step int) {
		client, server := net.Pipe()
		var serving sync.WaitGroup
		serving.Go(func() {
			defer server.Close()
			conn, err := lane.Accept(server, lane.Options{MaxMessageBytes: 1 << 16})
			if err != nil {
				return
			}
			defer conn.Close()
			for {
				headers, err := conn.AwaitHeaders(time.Minute, time.Minute)
				if err != nil {
					return
				}
				stream := conn.Serve(context.Background())
				if !stream.Finish(echo(headers, stream)) {
					return
				}
			}
		})
		feed(client, data, max(step, 0))
		serving.Wait()
	})
}

// FuzzClient sends arbitrary frames to a client, whose call must end with the connection.
func FuzzClient(f *testing.F) {
	f.Add(join(frameOf(2), messageFrame, statusFrame), 7)
	f.Add(join(messageFrame, frameOf(9), pingFrame, frameOf(5)), 30)
	f.Add(join(statusFrame, statusFrame), 3)
	f.Add(join(frameOf(5, 255), messageFrame), 9)
	f.Add(join(frameOf(2, encoded(&transhipv1.LaneResponseHeaders{Metadata: []*transhipv1.LaneMetadata{{Key: "K"}}})...), frameOf(1)), 9)
	f.Fuzz(func(t *testing.T, data []byte, step int) {
		client, server := net.Pipe()
		var serving sync.WaitGroup
		serving.Go(func() {
			feed(server, append([]byte(lane.Preface+"\x00"), data...), len(lane.Preface)+1+max(min(step, len(data)), 0))
		})
		defer serving.Wait()
		conn, err := lane.Dial(t.Context(), client, lane.Options{MaxMessageBytes: 1 << 16})
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		released := make(chan bool, 1)
		stream, err := conn.Open(t.Context(), lane.Headers{Method: "/service/method"}, func(reusable bool) { released <- reusable })
		if err != nil {
			return
		}
		receive(stream)
		if <-released {
			select {
			case <-conn.Lost():
			case <-time.After(time.Minute):
				t.Error("the lane is not lost with its connection")
			}
		}
	})
}

// receive receives and sends until the call ends.
func receive(stream grpc.ClientStream) {
	for {
		received := &wrapperspb.BytesValue{}
		if stream.RecvMsg(received) != nil {
			return
		}
		_ = stream.SendMsg(received)
	}
}
