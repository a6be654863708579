package server_test

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/testing/filetest"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/mem"
)

// TestHTTPDigests checks that a body with another digest is not stored.
func TestHTTPDigests(t *testing.T) {
	store := &mem.Store{}
	w := serveHTTP(t, store, server.Config{})
	for _, size := range []int{3, 2 << 20} {
		content := filetest.Random(size)
		sum := sha256.Sum256(content)
		crc := tranship.CRC32C(content)
		encode := func(b []byte) string { return ":" + base64.StdEncoding.EncodeToString(b) + ":" }
		crcText := encode([]byte{byte(crc >> 24), byte(crc >> 16), byte(crc >> 8), byte(crc)})
		for value, status := range map[string]int{
			"sha-256=" + encode(sum[:]):                            http.StatusCreated,
			"crc32c=" + crcText + ", sha-256=" + encode(sum[:]):    http.StatusCreated,
			"md5=:AAAA:, unknown":                                  http.StatusCreated,
			"sha-256=" + encode(make([]byte, 32)):                  http.StatusUnprocessableEntity,
			"sha-512=" + encode(make([]byte, 64)):                  http.StatusUnprocessableEntity,
			"crc32c=" + encode([]byte{1, 2, 3, 4}):                 http.StatusUnprocessableEntity,
			"sha-256=" + encode(sum[:31]):                          http.StatusBadRequest,
			"sha-256=" + base64.StdEncoding.EncodeToString(sum[:]): http.StatusBadRequest,
			"sha-256":                       http.StatusBadRequest,
			"sha-256=:":                     http.StatusBadRequest,
			"SHA-256=" + encode(sum[:]):     http.StatusBadRequest,
			"md5=:AAAA:, Crc32c=" + crcText: http.StatusBadRequest,
			"sha-256 = " + encode(sum[:]):   http.StatusBadRequest,
			"crc32c=:*:":                    http.StatusBadRequest,
			"crc32c=:AAAA:":                 http.StatusBadRequest,
		} {
			for _, name := range []string{"Repr-Digest", "Content-Digest"} {
				w.do(http.MethodPut, "f", bytes.NewReader(content), name, value).want(t, name+": "+value, status)
				_, err := store.Stat(t.Context(), "f")
				if stored := err == nil; stored != (status == http.StatusCreated) {
					t.Errorf("%s: %s: %v", name, value, err)
				}
				_ = store.Remove(t.Context(), "f", tranship.Precondition{}) // it may not exist
			}
		}
	}
}

// TestHTTPBrokenBody checks that nothing of a body that does not come whole becomes visible, and
// that a client whose body is wrong is told why.
func TestHTTPBrokenBody(t *testing.T) {
	store := &mem.Store{}
	w := serveHTTP(t, store, server.Config{})
	for _, length := range []int{100, tranship.MaxPutBytes + 100} {
		conn, err := net.Dial("tcp", w.address)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = fmt.Fprintf(conn, "PUT /files/f HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", length, strings.Repeat("x", length-1))
		_ = conn.(*net.TCPConn).CloseWrite()
		got, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil || got.StatusCode != http.StatusBadRequest {
			t.Errorf("%d bytes: %+v, %v", length, got, err)
		}
		_ = conn.Close()
	}
	w.do(http.MethodPut, "f", strings.NewReader("x"), "Content-Range", "bytes 0-0/2").want(t, "Content-Range", http.StatusBadRequest)
	w.do(http.MethodPut, "f", strings.NewReader("x"), "Content-Encoding", "gzip").want(t, "gzip", http.StatusUnsupportedMediaType)
	for entry, err := range store.List(t.Context(), tranship.ListOptions{Recursive: true}) {
		t.Errorf("%+v, %v is visible", entry, err)
	}
	for upload, err := range store.ListUploads(t.Context(), "") {
		t.Errorf("the upload %+v remains, %v", upload, err)
	}
}

// TestHTTPRefusals checks what is refused before the store is asked, and paths that name no file.
func TestHTTPRefusals(t *testing.T) {
	w := serveHTTP(t, &mem.Store{}, server.Config{})
	for request, status := range map[string]int{
		"GET /none":                               404,
		"POST /":                                  405,
		"GET /files":                              404,
		"GET /files/../f":                         400,
		"GET /files/a/../../f":                    400,
		"GET /files/%2e%2e/f":                     400,
		"GET /files/a%2f..%2ff":                   400,
		"GET /files//":                            400,
		"GET /files//f":                           400,
		"GET /files/a//":                          400,
		"GET /files/./f":                          400,
		"GET /files/%00":                          400,
		"GET /files/%ff":                          400,
		"GET /files/.tranship/x":                  400,
		"GET /files/f/?unknown=1":                 400,
		"GET /files/?limit=-1":                    400,
		"GET /files/?limit=x":                     400,
		"GET /files/?recursive=maybe":             400,
		"GET /files/?%zz":                         400,
		"POST /files/f":                           405,
		"PATCH /files/f":                          405,
		"OPTIONS /files/f":                        405,
		"PUT /files/":                             405,
		"DELETE /files/d/":                        405,
		"GET /files/none":                         404,
		"GET /files/" + strings.Repeat("n", 2000): 400,
	} {
		conn, err := net.Dial("tcp", w.address)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = fmt.Fprintf(conn, "%s HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", request)
		got, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil || got.StatusCode != status {
			t.Errorf("%s: %v, %v; want %d", request, got, err, status)
		} else if got.Header.Get("Tranship-Error") == "" || got.Header.Get("X-Content-Type-Options") != "nosniff" || status == 405 && got.Header.Get("Allow") == "" {
			t.Errorf("%s: %v", request, got.Header)
		}
		_ = conn.Close()
	}
}
