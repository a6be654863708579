package server_test

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/tranship/tranship/internal/testing/testcert"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/server/internal/httpadmission"
	"github.com/tranship/tranship/store/mem"
)

// TestHTTPPlaintextRequest checks that a client that does not know of TLS learns of it, even if it
// sends all of a large body first, and that bytes that are no request are not answered.
func TestHTTPPlaintextRequest(t *testing.T) {
	pair, err := testcert.SelfSigned(testcert.Spec{Hosts: []string{"127.0.0.1"}})
	if err != nil {
		t.Fatal(err)
	}
	w := serveHTTP(t, &mem.Store{}, server.Config{TLS: &tls.Config{Certificates: []tls.Certificate{pair.TLS()}}})
	dial := func(sent string) net.Conn {
		t.Helper()
		conn, err := net.Dial("tcp", w.address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		if _, err := io.WriteString(conn, sent); err != nil {
			t.Errorf("%.20s: %v", sent, err)
		}
		return conn
	}
	large := strings.Repeat("x", 16<<20) // more than the system holds
	for _, request := range []string{
		"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
		"DELETE /files/f HTTP/1.1\r\nHost: x\r\n\r\n",
		"MOVE /files/f HTTP/1.1\r\nHost: x\r\n\r\n",
		"PUT /files/f HTTP/1.1\r\nHost: x\r\nContent-Length: 16777216\r\n\r\n" + large,
	} {
		got, err := http.ReadResponse(bufio.NewReader(dial(request)), nil)
		if err != nil {
			t.Errorf("%.20s: %v", request, err)
			continue
		}
		text, err := io.ReadAll(got.Body)
		if err != nil || got.StatusCode != http.StatusBadRequest || got.Header.Get(httpadmission.ErrorHeader) != "invalid" || !strings.Contains(string(text), "use https://") {
			t.Errorf("%.20s: %+v, %s, %v", request, got, text, err)
		}
	}
	for _, bytes := range []string{"get / http", "GET\x00/ HTTP", "\x17\x03\x03\x00\x00", "GET xHTTP/1.1\r\n\r\n"} {
		conn := dial(bytes)
		if answer, _ := io.ReadAll(conn); strings.HasPrefix(string(answer), "HTTP") {
			t.Errorf("%q: %q", bytes, answer)
		}
	}
}
