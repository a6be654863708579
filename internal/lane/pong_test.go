package lane_test

import (
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"github.com/tranship/tranship/internal/lane"
)

// A client that sends pings without a call, and does not read the pongs, takes little memory until
// its lane is closed.
func TestPongsNotRead(t *testing.T) {
	client, server := net.Pipe()
	defer client.Close()
	pool, sent := &largest{}, make(chan int, 1)
	go func() {
		_, _ = io.ReadFull(client, make([]byte, len(lane.Preface)+1))
		n := 0
		for ping := frameOf(7, make([]byte, 8)...); ; n++ {
			if _, err := client.Write(ping); err != nil {
				sent <- n
				return
			}
		}
	}()
	conn, err := lane.Accept(server, lane.Options{Pool: pool})
	if err != nil {
		t.Fatal(err)
	}
	_, err = conn.AwaitHeaders(time.Minute, time.Minute)
	if _, broken := errors.AsType[*lane.ProtocolError](err); !broken {
		t.Errorf("the lane ended with %v", err)
	}
	_ = conn.Close()
	if n := <-sent; n < 100 || n > 2000 {
		t.Errorf("the lane took %d pings", n)
	}
	pool.mu.Lock()
	defer pool.mu.Unlock()
	if pool.most > 4<<10 {
		t.Errorf("a buffer of %d bytes was taken", pool.most)
	}
}
