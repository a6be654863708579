package lanes_test

import (
	"bytes"
	"io"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tranship/tranship/internal/lane"
	"github.com/tranship/tranship/server/internal/admission"
	"github.com/tranship/tranship/server/limit"
)

// A connection whose first call does not begin in time is cut off then, whatever its client
// sends and however, and its place is free again.
func TestTrickle(t *testing.T) {
	const handshake = 7 * time.Second
	beginning := append([]byte(lane.Preface), headers("/Test/echo")...)
	ping := frame(7, make([]byte, 8)...)
	for name, test := range map[string]struct {
		data  []byte
		step  int
		pause time.Duration
	}{
		"nothing":              {nil, 1, 0},
		"half of the preface":  {[]byte(lane.Preface[:8]), 8, 0},
		"the preface":          {[]byte(lane.Preface), len(lane.Preface), 0},
		"a byte a second":      {beginning, 1, time.Second},
		"four bytes a second":  {beginning, 1, 250 * time.Millisecond},
		"pings":                {append([]byte(lane.Preface), bytes.Repeat(ping, 100)...), len(ping), time.Second},
		"all but the last":     {beginning[:len(beginning)-1], len(beginning), 0},
		"late cancels":         {append([]byte(lane.Preface), bytes.Repeat(frame(6), 100)...), 5, time.Second},
		"a byte, then nothing": {beginning[:1], 1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := inMemory(t, admission.Options{Limits: limit.Options{HandshakeTime: handshake, Connections: 1}})
				conn := s.connect(t)
				begun := time.Now()
				var sending sync.WaitGroup
				sending.Go(func() {
					for data := test.data; len(data) > 0; {
						n, err := conn.Write(data[:min(test.step, len(data))])
						if err != nil {
							return
						}
						data = data[n:]
						time.Sleep(test.pause) // of virtual time
					}
				})
				_, _ = io.Copy(io.Discard, conn)
				if waited := time.Since(begun); waited != handshake {
					t.Errorf("cut off after %v", waited)
				}
				sending.Wait()
				synctest.Wait()
				if _, err := open(t.Context(), t, s.dial(t), lane.Headers{Method: "/Test/echo"}).exchange(); err != nil {
					t.Errorf("the next connection: %v", err)
				}
			})
		})
	}
}

// Later headers must arrive in time, too, and a lane without a call is closed after 5 minutes.
func TestIdle(t *testing.T) {
	for name, test := range map[string]struct {
		sent []byte
		want time.Duration
	}{
		"idle":         {nil, 5 * time.Minute},
		"half a frame": {headers("/Test/echo")[:4], limit.DefaultHandshakeTime},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := inMemory(t, admission.Options{})
				conn := s.connect(t)
				ended := make(chan []byte)
				go func() { ended <- readAll(t, conn) }()
				call := append(headers("/Test/echo"), frame(4)...) // and its end
				for _, data := range [][]byte{append([]byte(lane.Preface), call...), call} {
					time.Sleep(5 * time.Second) // of virtual time
					if _, err := conn.Write(data); err != nil {
						t.Fatal(err)
					}
					synctest.Wait()
				}
				begun := time.Now()
				if len(test.sent) > 0 {
					if _, err := conn.Write(test.sent); err != nil {
						t.Fatal(err)
					}
				}
				if got := <-ended; !bytes.Equal(got, append(frame(5), frame(5)...)) {
					t.Errorf("the server sent %x", got)
				}
				if waited := time.Since(begun); waited != test.want {
					t.Errorf("closed after %v, want %v", waited, test.want)
				}
			})
		})
	}
}
