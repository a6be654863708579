//go:build linux

package attack

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
	"google.golang.org/protobuf/proto"

	"github.com/tranship/tranship/internal/lane"
	"github.com/tranship/tranship/internal/testing/raced"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// frames is a connection on which a test writes HTTP/2 frames itself.
type frames struct {
	*http2.Framer
	conn    net.Conn
	headers *hpack.Encoder
	block   bytes.Buffer
	// gone is closed when the server has closed the connection.
	gone chan struct{}
}

// frames opens a connection and sends settings. The connection is closed when the test
// ends. It reads and answers nothing.
func (s *site) frames(t testing.TB, settings ...http2.Setting) *frames {
	t.Helper()
	f, err := s.newFrames(t.Context(), settings...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.conn.Close() })
	return f
}

func (s *site) newFrames(ctx context.Context, settings ...http2.Setting) (*frames, error) {
	return s.newFramesFrom(ctx, attacker, settings...)
}

func (s *site) newFramesFrom(ctx context.Context, ip string, settings ...http2.Setting) (*frames, error) {
	conn, err := s.connectFrom(ctx, ip)
	if err != nil {
		return nil, err
	}
	f := &frames{conn: conn, Framer: http2.NewFramer(conn, conn), gone: make(chan struct{})}
	f.headers = hpack.NewEncoder(&f.block)
	_, err = io.WriteString(conn, http2.ClientPreface)
	if err == nil {
		err = conn.SetDeadline(time.Now().Add(patience))
	}
	if err == nil {
		err = f.WriteSettings(settings...)
	}
	if err != nil {
		conn.Close()
		return nil, err
	}
	return f, nil
}

// drain reads what the server sends until it closes the connection.
func (f *frames) drain() {
	go func() {
		defer close(f.gone)
		_, _ = io.Copy(io.Discard, f.conn)
	}()
}

// fields returns the encoded headers of a call.
func (f *frames) fields(method string, more ...hpack.HeaderField) []byte {
	f.block.Reset()
	for _, field := range append([]hpack.HeaderField{
		{Name: ":method", Value: "POST"},
		{Name: ":scheme", Value: "http"},
		{Name: ":path", Value: method},
		{Name: ":authority", Value: "localhost"},
		{Name: "content-type", Value: "application/grpc"},
		{Name: "te", Value: "trailers"},
	}, more...) {
		_ = f.headers.WriteField(field) // Writing to a buffer does not fail.
	}
	return bytes.Clone(f.block.Bytes())
}

// open begins a call.
func (f *frames) open(stream uint32, method string, end bool) error {
	return f.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: f.fields(method), EndHeaders: true, EndStream: end})
}

// bearerField returns the header field of a token.
func bearerField(token string) hpack.HeaderField {
	return hpack.HeaderField{Name: "authorization", Value: "Bearer " + token}
}

// stall begins n calls, each with one message, and reads no replies.
func (f *frames) stall(n int, method string, request proto.Message, end bool, more ...hpack.HeaderField) error {
	data, err := proto.Marshal(request)
	for stream := uint32(1); err == nil && stream < uint32(2*n); stream += 2 {
		err = f.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: f.fields(method, more...), EndHeaders: true})
		if err == nil {
			err = f.WriteData(stream, end, message(data))
		}
	}
	return err
}

// refused reports whether the server has closed the connection, or has stopped reading
// because the client does not read.
func refused(err error) bool {
	return err != nil && !errors.Is(err, os.ErrDeadlineExceeded)
}

const (
	uploadMethod   = transhipv1.FileService_Upload_FullMethodName
	downloadMethod = transhipv1.FileService_Download_FullMethodName
	statMethod     = transhipv1.FileService_Stat_FullMethodName
)

// message returns the encoding of a gRPC message.
func message(data []byte) []byte {
	return append(binary.BigEndian.AppendUint32([]byte{0}, uint32(len(data))), data...)
}

// TestWindowStalls requests files with a flow-control window of 0.
func TestWindowStalls(t *testing.T) {
	s := prepareSite(t)
	s.write(t, "root/large", strings.Repeat("x", 8<<20))
	s.start(t)
	begun, _ := s.resident(t)
	open := []byte{0x0a, 9, 0x08, 1, 0x12, 5, 'l', 'a', 'r', 'g', 'e'}
	for range 4 {
		f := s.frames(t, http2.Setting{ID: http2.SettingInitialWindowSize, Val: 0})
		f.drain()
		for n := range uint32(25) {
			if err := f.open(2*n+1, downloadMethod, false); err != nil {
				t.Fatal(err)
			}
			if err := f.WriteData(2*n+1, false, message(open)); err != nil {
				t.Fatal(err)
			}
		}
	}
	s.serves(t)
	s.bounded(t, begun, 256<<20)
}

// TestSilentConnections connects and sends nothing or half of a preface: the server
// closes each connection within ten seconds.
func TestSilentConnections(t *testing.T) {
	s := newSite(t)
	s.closes(t, "", http2.ClientPreface[:10], http2.ClientPreface[:len(http2.ClientPreface)-1], lane.Preface[:10], lane.Preface)
	s.serves(t)
}

// closes opens connections with the given beginnings, and fails unless the server closes
// each connection within ten seconds, with some more for a busy machine.
func (s *site) closes(t *testing.T, beginnings ...string) {
	t.Helper()
	var waiting sync.WaitGroup
	for _, preface := range beginnings {
		conn := s.connect(t)
		if _, err := io.WriteString(conn, preface); err != nil {
			t.Fatal(err)
		}
		waiting.Go(func() {
			begun := time.Now()
			if err := conn.SetReadDeadline(begun.Add(patience)); err != nil {
				t.Error(err)
			}
			_, err := io.Copy(io.Discard, conn)
			if took := time.Since(begun); errors.Is(err, os.ErrDeadlineExceeded) || took > 15*time.Second {
				t.Errorf("after %q the server kept the connection for %v: %v", preface, took, err)
			}
		})
	}
	waiting.Wait()
}

// TestPrefaces sends something other than HTTP/2, half of its preface, or nothing.
func TestPrefaces(t *testing.T) {
	s := newSite(t)
	for what, preface := range map[string]string{
		"HTTP/1.1":          "GET /etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"noise":             strings.Repeat("\x00\xff", 1000),
		"half of a preface": http2.ClientPreface[:10],
		"a frame too large": http2.ClientPreface + "\xff\xff\xff\x00\x00\x00\x00\x00\x01" + strings.Repeat("x", 100_000),
	} {
		conn := s.connect(t)
		_, _ = io.WriteString(conn, preface) // The server may close the connection meanwhile.
		if err := conn.SetReadDeadline(time.Now().Add(200 * time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		got, _ := io.ReadAll(conn)
		if bytes.Contains(got, []byte("root:")) {
			t.Errorf("%s: the server answered %q", what, got)
		}
	}
	// A message whose length field is 4 GiB.
	f := s.frames(t)
	err := f.open(1, uploadMethod, false)
	if err == nil {
		err = f.WriteData(1, false, []byte{0, 0xff, 0xff, 0xff, 0xff, 1, 2, 3})
	}
	if err != nil {
		t.Error(err)
	}
	// TLS, with a server without TLS, which must not continue unencrypted.
	handshake := tls.Client(s.connect(t), &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}})
	if err := handshake.HandshakeContext(testContext(t)); err == nil {
		t.Error("a server without TLS completed a TLS handshake")
	}
	// Connections that send nothing.
	begun := s.process.files(t)
	for range raced.Times(500) {
		s.connect(t)
	}
	s.serves(t)
	t.Logf("%d files open, %d in the beginning", s.process.files(t), begun)
}
