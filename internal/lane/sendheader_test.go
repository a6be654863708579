package lane_test

import (
	"context"
	"io"
	"net"
	"testing"
	"time"

	"google.golang.org/grpc/metadata"

	"github.com/tranship/tranship/internal/lane"
)

// called returns the server's end of a call whose client has sent headers, and reads nothing
// after the preface.
func called(ctx context.Context, t *testing.T) (client net.Conn, stream *lane.ServerStream) {
	t.Helper()
	client, server := net.Pipe()
	t.Cleanup(func() { _ = client.Close() })
	go func() {
		_, _ = io.ReadFull(client, make([]byte, len(lane.Preface)+1))
		_, _ = client.Write(headersFrame)
	}()
	conn, err := lane.Accept(server, lane.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if _, err := conn.AwaitHeaders(time.Minute, time.Minute); err != nil {
		t.Fatal(err)
	}
	return client, conn.Serve(ctx)
}

// After the end of a call nothing of it is sent: that would belong to the next call.
func TestSendHeaderLate(t *testing.T) {
	client, stream := called(t.Context(), t)
	read := make(chan []byte, 1)
	go func() {
		all, _ := io.ReadAll(client)
		read <- all
	}()
	finished := make(chan bool, 1)
	go func() { finished <- stream.Finish(nil) }()
	if _, err := client.Write(frameOf(6)); err != nil {
		t.Fatal(err)
	}
	if !<-finished {
		t.Fatal("the lane cannot be used again")
	}
	if err := stream.SendHeader(metadata.Pairs("key", "value")); err == nil {
		t.Error("headers were sent after the end of the call")
	}
	_ = client.Close()
	<-read
}
