package server_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/mem"
)

// sendCut sends a request with the beginning of a body in chunks, and ends the connection in one
// direction. It returns the response. headers are lines.
func (w *web) sendCut(method, path, body string, headers ...string) *http.Response {
	w.t.Helper()
	conn, err := net.Dial("tcp", w.address)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = conn.Close() })
	head := append([]string{method + " " + path + " HTTP/1.1", "Host: x", "Transfer-Encoding: chunked"}, headers...)
	_, _ = io.WriteString(conn, strings.Join(head, "\r\n")+"\r\n\r\n"+body) // the server may have answered already
	_ = conn.(*net.TCPConn).CloseWrite()
	got, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return got
}

// TestHTTPCutChunks checks that a body in chunks that was cut is not taken for a whole one, wherever the cut
// is, and that the client is told so.
func TestHTTPCutChunks(t *testing.T) {
	store := &mem.Store{}
	w := serveHTTP(t, store, server.Config{})
	piece := strings.Repeat("x", 256<<10)
	whole := fmt.Sprintf("%x\r\n%s\r\n", len(piece), piece)
	for name, body := range map[string]string{
		"before a chunk":             "",
		"in the length of a chunk":   "10",
		"in a chunk":                 "10\r\nabc",
		"before the end of a chunk":  "3\r\nabc",
		"before the last chunk":      "3\r\nabc\r\n",
		"in the last chunk":          "3\r\nabc\r\n0",
		"before the end of trailers": "3\r\nabc\r\n0\r\n",
		"after a piece":              whole,
		"after a piece, in a chunk":  whole + "10\r\nabc",
		"before the second chunk":    whole + "10\r\n",
		"of something else":          "zz\r\nabc",
	} {
		got := w.sendCut(http.MethodPut, "/files/f", body)
		if got.StatusCode != http.StatusBadRequest || got.Header.Get("Tranship-Error") != "invalid" {
			t.Errorf("%s: %d, %v", name, got.StatusCode, got.Header)
		}
		if file, err := store.Stat(t.Context(), "f"); err == nil {
			t.Errorf("%s: %+v was stored", name, file)
			_ = store.Remove(t.Context(), "f", tranship.Precondition{})
		}
	}
}

// TestHTTPCutRequests checks that a request whose body does not come whole is told so, whatever it asks for.
func TestHTTPCutRequests(t *testing.T) {
	s := newLinkSite(t, newMem(), server.Config{})
	for _, path := range []string{"/session", "/share/"} {
		for _, body := range []string{"10\r\n{", "zz\r\n{}"} {
			got := s.sendCut(http.MethodPost, path, body, "Content-Type: application/json", "Authorization: Bearer ann")
			if got.StatusCode != http.StatusBadRequest || got.Header.Get("Tranship-Error") != "invalid" {
				t.Errorf("%s, %q: %d, %v", path, body, got.StatusCode, got.Header)
			}
		}
	}
}
