package lane_test

import (
	"encoding/binary"
	"io"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/tranship/tranship/internal/lane"
)

// largest is a pool that knows the largest buffer that it gave.
type largest struct {
	mu   sync.Mutex
	most int
}

func (p *largest) Get(length int) *[]byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.most = max(p.most, length)
	return new(make([]byte, length))
}

func (p *largest) Put(*[]byte) {}

// A call that is refused takes no memory for the messages that its client sends nevertheless.
func TestRefusedTakesNoMessage(t *testing.T) {
	client, server := net.Pipe()
	pool := &largest{}
	var served sync.WaitGroup
	served.Go(func() {
		conn, err := lane.Accept(server, lane.Options{Pool: pool})
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		if _, err := conn.AwaitHeaders(time.Minute, time.Minute); err != nil {
			t.Error(err)
			return
		}
		if !conn.Serve(t.Context()).Finish(status.Error(codes.Unauthenticated, "no")) {
			t.Error("the lane cannot be used again")
		}
	})
	go func() { _, _ = io.Copy(io.Discard, client) }()
	const length = 3 << 20
	header := binary.BigEndian.AppendUint32([]byte{3}, length) // of a message
	for _, data := range [][]byte{headersFrame, header, make([]byte, length), header, make([]byte, length), frameOf(6)} {
		if _, err := client.Write(data); err != nil {
			t.Fatal(err)
		}
	}
	served.Wait()
	_ = client.Close()
	// The buffer of small frames that wait to be written is the largest.
	if pool.most > 256<<10 {
		t.Errorf("a buffer of %d bytes was taken", pool.most)
	}
}

// A client that reads nothing does not hold the end of a call or of a lane up.
func TestEndNotRead(t *testing.T) {
	for name, end := range map[string]func(*testing.T, *lane.Conn){
		"of a call": func(t *testing.T, conn *lane.Conn) {
			if conn.Serve(t.Context()).Finish(nil) {
				t.Error("the lane can be used again")
			}
		},
		"of a lane": func(_ *testing.T, conn *lane.Conn) { conn.Retire() },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client, server := net.Pipe()
				defer client.Close()
				go func() {
					_, _ = io.ReadFull(client, make([]byte, len(lane.Preface)+1))
					_, _ = client.Write(headersFrame)
				}()
				conn, err := lane.Accept(server, lane.Options{})
				if err != nil {
					t.Fatal(err)
				}
				defer conn.Close()
				if _, err := conn.AwaitHeaders(time.Minute, time.Minute); err != nil {
					t.Fatal(err)
				}
				begun := time.Now()
				end(t, conn)
				if waited := time.Since(begun); waited > 10*time.Second {
					t.Errorf("waited %v", waited)
				}
			})
		})
	}
}

// A handler whose client is lost learns that the call is cancelled, as with gRPC.
func TestLostClient(t *testing.T) {
	client, server := connect(t)
	began, ended := make(chan struct{}), make(chan error, 1)
	conn := pairOver(t, client, server, func(_ lane.Headers, s grpc.ServerStream) error {
		close(began)
		err := s.RecvMsg(&wrapperspb.BytesValue{})
		<-s.Context().Done()
		ended <- err
		return err
	})
	open(t, t.Context(), conn)
	<-began
	_ = conn.Close()
	if err := <-ended; status.Code(err) != codes.Canceled {
		t.Errorf("the handler received %v", err)
	}
}
