package httpadmission_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tranship/tranship/internal/testing/pipenet"
	"github.com/tranship/tranship/server/internal/admission"
	"github.com/tranship/tranship/server/internal/httpadmission"
	"github.com/tranship/tranship/server/internal/web"
	"github.com/tranship/tranship/server/limit"
	"github.com/tranship/tranship/store/mem"
)

// The limits of the tests in virtual time.
const (
	handshakeTime = 10 * time.Second
	slowWindow    = 30 * time.Second
	// idleTime is how long a connection may have no request.
	idleTime = 2 * time.Minute
	// flushTime is how long the end of a response may take.
	flushTime = 30 * time.Second
)

// watched is a network whose first connection is watched.
type watched struct {
	*pipenet.Network
	// closed is closed when the server has closed the connection.
	closed chan struct{}
}

// Accept implements net.Listener.
func (w *watched) Accept() (net.Conn, error) {
	conn, err := w.Network.Accept()
	if err != nil {
		return nil, err
	}
	return &watchedConn{Conn: conn, closed: sync.OnceFunc(func() { close(w.closed) })}, nil
}

type watchedConn struct {
	net.Conn
	closed func()
}

// Close implements net.Conn.
func (w *watchedConn) Close() error {
	w.closed()
	return w.Conn.Close()
}

// serve serves an empty store in the bubble of a test.
func serve(t *testing.T) *watched {
	network := &watched{pipenet.New(), make(chan struct{})}
	door := admission.New(admission.Options{
		Anonymous: true, Limits: limit.Options{HandshakeTime: handshakeTime, MinRate: 1000, MinRateWindow: slowWindow},
	})
	adapter := httpadmission.New(door, httpadmission.Options{})
	server := adapter.Server(web.New(&mem.Store{}, adapter, web.Options{}))
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = server.Serve(adapter.Listener(network, nil)) // until Close
	}()
	t.Cleanup(func() {
		_ = server.Close()
		<-served
		adapter.Wait()
		if stats := door.Stats(); stats.Connections != 0 || stats.Calls != 0 || stats.Streams != 0 {
			t.Errorf("at the end there are %+v", stats)
		}
	})
	return network
}

// drip writes text a byte at a time, at intervals, until it or the connection ends.
func drip(conn net.Conn, text string, interval time.Duration) {
	for i := range len(text) {
		if _, err := io.WriteString(conn, text[i:i+1]); err != nil {
			return
		}
		time.Sleep(interval)
	}
}

// exchange makes a request and reads its response.
func exchange(t *testing.T, conn net.Conn, reader *bufio.Reader, text string) int {
	t.Helper()
	go func() { _, _ = io.WriteString(conn, text) }()
	response, err := http.ReadResponse(reader, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		t.Fatal(err)
	}
	return response.StatusCode
}

// TestSlowClients checks how long clients may be slow, in every part of a request and of its
// response, and between requests.
func TestSlowClients(t *testing.T) {
	const endless = 1 << 20 // bytes are not sent in any time that a client has
	tests := map[string]struct {
		client func(t *testing.T, conn net.Conn, reader *bufio.Reader)
		// most is how long the server keeps the connection.
		most time.Duration
		// reads: the client reads itself, or does not read.
		reads bool
	}{
		"no byte": {func(*testing.T, net.Conn, *bufio.Reader) {}, handshakeTime, false},
		"headers byte by byte": {func(_ *testing.T, conn net.Conn, _ *bufio.Reader) {
			drip(conn, "GET /files/a HTTP/1.1\r\nA: "+strings.Repeat("b", endless), time.Second/2)
		}, handshakeTime, false},
		"headers line by line": {func(_ *testing.T, conn net.Conn, _ *bufio.Reader) {
			_, _ = io.WriteString(conn, "GET /files/a HTTP/1.1\r\n")
			for {
				if _, err := io.WriteString(conn, "A: b\r\n"); err != nil {
					return
				}
				time.Sleep(time.Second)
			}
		}, handshakeTime, false},
		"a body that does not come": {func(_ *testing.T, conn net.Conn, _ *bufio.Reader) {
			_, _ = io.WriteString(conn, "PUT /files/a HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n")
		}, 2*slowWindow + flushTime, false},
		"a body that is asked for": {func(_ *testing.T, conn net.Conn, reader *bufio.Reader) {
			_, _ = io.WriteString(conn, "PUT /files/a HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 1000000000\r\n\r\n")
			_, _ = reader.ReadString('\n')
		}, 2*slowWindow + flushTime, true},
		"a body byte by byte": {func(_ *testing.T, conn net.Conn, _ *bufio.Reader) {
			_, _ = io.WriteString(conn, "PUT /files/a HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n")
			drip(conn, strings.Repeat("x", endless), time.Second/2)
		}, 2*slowWindow + flushTime, false},
		"a small body byte by byte": {func(_ *testing.T, conn net.Conn, _ *bufio.Reader) {
			_, _ = io.WriteString(conn, "PUT /files/a HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n")
			drip(conn, strings.Repeat("x", endless), time.Second/2)
		}, 2*slowWindow + flushTime, false},
		"chunks of one byte": {func(_ *testing.T, conn net.Conn, _ *bufio.Reader) {
			_, _ = io.WriteString(conn, "PUT /files/a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
			drip(conn, strings.Repeat("1\r\nx\r\n", endless), time.Second/2)
		}, 2*slowWindow + flushTime, false},
		"an endless extension of a chunk": {func(_ *testing.T, conn net.Conn, _ *bufio.Reader) {
			_, _ = io.WriteString(conn, "PUT /files/a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
			drip(conn, "1;"+strings.Repeat("x", endless), time.Second/2)
		}, 2*slowWindow + flushTime, false},
		"a response that is not read": {func(_ *testing.T, conn net.Conn, _ *bufio.Reader) {
			_, _ = io.WriteString(conn, "GET /files/large HTTP/1.1\r\nHost: x\r\n\r\n")
			time.Sleep(time.Hour)
		}, 2*slowWindow + flushTime, true},
		"a response byte by byte": {func(_ *testing.T, conn net.Conn, _ *bufio.Reader) {
			_, _ = io.WriteString(conn, "GET /files/large HTTP/1.1\r\nHost: x\r\n\r\n")
			for range endless {
				if _, err := conn.Read(make([]byte, 1)); err != nil {
					return
				}
				time.Sleep(time.Second / 2)
			}
		}, 2*slowWindow + flushTime, true},
		"a refusal that is not read": {func(_ *testing.T, conn net.Conn, _ *bufio.Reader) {
			_, _ = io.WriteString(conn, "GET /files/none HTTP/1.1\r\nHost: x\r\n\r\n")
			time.Sleep(time.Hour)
		}, flushTime, true},
		"no further request": {func(t *testing.T, conn net.Conn, reader *bufio.Reader) {
			exchange(t, conn, reader, "GET /files/none HTTP/1.1\r\nHost: x\r\n\r\n")
		}, idleTime, true},
		"a further request byte by byte": {func(t *testing.T, conn net.Conn, reader *bufio.Reader) {
			exchange(t, conn, reader, "GET /files/none HTTP/1.1\r\nHost: x\r\n\r\n")
			drip(conn, "GET /files/a HTTP/1.1\r\nA: "+strings.Repeat("b", endless), 50*time.Second)
		}, 2*idleTime + handshakeTime, true},
		"requests at once whose responses are not read": {func(_ *testing.T, conn net.Conn, _ *bufio.Reader) {
			_, _ = io.WriteString(conn, strings.Repeat("GET /files/none HTTP/1.1\r\nHost: x\r\n\r\n", 10_000))
			time.Sleep(time.Hour)
		}, flushTime, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				network := serve(t)
				conn, err := network.Dial(t.Context(), "")
				if err != nil {
					t.Fatal(err)
				}
				reader := bufio.NewReader(conn)
				put := fmt.Sprintf("PUT /files/large HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", 8<<20, strings.Repeat("x", 8<<20))
				if strings.Contains(name, "response") {
					if status := exchange(t, conn, reader, put); status != http.StatusCreated {
						t.Fatal(status)
					}
				}
				begun := time.Now()
				done := make(chan struct{})
				go func() {
					defer close(done)
					test.client(t, conn, reader)
				}()
				if !test.reads {
					go func() { _, _ = io.Copy(io.Discard, reader) }()
				}
				<-network.closed
				if took := time.Since(begun); took > test.most+time.Second {
					t.Errorf("the server has kept the connection for %v, want at most %v", took, test.most)
				}
				_ = conn.Close()
				<-done
			})
		})
	}
}

// TestPipelining checks that requests that come at once are answered in their order.
func TestPipelining(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		conn, err := serve(t).Dial(t.Context(), "")
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		const files = 200
		go func() {
			for n := range files {
				body := strings.Repeat("x", n)
				_, _ = fmt.Fprintf(conn, "PUT /files/%d HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%sGET /files/%d HTTP/1.1\r\nHost: x\r\n\r\n", n, n, body, n)
			}
		}()
		reader := bufio.NewReader(conn)
		for n := range files {
			for _, want := range []int{http.StatusCreated, http.StatusOK} {
				response, err := http.ReadResponse(reader, nil)
				if err != nil {
					t.Fatal(err)
				}
				body, err := io.ReadAll(response.Body)
				if err != nil || response.StatusCode != want || want == http.StatusOK && len(body) != n {
					t.Errorf("file %d: status %d with %d bytes, %v; want %d", n, response.StatusCode, len(body), err, want)
				}
			}
		}
	})
}
