package server_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/testing/filetest"
	"github.com/tranship/tranship/internal/testing/storeserver"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/mem"
)

// web is a client of a server of HTTP.
type web struct {
	t       *testing.T
	address string
	service *server.Server
	client  *http.Client
	token   string
}

// serveHTTP serves a store over HTTP.
func serveHTTP(t *testing.T, store tranship.Store, config server.Config) *web {
	t.Helper()
	service := storeserver.New(t, store, config)
	listener := listen(t)
	served := make(chan error, 1)
	go func() { served <- service.Serve(context.Background(), server.HTTPListener{Listener: listener}) }()
	w := &web{t: t, address: listener.Addr().String(), service: service, client: &http.Client{Transport: &http.Transport{}}}
	t.Cleanup(func() {
		w.client.CloseIdleConnections()
		service.Stop()
		if err := <-served; !errors.Is(err, server.ErrStopped) {
			t.Errorf("the server ended with %v", err)
		}
	})
	return w
}

// fileURL returns the URL of a file, every segment of whose path is escaped.
func (w *web) fileURL(path string) string {
	segments := strings.Split(path, "/")
	for i := range segments {
		segments[i] = url.PathEscape(segments[i])
	}
	return "http://" + w.address + "/files/" + strings.Join(segments, "/")
}

// response is a response that was read to its end.
type response struct {
	status int
	header http.Header
	body   string
	err    error // of reading the body
}

// do makes a request. headers are names and values in turn.
func (w *web) do(method, path string, body io.Reader, headers ...string) response {
	w.t.Helper()
	request, err := http.NewRequestWithContext(testContext(w.t), method, w.fileURL(path), body)
	if err != nil {
		w.t.Fatal(err)
	}
	if w.token != "" {
		request.Header.Set("Authorization", "Bearer "+w.token)
	}
	for i := 0; i < len(headers); i += 2 {
		request.Header.Add(headers[i], headers[i+1])
	}
	got, err := w.client.Do(request)
	if err != nil {
		w.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer got.Body.Close()
	text, err := io.ReadAll(got.Body)
	return response{got.StatusCode, got.Header, string(text), err}
}

// want fails unless the response has a status.
func (r response) want(t *testing.T, what string, status int) response {
	t.Helper()
	if r.status != status || r.err != nil {
		t.Fatalf("%s: status %d with %q, %v; want %d", what, r.status, r.body, r.err, status)
	}
	return r
}

// TestHTTPFile stores, reads and removes files of all kinds of sizes and names.
func TestHTTPFile(t *testing.T) {
	store := &mem.Store{}
	w := serveHTTP(t, store, server.Config{})
	paths := []string{"a", "dir/sub/b", "with space", "ä ö/ü", "100%", "a?b#c&d=e+f", `back\slash "quotes"`, "-", "...", "'<script>'", strings.Repeat("n", tranship.MaxSegmentBytes)}
	for _, size := range []int{0, 1, 100, tranship.MaxPutBytes, tranship.MaxPutBytes + 1, 3<<20 + 7} {
		content := string(filetest.Random(size))
		for _, path := range paths {
			for _, known := range []bool{true, false} {
				body := io.Reader(strings.NewReader(content))
				if !known {
					body = io.MultiReader(body) // chunked
				}
				put := w.do(http.MethodPut, path, body).want(t, "PUT "+path, http.StatusCreated)
				got := w.do(http.MethodGet, path, nil).want(t, "GET "+path, http.StatusOK)
				if got.body != content {
					t.Fatalf("%q with %d bytes came back with %d, or others", path, size, len(got.body))
				}
				head := w.do(http.MethodHead, path, nil).want(t, "HEAD "+path, http.StatusOK)
				for _, name := range []string{"ETag", "Repr-Digest"} {
					if put.header.Get(name) == "" || put.header.Get(name) != got.header.Get(name) || head.header.Get(name) != got.header.Get(name) {
						t.Errorf("%s of %s: PUT %q, GET %q, HEAD %q", name, path, put.header.Get(name), got.header.Get(name), head.header.Get(name))
					}
				}
				if head.header.Get("Content-Length") != fmt.Sprint(size) {
					t.Errorf("HEAD %s: Content-Length %q", path, head.header.Get("Content-Length"))
				}
			}
		}
	}
	for _, path := range paths {
		w.do(http.MethodDelete, path, nil).want(t, "DELETE "+path, http.StatusNoContent)
		w.do(http.MethodGet, path, nil).want(t, "GET of a removed file", http.StatusNotFound)
		w.do(http.MethodDelete, path, nil).want(t, "DELETE again", http.StatusNotFound)
	}
	for entry, err := range store.List(t.Context(), tranship.ListOptions{Recursive: true}) {
		t.Errorf("%+v, %v remains", entry, err)
	}
}

// TestHTTPRanges reads ranges.
func TestHTTPRanges(t *testing.T) {
	w := serveHTTP(t, &mem.Store{}, server.Config{})
	const content = "0123456789"
	tag := w.do(http.MethodPut, "f", strings.NewReader(content)).want(t, "PUT", http.StatusCreated).header.Get("ETag")
	w.do(http.MethodPut, "empty", http.NoBody).want(t, "PUT", http.StatusCreated)
	for _, test := range []struct {
		path, spec, ifRange string
		status              int
		body, contentRange  string
	}{
		{"f", "bytes=0-0", "", 206, "0", "bytes 0-0/10"},
		{"f", "bytes=2-4", "", 206, "234", "bytes 2-4/10"},
		{"f", "bytes=2-", "", 206, "23456789", "bytes 2-9/10"},
		{"f", "bytes=2-99", "", 206, "23456789", "bytes 2-9/10"},
		{"f", "bytes=2-99999999999999999999", "", 206, "23456789", "bytes 2-9/10"},
		{"f", "bytes=-3", "", 206, "789", "bytes 7-9/10"},
		{"f", "bytes=-99", "", 206, content, "bytes 0-9/10"},
		{"f", "bytes=0-9", "", 206, content, "bytes 0-9/10"},
		{"f", "bytes=10-", "", 416, "", "bytes */10"},
		{"f", "bytes=99999999999999999999-", "", 416, "", "bytes */10"},
		{"f", "bytes=-0", "", 416, "", "bytes */10"},
		{"empty", "bytes=0-", "", 416, "", "bytes */0"},
		{"empty", "bytes=-1", "", 416, "", "bytes */0"},
		{"f", "bytes=4-2", "", 200, content, ""},
		{"f", "bytes=", "", 200, content, ""},
		{"f", "bytes=-", "", 200, content, ""},
		{"f", "bytes=+1-2", "", 200, content, ""},
		{"f", "bytes=a-b", "", 200, content, ""},
		{"f", "lines=1-2", "", 200, content, ""},
		{"f", "bytes=0-1,4-5", "", 200, content, ""},
		{"f", "bytes=2-4", tag, 206, "234", "bytes 2-4/10"},
		{"f", "bytes=2-4", `"another"`, 200, content, ""},
		{"f", "bytes=2-4", "W/" + tag, 200, content, ""},
		{"f", "bytes=2-4", "Mon, 02 Jan 2006 15:04:05 GMT", 200, content, ""},
	} {
		headers := []string{"Range", test.spec}
		if test.ifRange != "" {
			headers = append(headers, "If-Range", test.ifRange)
		}
		got := w.do(http.MethodGet, test.path, nil, headers...)
		if test.status == 416 {
			got.body = "" // the reason
		}
		if got.status != test.status || got.body != test.body || got.header.Get("Content-Range") != test.contentRange || got.err != nil {
			t.Errorf("%s of %s, If-Range %q: %d, %q, Content-Range %q, %v", test.spec, test.path, test.ifRange, got.status, got.body, got.header.Get("Content-Range"), got.err)
		}
	}
}

// TestHTTPConditions checks the conditions of all methods.
func TestHTTPConditions(t *testing.T) {
	w := serveHTTP(t, &mem.Store{}, server.Config{})
	put := func(headers ...string) response {
		t.Helper()
		return w.do(http.MethodPut, "f", strings.NewReader("x"), headers...)
	}
	put("If-Match", `"none"`).want(t, "If-Match without a file", http.StatusPreconditionFailed)
	first := put("If-None-Match", "*").want(t, "a file that must not exist", http.StatusCreated).header.Get("ETag")
	put("If-None-Match", "*").want(t, "a file that exists", http.StatusPreconditionFailed)
	second := put("If-Match", first).want(t, "the version", http.StatusCreated).header.Get("ETag")
	put("If-Match", first).want(t, "an old version", http.StatusPreconditionFailed)
	for _, bad := range [][]string{
		{"If-Match", "*"},
		{"If-Match", first + ", " + second},
		{"If-Match", "W/" + second},
		{"If-Match", "none"},
		{"If-Match", `"%"`},
		{"If-Match", ""},
		{"If-None-Match", second},
		{"If-Match", second, "If-None-Match", "*"},
		{"If-Unmodified-Since", "Mon, 02 Jan 2006 15:04:05 GMT"},
	} {
		put(bad...).want(t, strings.Join(bad, ": "), http.StatusBadRequest)
		w.do(http.MethodDelete, "f", nil, bad...).want(t, "DELETE "+strings.Join(bad, ": "), http.StatusBadRequest)
	}
	const past, future = "Mon, 02 Jan 2006 15:04:05 GMT", "Wed, 02 Jan 2999 15:04:05 GMT"
	for _, test := range []struct {
		name, value string
		status      int
	}{
		{"If-Match", second, 200},
		{"If-Match", "*", 200},
		{"If-Match", first + ", " + second, 200},
		{"If-Match", first, 412},
		{"If-Match", "W/" + second, 412},
		{"If-None-Match", second, 304},
		{"If-None-Match", "*", 304},
		{"If-None-Match", "W/" + second, 304},
		{"If-None-Match", first, 200},
		{"If-Modified-Since", past, 200},
		{"If-Modified-Since", future, 304},
		{"If-Modified-Since", "soon", 200},
		{"If-Unmodified-Since", past, 412},
		{"If-Unmodified-Since", future, 200},
	} {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			got := w.do(method, "f", nil, test.name, test.value).want(t, method+" "+test.name+": "+test.value, test.status)
			if test.status != 412 && got.header.Get("ETag") != second {
				t.Errorf("%s %s: ETag %s", method, test.name, got.header.Get("ETag"))
			}
		}
	}
	w.do(http.MethodDelete, "f", nil, "If-Match", first).want(t, "DELETE of an old version", http.StatusPreconditionFailed)
	w.do(http.MethodDelete, "f", nil, "If-None-Match", "*").want(t, "DELETE of no file", http.StatusBadRequest)
	w.do(http.MethodDelete, "f", nil, "If-Match", second).want(t, "DELETE", http.StatusNoContent)
}

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
			"sha-256":       http.StatusBadRequest,
			"sha-256=:":     http.StatusBadRequest,
			"crc32c=:*:":    http.StatusBadRequest,
			"crc32c=:AAAA:": http.StatusBadRequest,
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
		"GET /":                                   404,
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

// TestHTTPList lists directories.
func TestHTTPList(t *testing.T) {
	w := serveHTTP(t, &mem.Store{}, server.Config{})
	for _, path := range []string{"a", "d/b", "d/c/e", "z"} {
		w.do(http.MethodPut, path, strings.NewReader(path)).want(t, "PUT", http.StatusCreated)
	}
	for query, want := range map[string]string{
		"":                             "a d/ z",
		"d/":                           "d/b d/c/",
		"d/?recursive=true":            "d/b d/c/e",
		"?recursive=true&limit=2":      "a d/b",
		"?recursive=1&start-after=d/b": "d/c/e z",
		"none/":                        "",
		"a/":                           "",
	} {
		got, err := w.client.Get("http://" + w.address + "/files/" + query)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(got.Body)
		got.Body.Close()
		var paths []string
		for line := range strings.Lines(string(text)) {
			path, rest, _ := strings.Cut(strings.TrimPrefix(line, `{"path":"`), `"`)
			paths = append(paths, path)
			if strings.HasSuffix(path, "/") != (rest == "}\n") || !strings.HasSuffix(path, "/") && !strings.Contains(rest, fmt.Sprintf(`"size":%d,"modified":"`, len(path))) {
				t.Errorf("%q: %s", query, line)
			}
		}
		if err != nil || got.StatusCode != http.StatusOK || strings.Join(paths, " ") != want {
			t.Errorf("%q: %d, %q, %v; want %s", query, got.StatusCode, paths, err, want)
		}
	}
}

// TestHTTPContent checks that a browser does not run what users have stored.
func TestHTTPContent(t *testing.T) {
	w := serveHTTP(t, &mem.Store{}, server.Config{})
	for _, path := range []string{"x.html", "x.svg", "x.js", "ü\"x;.html"} {
		w.do(http.MethodPut, path, strings.NewReader("<script>alert(1)</script>")).want(t, "PUT", http.StatusCreated)
		header := w.do(http.MethodGet, path, nil).want(t, "GET", http.StatusOK).header
		if header.Get("Content-Type") != "application/octet-stream" || !strings.HasPrefix(header.Get("Content-Disposition"), "attachment; filename") ||
			!strings.Contains(header.Get("Content-Security-Policy"), "sandbox") || header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %v", path, header)
		}
	}
}
