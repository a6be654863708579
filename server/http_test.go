package server_test

import (
	"context"
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
	return w.send(request, headers...)
}

// send sends a request with more headers, and reads the response.
func (w *web) send(request *http.Request, headers ...string) response {
	w.t.Helper()
	if request.Header == nil {
		request.Header = http.Header{}
	}
	if w.token != "" {
		request.Header.Set("Authorization", "Bearer "+w.token)
	}
	for i := 0; i < len(headers); i += 2 {
		request.Header.Add(headers[i], headers[i+1])
	}
	got, err := w.client.Do(request.WithContext(testContext(w.t)))
	if err != nil {
		w.t.Fatalf("%s %s: %v", request.Method, request.URL, err)
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

// TestHTTPUnreadBody checks that the server answers at once if it does not need a body, and does not
// wait for the rest of it.
func TestHTTPUnreadBody(t *testing.T) {
	w := serveHTTP(t, &mem.Store{}, server.Config{})
	for n := range 300 {
		w.do(http.MethodPut, fmt.Sprintf("d/a long name of a file %d", n), http.NoBody).want(t, "PUT", http.StatusCreated)
	}
	for request, status := range map[string]int{
		"PUT /files/a/":              http.StatusMethodNotAllowed,
		"GET /files/none":            http.StatusNotFound,
		"GET /files/?recursive=true": http.StatusOK,
		"GET /files/d/a%20long%20name%20of%20a%20file%201": http.StatusOK,
		"PUT /files/a%00": http.StatusBadRequest,
	} {
		conn, err := net.Dial("tcp", w.address)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		_, _ = fmt.Fprintf(conn, "%s HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n", request)
		// The server closes the connection, although the client does not.
		answer, err := io.ReadAll(conn)
		if err != nil || !strings.HasPrefix(string(answer), fmt.Sprintf("HTTP/1.1 %d ", status)) {
			t.Errorf("%s: %.100s, %v", request, answer, err)
		}
	}
}
