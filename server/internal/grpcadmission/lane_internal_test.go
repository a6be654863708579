package grpcadmission

import (
	"bytes"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"golang.org/x/net/http2"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/tranship/tranship/internal/lane"
	"github.com/tranship/tranship/server/internal/admission"
)

// readConn is a connection from which a reader's bytes come, and whose deadlines are counted.
type readConn struct {
	net.Conn
	io.Reader
	deadlines int
}

func (c *readConn) Read(p []byte) (int, error) { return c.Reader.Read(p) }
func (c *readConn) RemoteAddr() net.Addr       { return &net.TCPAddr{} }
func (c *readConn) LocalAddr() net.Addr        { return &net.TCPAddr{} }
func (c *readConn) Close() error               { return nil }

func (c *readConn) SetDeadline(time.Time) error {
	c.deadlines++
	return nil
}

// accept makes the handshake of a connection, and returns the lane that it is, if it is one.
func accept(t testing.TB, raw *readConn) (secured net.Conn, taken *Lane, admitted *admittedConn) {
	t.Helper()
	a := New(admission.New(admission.Options{}), Options{})
	connection, err := a.door.Connect(raw.RemoteAddr(), func() {})
	if err != nil {
		t.Fatal(err)
	}
	admitted = a.newConn(raw, connection)
	transport := a.LaneCredentials(insecure.NewCredentials(), func(l *Lane) { taken = l })
	secured, _, err = transport.ServerHandshake(admitted)
	if (taken != nil) != errors.Is(err, credentials.ErrConnDispatched) || taken == nil && err != nil {
		t.Fatalf("a lane: %v; %v", taken != nil, err)
	}
	return secured, taken, admitted
}

// A connection that is a lane is taken before more than the preface is read, and keeps its
// deadlines. Any other continues with the client's first byte.
func TestFindLane(t *testing.T) {
	for sent, want := range map[string]bool{
		lane.Preface:                       true,
		lane.Preface + "more":              true,
		lane.Preface[:15]:                  false,
		lane.Preface[:15] + "\x00":         false,
		http2.ClientPreface:                false,
		"TRACE / HTTP/1.1\r\n\r\n":         false,
		"":                                 false,
		strings.ToLower(lane.Preface):      false,
		"\x00" + lane.Preface:              false,
		lane.Preface[:8] + lane.Preface:    false,
		http2.ClientPreface + lane.Preface: false,
	} {
		for name, reader := range map[string]func(io.Reader) io.Reader{
			"at once":   func(r io.Reader) io.Reader { return r },
			"by bytes":  iotest.OneByteReader,
			"with EOF":  iotest.DataErrReader,
			"by halves": iotest.HalfReader,
		} {
			raw := &readConn{Reader: reader(strings.NewReader(sent))}
			secured, taken, admitted := accept(t, raw)
			if (taken != nil) != want {
				t.Errorf("%q %s: a lane: %v", sent, name, taken != nil)
				continue
			}
			rest := sent
			var conn io.Reader = secured
			if taken != nil {
				conn, rest = taken, strings.TrimPrefix(sent, lane.Preface)
			}
			if got, err := io.ReadAll(conn); string(got) != rest || err != nil {
				t.Errorf("%q %s: read %q, %v", sent, name, got, err)
			}
			if err := admitted.SetDeadline(time.Time{}); err != nil || raw.deadlines > 0 != (taken == nil) {
				t.Errorf("%q %s: grpc-go has set %d deadlines", sent, name, raw.deadlines)
			}
		}
	}
}

// FuzzFindLane checks that no byte of a client is lost, whatever it sends in however many pieces.
func FuzzFindLane(f *testing.F) {
	for _, seed := range []string{"", "T", lane.Preface, lane.Preface + "x", lane.Preface[:15] + "x", http2.ClientPreface} {
		f.Add([]byte(seed), 3)
	}
	f.Fuzz(func(t *testing.T, sent []byte, at int) {
		at = max(0, min(at, len(sent)))
		raw := &readConn{Reader: io.MultiReader(bytes.NewReader(sent[:at]), bytes.NewReader(sent[at:]))}
		secured, taken, _ := accept(t, raw)
		rest, isLane := bytes.CutPrefix(sent, []byte(lane.Preface))
		if (taken != nil) != isLane {
			t.Fatalf("a lane: %v", taken != nil)
		}
		var conn io.Reader = secured
		if isLane {
			conn = taken
		}
		if got, err := io.ReadAll(conn); !bytes.Equal(got, rest) || err != nil {
			t.Errorf("read %q, %v", got, err)
		}
	})
}
