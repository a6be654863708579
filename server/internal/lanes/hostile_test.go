package lanes_test

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/tranship/tranship/internal/lane"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
	"github.com/tranship/tranship/server/internal/admission"
	"github.com/tranship/tranship/server/limit"
)

// encode returns the frame of headers.
func encode(headers *transhipv1.LaneHeaders) []byte {
	encoded, err := proto.Marshal(headers)
	if err != nil {
		panic(err)
	}
	return frame(1, encoded...)
}

// withMetadata returns the frame of headers with metadata.
func withMetadata(all ...*transhipv1.LaneMetadata) []byte {
	return encode(&transhipv1.LaneHeaders{Method: "/Test/echo", Metadata: all})
}

// hostile are frames that the server must not take, whatever came before.
func hostile() map[string][]byte {
	value := &transhipv1.LaneMetadata{Key: "key", Value: []byte("value")}
	return map[string][]byte{
		"of no kind":              frame(0),
		"of an unknown kind":      frame(10, 1, 2, 3),
		"of the greatest kind":    {255, 255, 255, 255, 255},
		"response headers":        frame(2),
		"a status":                frame(5),
		"going away":              frame(9),
		"an end with payload":     frame(4, 1),
		"a cancel with payload":   frame(6, 1),
		"a short ping":            frame(7, 1),
		"a long ping":             frame(7, make([]byte, 9)...),
		"a short pong":            frame(8),
		"a message of 4 GiB":      {3, 255, 255, 255, 255},
		"headers of 16 KiB + 1":   frame(1, make([]byte, 16<<10+1)...),
		"headers that are cut":    headers("/Test/echo")[:8],
		"headers of other bytes":  frame(1, bytes.Repeat([]byte{0xff}, 100)...),
		"headers without method":  frame(1),
		"a method without slash":  headers("Test/echo"),
		"a method with a newline": headers("/Test/\necho"),
		"a long method":           headers("/" + strings.Repeat("x", 300)),
		"a negative timeout":      encode(&transhipv1.LaneHeaders{Method: "/Test/echo", Timeout: &durationpb.Duration{Seconds: -1}}),
		"an invalid timeout":      encode(&transhipv1.LaneHeaders{Method: "/Test/echo", Timeout: &durationpb.Duration{Seconds: 1 << 62}}),
		"a key in upper case":     withMetadata(&transhipv1.LaneMetadata{Key: "Authorization"}),
		"a key of HTTP/2":         withMetadata(&transhipv1.LaneMetadata{Key: ":authority"}),
		"an empty key":            withMetadata(&transhipv1.LaneMetadata{}),
		"a value with a newline":  withMetadata(&transhipv1.LaneMetadata{Key: "key", Value: []byte("a\nb")}),
		"many values":             withMetadata(slices.Repeat([]*transhipv1.LaneMetadata{value}, 1000)...),
	}
}

// A client that sends what it must not loses its connection, before a call and within one. The
// bubble of the test fails if a goroutine is left.
func TestHostileFrames(t *testing.T) {
	echo := headers("/Test/echo")
	hello, err := proto.Marshal(wrapperspb.Bytes([]byte("hello")))
	if err != nil {
		t.Fatal(err)
	}
	message, end := frame(3, hello...), frame(4)
	sent := map[string][]byte{
		"a message before a call":    message,
		"an end before a call":       end,
		"a call within a call":       slices.Concat(echo, echo),
		"a call after the end":       slices.Concat(headers("/Test/wait"), end, echo),
		"a call before the mark":     slices.Concat(headers("/Test/none"), echo, end),
		"a message after the end":    slices.Concat(headers("/Test/wait"), end, message),
		"a second end":               slices.Concat(headers("/Test/wait"), end, end),
		"a message between calls":    slices.Concat(echo, end, message),
		"a message that is too long": slices.Concat(echo, []byte{3, 0, 0x50, 0, 0}),
		"a message that is cut":      slices.Concat(echo, message[:8]),
		"a cut message of 1 MiB":     slices.Concat(echo, []byte{3, 0, 0x10, 0, 0}, make([]byte, 1<<19)),
	}
	for name, data := range hostile() {
		sent[name+", at first"] = data
		sent[name+", within a call"] = slices.Concat(echo, message, data)
		sent[name+", after a call"] = slices.Concat(echo, end, data)
	}
	for name, data := range sent {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := inMemory(t, admission.Options{Limits: limit.Options{Connections: 1}})
				conn := s.connect(t)
				go func() {
					_, _ = io.WriteString(conn, lane.Preface)
					_, _ = conn.Write(data)
					if strings.Contains(name, "cut") {
						_ = conn.Close()
					}
				}()
				begun := time.Now()
				readAll(t, conn)
				if waited := time.Since(begun); waited > 5*time.Second {
					t.Errorf("the connection was closed after %v", waited)
				}
				synctest.Wait()
				if len(s.waiting) > 0 {
					<-s.ended // the handler has noticed
				}
				if !s.door.Memory().Idle() {
					t.Error("memory is in use")
				}
				if _, err := open(t.Context(), t, s.dial(t), lane.Headers{Method: "/Test/echo"}).exchange(); err != nil {
					t.Errorf("the next connection: %v", err)
				}
			})
		})
	}
}

// A client that sends too many frames without payload loses its connection, whatever frames.
func TestFloods(t *testing.T) {
	echo := headers("/Test/echo")
	for name, test := range map[string]struct{ first, repeated []byte }{
		"pings":                  {nil, frame(7, make([]byte, 8)...)},
		"pongs":                  {nil, frame(8, make([]byte, 8)...)},
		"cancels":                {nil, frame(6)},
		"pings within a call":    {echo, frame(7, make([]byte, 8)...)},
		"empty messages":         {echo, frame(3)},
		"calls that are aborted": {nil, slices.Concat(echo, frame(6))},
		"calls of no method":     {nil, slices.Concat(headers("/x"), frame(4))},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var log auditLog
				s := inMemory(t, admission.Options{Limits: limit.Options{FramesPerSecond: 100, Connections: 1}, Audit: &log})
				conn := s.connect(t)
				taken := make(chan int)
				go func() {
					n := 0
					_, err := conn.Write(append([]byte(lane.Preface), test.first...))
					for ; err == nil && n < 100_000; n++ {
						_, err = conn.Write(test.repeated)
					}
					taken <- n
				}()
				readAll(t, conn)
				if n := <-taken; n == 100_000 {
					t.Error("all frames were taken")
				}
				synctest.Wait()
				if !log.has("more than 100 frames without payload a second") {
					t.Errorf("the audit log has %q", log.lines)
				}
				if _, err := open(t.Context(), t, s.dial(t), lane.Headers{Method: "/Test/echo"}).exchange(); err != nil {
					t.Errorf("the next connection: %v", err)
				}
			})
		})
	}
}

// A client that pings and reads nothing loses its connection: answers wait only up to a bound.
func TestPingsNotRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := inMemory(t, admission.Options{Limits: limit.Options{FramesPerSecond: -1}})
		conn := s.connect(t)
		if _, err := io.WriteString(conn, lane.Preface); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(conn, make([]byte, len(greeted()))); err != nil {
			t.Fatal(err)
		}
		ping, n := frame(7, make([]byte, 8)...), 0
		for ; n < 1<<20; n++ {
			if _, err := conn.Write(ping); err != nil {
				break
			}
		}
		if n == 1<<20 {
			t.Error("all pings were taken")
		}
	})
}
