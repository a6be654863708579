package tlsconfig_test

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"sync"
	"testing"

	"github.com/tranship/tranship/internal/testing/testcert"
)

// journal is a log for tests to read.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

// take returns the text that was logged since the last call.
func (j *journal) take() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	defer j.text.Reset()
	return j.text.String()
}

func (j *journal) logger() *slog.Logger { return slog.New(slog.NewTextHandler(j, nil)) }

// shake makes one connection over the loopback interface and sends a byte each way. It
// returns the state and the error of each end.
func shake(t *testing.T, server, client *tls.Config) (serverState, clientState tls.ConnectionState, serverErr, clientErr error) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	done := make(chan struct{})
	go func() {
		defer close(done)
		raw, err := listener.Accept()
		if err != nil {
			serverErr = err
			return
		}
		defer raw.Close()
		conn := tls.Server(raw, server)
		if serverErr = conn.HandshakeContext(t.Context()); serverErr != nil {
			// The client is to read the alert.
			_, _ = io.Copy(io.Discard, raw)
			return
		}
		serverState = conn.ConnectionState()
		_, err = conn.Write([]byte{1})
		_, readErr := io.ReadFull(conn, make([]byte, 1))
		serverErr = errors.Join(err, readErr)
	}()
	raw, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	conn := tls.Client(raw, client)
	clientErr = conn.HandshakeContext(t.Context())
	if clientErr == nil {
		clientState = conn.ConnectionState()
		if _, clientErr = io.ReadFull(conn, make([]byte, 1)); clientErr == nil {
			_, clientErr = conn.Write([]byte{1})
		}
	}
	raw.Close()
	<-done
	return serverState, clientState, serverErr, clientErr
}

// must returns value, and panics if err is not nil.
func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// site has an authority, and a certificate of it for 127.0.0.1 with its key.
type site struct {
	dir       string
	authority testcert.Pair
	ca        string
	pair      testcert.Pair
	cert, key string
}

func newSite(t *testing.T) site {
	t.Helper()
	s := site{dir: t.TempDir(), authority: must(testcert.NewAuthority("authority"))}
	s.ca, _, _ = must3(s.authority.Write(s.dir, "ca"))
	s.pair = must(s.authority.Issue(testcert.Spec{Subject: "server", Hosts: []string{"127.0.0.1"}}))
	s.cert, s.key, _ = must3(s.pair.Write(s.dir, "server"))
	return s
}

func must3(a, b string, err error) (string, string, error) {
	return a, b, must[error](nil, err)
}
