package server_test

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tranship/tranship/internal/testing/testcert"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/mem"
)

// TestHTTPRefusedBody checks that a client that sends all of a large body reads why the server has
// refused it at the beginning, over both kinds of connections.
func TestHTTPRefusedBody(t *testing.T) {
	pair, err := testcert.SelfSigned(testcert.Spec{Hosts: []string{"127.0.0.1"}})
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(pair.Certificate)
	dials := map[string]func(address string) (net.Conn, error){
		"plaintext": func(address string) (net.Conn, error) { return net.Dial("tcp", address) },
		"TLS": func(address string) (net.Conn, error) {
			return tls.Dial("tcp", address, &tls.Config{RootCAs: roots})
		},
	}
	for name, dial := range dials {
		var config server.Config
		if name == "TLS" {
			config.TLS = &tls.Config{Certificates: []tls.Certificate{pair.TLS()}}
		}
		w := serveHTTP(t, &mem.Store{}, config)
		const size = 16 << 20 // more than the system holds
		for _, framing := range []string{fmt.Sprintf("Content-Length: %d\r\n\r\n", size), fmt.Sprintf("Transfer-Encoding: chunked\r\n\r\n%x\r\n", size)} {
			conn, err := dial(w.address)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.WriteString(conn, "PUT /files/f HTTP/1.1\r\nHost: x\r\nIf-Match: *\r\n"+framing+strings.Repeat("x", size)); err != nil {
				t.Errorf("%s, %.20s: the body could not be sent: %v", name, framing, err)
			}
			got, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil || got.StatusCode != http.StatusPreconditionFailed {
				t.Errorf("%s, %.20s: %+v, %v", name, framing, got, err)
			} else if text, err := io.ReadAll(got.Body); err != nil || !strings.Contains(string(text), "there is no file") {
				t.Errorf("%s, %.20s: %s, %v", name, framing, text, err)
			}
			conn.Close()
		}
	}
}

// TestHTTPStopLingering checks that a client that goes on sending a refused body does not keep the
// server from stopping.
func TestHTTPStopLingering(t *testing.T) {
	w := serveHTTP(t, &mem.Store{}, server.Config{})
	conn, err := net.Dial("tcp", w.address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, _ = io.WriteString(conn, "PUT /files/f HTTP/1.1\r\nHost: x\r\nIf-Match: *\r\nContent-Length: 1000000000\r\n\r\nx")
	if got, err := http.ReadResponse(bufio.NewReader(conn), nil); err != nil || got.StatusCode != http.StatusPreconditionFailed {
		t.Fatalf("%+v, %v", got, err)
	}
	w.service.Stop()
	if err := conn.SetWriteDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	for { // until the server has closed the connection
		if _, err := conn.Write(make([]byte, 64<<10)); err != nil {
			if !isReset(err) && !errors.Is(err, net.ErrClosed) {
				t.Error(err)
			}
			return
		}
	}
}
