package crash

import (
	"bytes"
	"io"
	"net"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/tranship/tranship/internal/testing/filetest"
)

// attacker is a connection from another loopback address that writes HTTP/2 frames
// itself.
type attacker struct {
	net.Conn
	*http2.Framer

	mu     sync.Mutex
	cond   *sync.Cond
	closed bool
	// windows are the flow-control windows of the connection (0) and of each stream, not
	// including initial.
	windows map[uint32]int64
	initial int64
}

func newAttacker(t *testing.T, address string) *attacker {
	t.Helper()
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}}
	conn, err := dialer.DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	a := &attacker{Conn: conn, Framer: http2.NewFramer(conn, conn), windows: map[uint32]int64{0: 65535}, initial: 65535}
	a.cond = sync.NewCond(&a.mu)
	if _, err := io.WriteString(conn, http2.ClientPreface); err != nil {
		t.Fatal(err)
	}
	if err := a.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 0}); err != nil {
		t.Fatal(err)
	}
	read := make(chan struct{})
	go func() {
		defer close(read)
		a.listen()
	}()
	t.Cleanup(func() {
		conn.Close()
		<-read
	})
	return a
}

// listen updates the windows until the connection ends.
func (a *attacker) listen() {
	for {
		frame, err := a.ReadFrame()
		a.mu.Lock()
		switch frame := frame.(type) {
		case *http2.SettingsFrame:
			if size, ok := frame.Value(http2.SettingInitialWindowSize); ok {
				a.initial = int64(size)
			}
		case *http2.WindowUpdateFrame:
			a.windows[frame.StreamID] += int64(frame.Increment)
		}
		a.closed = err != nil
		a.cond.Broadcast()
		a.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// send sends data on a stream as far as the windows allow it within a moment, and returns
// the rest.
func (a *attacker) send(stream uint32, data []byte) []byte {
	a.mu.Lock()
	n := min(int64(len(data)), 16<<10, a.windows[0], a.windows[stream]+a.initial)
	if n <= 0 || a.closed {
		a.mu.Unlock()
		return data
	}
	a.windows[0] -= n
	a.windows[stream] -= n
	a.mu.Unlock()
	if a.WriteData(stream, false, data[:n]) != nil {
		return data
	}
	return data[n:]
}

// begin begins a call.
func (a *attacker) begin(stream uint32, method string) error {
	var block bytes.Buffer
	encoder := hpack.NewEncoder(&block)
	encoder.SetMaxDynamicTableSize(0) // so that blocks do not depend on each other
	for _, field := range []hpack.HeaderField{
		{Name: ":method", Value: "POST"},
		{Name: ":scheme", Value: "http"},
		{Name: ":path", Value: method},
		{Name: ":authority", Value: "x"},
		{Name: "content-type", Value: "application/grpc"},
	} {
		if err := encoder.WriteField(field); err != nil {
			return err
		}
	}
	return a.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: block.Bytes(), EndHeaders: true})
}

// TestHostileMemory checks that a client with hundreds of calls, each of which has sent
// all but the last byte of the largest message, cannot make the server exceed its memory
// limit or refuse other clients.
func TestHostileMemory(t *testing.T) {
	const limit, connections, streams, message = 64 << 20, 3, 100, 2<<20 - 1
	root := t.TempDir()
	server := startServer(t, root, "--memory-limit", "64MiB", "--log-level", "error")
	methods := []string{
		"/tranship.v1.FileService/Stat", "/grpc.health.v1.Health/Check",
		"/FileTransfer.FileService/Upload", "/tranship.v1.FileService/Upload", "/FileSrv/UploadFile",
	}
	body := append([]byte{0, 0, message >> 16, message >> 8 & 0xff, message & 0xff}, make([]byte, message-1)...)
	var group sync.WaitGroup
	sent := make([]int64, connections)
	for c := range connections {
		a := newAttacker(t, server.address)
		group.Go(func() {
			left := make([][]byte, streams)
			for i := range left {
				if a.begin(uint32(2*i+1), methods[i%len(methods)]) != nil {
					return
				}
				left[i] = body
			}
			// Send until no data was accepted for a while.
			for quiet := time.Now(); time.Since(quiet) < time.Second; {
				before := sent[c]
				for i := range left {
					rest := a.send(uint32(2*i+1), left[i])
					sent[c] += int64(len(left[i]) - len(rest))
					left[i] = rest
				}
				if sent[c] > before {
					quiet = time.Now()
					continue
				}
				pause := time.NewTimer(time.Millisecond)
				<-pause.C
			}
		})
	}
	group.Wait()
	peak := server.peak()
	var all int64
	for _, n := range sent {
		all += n
	}
	t.Logf("%d MiB were sent, the server has had %d MiB", all>>20, peak>>20)
	// The limit, the rest of the program, the garbage, and frames of refused calls that
	// are not collected yet.
	if most := int64(limit*3/2 + 64<<20); peak > most {
		t.Errorf("with a limit of %d MiB the server has had %d MiB, more than %d", limit>>20, peak>>20, most>>20)
	}
	source := filepath.Join(t.TempDir(), "file")
	filetest.WriteRandom(t, source, 4<<20, 1)
	start(t, "cp", source, "grpc://"+server.address+"/file").Succeeds(t, patience)
	same(t, source, filepath.Join(root, "file"))
}
