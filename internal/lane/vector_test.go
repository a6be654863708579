package lane_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"

	"github.com/tranship/tranship/internal/lane"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// recorded is a connection that keeps what is written.
type recorded struct {
	net.Conn
	mu      sync.Mutex
	written bytes.Buffer
}

func (r *recorded) Write(p []byte) (int, error) {
	r.mu.Lock()
	r.written.Write(p)
	r.mu.Unlock()
	return r.Conn.Write(p)
}

// TestVector makes the call of the test vector in docs/lanes.md, and compares the bytes.
func TestVector(t *testing.T) {
	a, b := net.Pipe()
	client, server := &recorded{Conn: a}, &recorded{Conn: b}
	var serving sync.WaitGroup
	finished := make(chan struct{})
	serving.Go(func() { serveVector(t, server, finished) })
	conn, err := lane.Dial(t.Context(), client, lane.Options{})
	if err != nil {
		t.Fatal(err)
	}
	released := make(chan bool, 1)
	stream, err := conn.Open(t.Context(), lane.Headers{
		Method: "/tranship.v1.FileService/Download", Metadata: metadata.Pairs("authorization", "Bearer xyzzy"),
	}, func(reusable bool) { released <- reusable })
	if err != nil {
		t.Fatal(err)
	}
	open := &transhipv1.DownloadRequest{Request: &transhipv1.DownloadRequest_Open{Open: &transhipv1.Open{Slot: 1, Path: "a"}}}
	if err := errors.Join(stream.SendMsg(open), stream.CloseSend()); err != nil {
		t.Fatal(err)
	}
	response := &transhipv1.DownloadResponse{}
	if err := stream.RecvMsg(response); err != nil || response.GetFailed().GetSlot() != 1 {
		t.Errorf("%v, %v", response, err)
	}
	if err := stream.RecvMsg(response); !errors.Is(err, io.EOF) || !<-released {
		t.Error(err)
	}
	<-finished
	_ = conn.Close()
	serving.Wait()
	page, err := os.ReadFile("../../docs/lanes.md")
	if err != nil {
		t.Fatal(err)
	}
	for letter, end := range map[string]*recorded{"C": client, "S": server} {
		if want, got := vectorOf(t, string(page), letter), end.written.Bytes(); !bytes.Equal(got, want) {
			t.Errorf("%s sends\n%x, in docs/lanes.md it sends\n%x", letter, got, want)
		}
	}
}

// serveVector serves the call of the vector, and closes finished when it has ended.
func serveVector(t *testing.T, raw net.Conn, finished chan<- struct{}) {
	defer raw.Close()
	_, _ = io.ReadFull(raw, make([]byte, len(lane.Preface)))
	conn, err := lane.Accept(raw, lane.Options{Instance: "i"})
	if err != nil {
		t.Error(err)
		close(finished)
		return
	}
	defer conn.Close()
	if _, err := conn.AwaitHeaders(time.Minute, time.Minute); err != nil {
		t.Error(err)
	}
	stream := conn.Serve(t.Context())
	request := &transhipv1.DownloadRequest{}
	if err := stream.RecvMsg(request); err != nil {
		t.Error(err)
	}
	if err := stream.RecvMsg(request); !errors.Is(err, io.EOF) {
		t.Error(err)
	}
	err = stream.SendMsg(&transhipv1.DownloadResponse{Response: &transhipv1.DownloadResponse_Failed{Failed: &transhipv1.Failed{
		Slot: 1, Status: &transhipv1.Status{Code: int32(codes.NotFound), Message: `no file is at "a"`},
	}}})
	if !stream.Finish(nil) || err != nil {
		t.Errorf("the call ended with %v, or its lane cannot be reused", err)
	}
	close(finished)
	_, _ = conn.AwaitHeaders(time.Minute, time.Minute) // until the client closes
}

// vectorOf returns the bytes of the lines that begin with a letter.
func vectorOf(t *testing.T, page, letter string) []byte {
	var all []byte
	for line := range strings.Lines(page) {
		digits, ok := strings.CutPrefix(line, letter+" ")
		if !ok {
			continue
		}
		b, err := hex.DecodeString(strings.Join(strings.Fields(digits), ""))
		if err != nil {
			t.Error(err)
		}
		all = append(all, b...)
	}
	return all
}
