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

// TestRapidReset begins calls and resets them at once, far more than the limit of
// concurrent calls.
func TestRapidReset(t *testing.T) {
	s := newSite(t)
	begun, _ := s.resident(t)
	var attackers sync.WaitGroup
	for _, method := range []string{statMethod, uploadMethod, downloadMethod, "/FileSrv/UploadFile"} {
		attackers.Go(func() {
			f := s.frames(t)
			f.drain()
			for n := range uint32(raced.Times(10_000)) {
				err := f.open(2*n+1, method, false)
				if err == nil {
					err = f.WriteRSTStream(2*n+1, http2.ErrCodeCancel)
				}
				if err != nil {
					if !refused(err) {
						t.Errorf("%s, after %d: %v", method, n, err)
					}
					return
				}
			}
		})
	}
	attackers.Wait()
	s.serves(t)
	s.bounded(t, begun, 256<<20)
}

// TestEmptyStreams opens more calls than a connection may have, on several connections,
// and sends no messages.
func TestEmptyStreams(t *testing.T) {
	s := newSite(t)
	begun, _ := s.resident(t)
	for _, method := range []string{statMethod, transhipv1.FileService_List_FullMethodName, "/grpc.health.v1.Health/Watch", "/no.such/Method"} {
		f := s.frames(t)
		f.drain()
		for n := range uint32(raced.Times(5000)) {
			if err := f.open(2*n+1, method, false); err != nil {
				if !refused(err) {
					t.Errorf("%s, after %d: %v", method, n, err)
				}
				break
			}
		}
	}
	s.serves(t)
	s.bounded(t, begun, 256<<20)
}

// TestHeaderBombs sends endless headers: many, large, and small ones that refer to large
// entries of the compression table.
func TestHeaderBombs(t *testing.T) {
	const enough = 64 << 20
	for name, bomb := range map[string]func(f *frames) error{
		"large headers": func(f *frames) error {
			block := f.fields(statMethod, hpack.HeaderField{Name: "x-large", Value: strings.Repeat("x", 1<<20), Sensitive: true})
			for stream := uint32(1); stream < 2*enough>>20; stream += 2 {
				if err := f.writeBlock(stream, block); err != nil {
					return err
				}
			}
			return nil
		},
		"many headers": func(f *frames) error {
			var fields []hpack.HeaderField
			for range 100_000 {
				fields = append(fields, hpack.HeaderField{Name: "x", Value: "y"})
			}
			block := f.fields(statMethod, fields...)
			for stream := uint32(1); stream < 200; stream += 2 {
				if err := f.writeBlock(stream, block); err != nil {
					return err
				}
			}
			return nil
		},
		"entries of the table": func(f *frames) error {
			// One entry of 4 KiB, and then one byte for each reference.
			f.fields(statMethod, hpack.HeaderField{Name: "x", Value: strings.Repeat("x", 3900)})
			first := bytes.Clone(f.block.Bytes())
			if err := f.writeBlock(1, first); err != nil {
				return err
			}
			for stream := uint32(3); stream < 20; stream += 2 {
				block := append(f.fields(statMethod), bytes.Repeat([]byte{0x80 | 62}, 1<<20)...)
				if err := f.writeBlock(stream, block); err != nil {
					return err
				}
			}
			return nil
		},
		"headers that do not end": func(f *frames) error {
			block := f.fields(statMethod)
			if err := f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: block}); err != nil {
				return err
			}
			f.block.Reset()
			for f.block.Len() < 16<<10-100 {
				_ = f.headers.WriteField(hpack.HeaderField{Name: "x", Value: strings.Repeat("z", 50), Sensitive: true})
			}
			for range enough / f.block.Len() {
				if err := f.WriteContinuation(1, false, f.block.Bytes()); err != nil {
					return err
				}
			}
			return nil
		},
		"headers that do not end, empty": func(f *frames) error {
			if err := f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: f.fields(statMethod)}); err != nil {
				return err
			}
			for range raced.Times(50_000) {
				if err := f.WriteContinuation(1, false, nil); err != nil {
					return err
				}
			}
			return nil
		},
		"a table of 4 GiB": func(f *frames) error {
			if err := f.WriteSettings(http2.Setting{ID: http2.SettingHeaderTableSize, Val: 1<<32 - 1}); err != nil {
				return err
			}
			block := append([]byte{0x3f, 0xe1, 0xff, 0xff, 0xff, 0x0f}, f.fields(statMethod)...)
			return f.writeBlock(1, block)
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			begun, _ := s.resident(t)
			var attackers sync.WaitGroup
			for range 4 {
				attackers.Go(func() {
					f := s.frames(t)
					f.drain()
					if err := bomb(f); err != nil && !refused(err) {
						t.Error(err)
					}
				})
			}
			attackers.Wait()
			s.serves(t)
			s.bounded(t, begun, 256<<20)
		})
	}
}

// writeBlock sends the header of a call in as many frames as it needs.
func (f *frames) writeBlock(stream uint32, block []byte) error {
	const most = 16 << 10
	first := block[:min(len(block), most)]
	rest := block[len(first):]
	err := f.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: first, EndHeaders: len(rest) == 0})
	for err == nil && len(rest) > 0 {
		next := rest[:min(len(rest), most)]
		rest = rest[len(next):]
		err = f.WriteContinuation(stream, len(rest) == 0, next)
	}
	return err
}

// TestFloods sends frames that the server must answer, or that cost more to handle than
// to send, without reading the answers.
func TestFloods(t *testing.T) {
	for name, write := range map[string]func(f *frames, n uint32) error{
		"pings": func(f *frames, n uint32) error { return f.WritePing(false, [8]byte{byte(n)}) },
		"settings": func(f *frames, n uint32) error {
			return f.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: n})
		},
		"empty data":     func(f *frames, _ uint32) error { return f.WriteData(1, false, nil) },
		"window updates": func(f *frames, _ uint32) error { return f.WriteWindowUpdate(0, 1) },
		"priorities": func(f *frames, n uint32) error {
			return f.WritePriority(2*n+1, http2.PriorityParam{StreamDep: 2*n + 3, Weight: 255})
		},
		"resets of unknown streams": func(f *frames, n uint32) error { return f.WriteRSTStream(2*n+1, http2.ErrCodeCancel) },
		"frames of an unknown type": func(f *frames, _ uint32) error { return f.WriteRawFrame(0xfa, 0, 0, []byte("?")) },
		"empty messages":            func(f *frames, _ uint32) error { return f.WriteData(1, false, message(nil)) },
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			begun, _ := s.resident(t)
			f := s.frames(t)
			if err := f.conn.SetDeadline(time.Now().Add(2 * time.Second)); err != nil {
				t.Fatal(err)
			}
			err := f.open(1, uploadMethod, false)
			n := uint32(0)
			for ; n < uint32(raced.Times(50_000)) && err == nil; n++ {
				err = write(f, n)
			}
			t.Logf("%d frames, then %v", n, err)
			s.serves(t)
			s.bounded(t, begun, 128<<20)
		})
	}
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
	s.closes(t, "", http2.ClientPreface[:10], http2.ClientPreface[:len(http2.ClientPreface)-1])
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
