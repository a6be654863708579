//go:build linux

package attack

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// overHTTP are the flags of a site that serves HTTP as well.
func overHTTP(flags ...string) []string { return append([]string{"--http", "127.0.0.1:0"}, flags...) }

// httpAddress returns the address at which a site serves HTTP.
func (s *site) httpAddress(t testing.TB) string {
	t.Helper()
	pattern := regexp.MustCompile(`address=(127\.0\.0\.1:\d+) protocol=http`)
	s.Err.AwaitMatch(t, pattern)
	return pattern.FindStringSubmatch(s.Err.String())[1]
}

// httpConn opens a connection of an attacker for HTTP, which is closed when the test ends.
func (s *site) httpConn(t testing.TB, address string) net.Conn {
	t.Helper()
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(attacker)}}
	conn, err := dialer.DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return &wire{Conn: conn, leaked: &s.leaked}
}

// httpRequest sends the bytes of a request on a connection of its own, and returns the status and
// the body of the response; 0 if there is none.
func (s *site) httpRequest(t testing.TB, address, request string) (status int, body string) {
	t.Helper()
	conn := s.httpConn(t, address)
	defer conn.Close()
	// The server may refuse it before it has all.
	go func() { _, _ = io.WriteString(conn, request) }()
	method, _, _ := strings.Cut(request, " ")
	response, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	if err != nil {
		return 0, err.Error()
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, err.Error()
	}
	return response.StatusCode, string(text)
}

// httpMethods are the requests over HTTP that have a path.
func httpMethods() []string { return []string{"GET", "HEAD", "PUT", "DELETE", "LIST", "TUS"} }

// httpText returns the bytes of a request for an escaped path.
func httpText(method, escaped string, headers ...string) string {
	body := ""
	switch method {
	case "LIST":
		method, escaped = "GET", escaped+"/"
	case "PUT":
		body = "x"
	case "TUS": // a whole upload in the request that creates it
		path, err := url.PathUnescape(escaped)
		if err != nil {
			path = escaped
		}
		return fmt.Sprintf("POST /uploads/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTus-Resumable: 1.0.0\r\nUpload-Length: 1\r\n"+
			"Upload-Metadata: path %s\r\nContent-Type: application/offset+octet-stream\r\nContent-Length: 1\r\n%s\r\nx",
			base64.StdEncoding.EncodeToString([]byte(path)), strings.Join(headers, ""))
	}
	return fmt.Sprintf("%s /files/%s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n%s\r\n%s", method, escaped, len(body), strings.Join(headers, ""), body)
}

// escapeAll escapes every byte of a path except slashes.
func escapeAll(path string) string {
	var b strings.Builder
	for _, c := range []byte(path) {
		if c == '/' {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02x", c)
		}
	}
	return b.String()
}

// TestForbiddenPathsOverHTTP sends every forbidden path in every request, in several escapes.
func TestForbiddenPathsOverHTTP(t *testing.T) {
	s := newSite(t, overHTTP()...)
	address := s.httpAddress(t)
	for path, what := range forbiddenPaths(s) {
		escapes := map[string]string{"escaped": escapeAll(path), "with its slashes": strings.ReplaceAll(escapeAll(path), "/", "%2F")}
		if !strings.ContainsFunc(path, func(r rune) bool { return r <= ' ' || r > '~' }) {
			escapes["plain"] = path
		}
		for how, escaped := range escapes {
			for _, method := range httpMethods() {
				status, body := s.httpRequest(t, address, httpText(method, escaped))
				directory := method == "LIST" || strings.HasSuffix(path, "/")
				switch {
				case status == http.StatusBadRequest:
				case len(escaped) > 16<<10 && (status == http.StatusRequestHeaderFieldsTooLarge || status == 0):
				// The path of a directory, with its slash.
				case directory && path == "docs/" && (status == http.StatusOK || status == http.StatusMethodNotAllowed):
				case directory && method != "GET" && method != "LIST" && status == http.StatusMethodNotAllowed:
				default:
					t.Errorf("%s of %s, %s, %.40q: %d, %.200s", method, what, how, path, status, body)
				}
			}
		}
	}
	s.unchanged(t)
}

// TestLinksOverHTTP reads, writes and lists through the symbolic links of a root.
func TestLinksOverHTTP(t *testing.T) {
	s := newSite(t, overHTTP()...)
	address := s.httpAddress(t)
	for _, path := range []string{"out", "out/canary", "out/new", "out-file", "out-absolute", "in/one", "in/new", "in-file", "state", "state/x", "loop", "loop/x", "dangling"} {
		for _, method := range httpMethods() {
			status, body := s.httpRequest(t, address, httpText(method, path))
			if status == http.StatusCreated || status == http.StatusNoContent || status == http.StatusOK && body != "" {
				t.Errorf("%s of %s: %d, %s", method, path, status, body)
			}
		}
	}
	s.unchanged(t)
}

// TestDeniedPathsOverHTTP requests paths that a policy hides. Existing and missing files are
// indistinguishable.
func TestDeniedPathsOverHTTP(t *testing.T) {
	s := prepareSite(t)
	s.write(t, "root/hidden/file", secret)
	s.write(t, "root/hidden/deep/two", secret)
	s.write(t, "rules", "allow alice read,write,delete,list /\nallow bob read file\nallow bob read,write,delete,list open\n")
	tokens := filepath.Join(t.TempDir(), "tokens")
	alice, bob := newToken(t, tokens, "alice"), newToken(t, tokens, "bob")
	s.healthy = as(alice)
	s.start(t, overHTTP("--tokens", tokens, "--policy", filepath.Join(s.dir, "rules"))...)
	address := s.httpAddress(t)
	session := "Cookie: tranship=" + s.httpSession(t, address, bob) + "\r\n"
	for _, method := range httpMethods() {
		for _, headers := range []string{
			"Authorization: Bearer " + bob + "\r\n", session, session + "If-Match: \"1\"\r\n", session + "If-None-Match: *\r\n", session + "Range: bytes=0-0\r\n",
			"Authorization: Bearer " + bob + "\r\nIf-Match: \"1\"\r\n", "Authorization: Bearer " + bob + "\r\nIf-None-Match: *\r\n", "Authorization: Bearer " + bob + "\r\nRange: bytes=0-0\r\n",
		} {
			answer := func(path string) string {
				status, body := s.httpRequest(t, address, httpText(method, path, headers))
				if status == http.StatusCreated || status == http.StatusNoContent || status == http.StatusOK && body != "" {
					t.Errorf("%s of %s: %d, %s", method, path, status, body)
				}
				return fmt.Sprint(status, " ", strings.ReplaceAll(body, path, "PATH"))
			}
			for path, missing := range map[string]string{"hidden/file": "hidden/none", "hidden": "hiddem", "hidden/deep": "hidden/none", "hidden/deep/two": "hidden/deep/six"} {
				if got, want := answer(path), answer(missing); got != want {
					t.Errorf("%s with %q of %s: %s, and of %s, which is missing: %s", method, headers, path, got, missing, want)
				}
			}
		}
	}
	for _, method := range httpMethods() { // without a token, and with a bad one
		for _, header := range []string{"", "Cookie: tranship=" + bob + "\r\n", session[:len(session)-3] + "\r\n", session + session, session + "Authorization: Bearer none\r\n", "Authorization: Bearer none\r\n", "Authorization: Basic Ym9iOg==\r\n", "Authorization: Bearer " + bob + "\r\nAuthorization: Bearer " + bob + "\r\n"} {
			if status, body := s.httpRequest(t, address, httpText(method, "file", header)); status != http.StatusUnauthorized {
				t.Errorf("%s with %q: %d, %s", method, header, status, body)
			}
		}
	}
	s.unchanged(t)
}

// TestMalformedHTTP sends what is no request, and requests that two programs may understand in two
// ways.
func TestMalformedHTTP(t *testing.T) {
	s := newSite(t, overHTTP()...)
	address := s.httpAddress(t)
	for name, request := range map[string]string{
		"nothing":                   "",
		"noise":                     "\x00\x01\x02\xff\r\n\r\n",
		"HTTP/2":                    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
		"a lane":                    "TRANSHIP-LANE/1\n",
		"TLS":                       "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
		"two lengths":               "PUT /files/new HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxy",
		"a bad length":              "PUT /files/new HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\nx",
		"a length and chunks":       "PUT /files/new HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
		"chunks that are none":      "PUT /files/new HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nxx\r\n",
		"an endless chunk":          "PUT /files/new HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\nx",
		"another encoding":          "PUT /files/new HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
		"no host":                   "PUT /files/new HTTP/1.1\r\nContent-Length: 1\r\n\r\nx",
		"a header without a name":   "PUT /files/new HTTP/1.1\r\nHost: x\r\n: y\r\nContent-Length: 1\r\n\r\nx",
		"headers without an end":    "GET /files/file HTTP/1.1\r\nHost: x\r\n" + strings.Repeat("A: b\r\n", 50_000),
		"a header that is too long": "GET /files/file HTTP/1.1\r\nHost: x\r\nA: " + strings.Repeat("b", 1<<20) + "\r\n\r\n",
		"a bad escape":              "GET /files/%zz HTTP/1.1\r\nHost: x\r\n\r\n",
		"an upload of no length":    "POST /uploads/ HTTP/1.1\r\nHost: x\r\nTus-Resumable: 1.0.0\r\nUpload-Metadata: path bmV3\r\nContent-Length: 0\r\n\r\n",
		"an upload of two lengths":  "POST /uploads/ HTTP/1.1\r\nHost: x\r\nTus-Resumable: 1.0.0\r\nUpload-Metadata: path bmV3\r\nUpload-Length: 1,2\r\nContent-Length: 0\r\n\r\n",
		"an upload of noise":        "POST /uploads/ HTTP/1.1\r\nHost: x\r\nTus-Resumable: 1.0.0\r\nUpload-Metadata: path \xff\xfe\r\nUpload-Length: 1\r\nContent-Length: 0\r\n\r\n",
		"metadata that are long":    "POST /uploads/ HTTP/1.1\r\nHost: x\r\nTus-Resumable: 1.0.0\r\nUpload-Metadata: " + strings.Repeat("a,", 1<<19) + "\r\nUpload-Length: 1\r\n\r\n",
		"a piece of no upload":      "PATCH /uploads/../../file HTTP/1.1\r\nHost: x\r\nTus-Resumable: 1.0.0\r\nUpload-Offset: 0\r\nContent-Type: application/offset+octet-stream\r\nContent-Length: 1\r\n\r\nx",
		"a tunnel":                  "CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: x\r\n\r\n",
		"a proxy's request":         "GET http://127.0.0.1:1/files/file HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n",
	} {
		conn := s.httpConn(t, address)
		go func() {
			_, _ = io.WriteString(conn, request)
			_ = conn.(*wire).Conn.(*net.TCPConn).CloseWrite()
		}()
		if answer, _ := io.ReadAll(conn); bytes.HasPrefix(answer, []byte("HTTP/1.1 2")) {
			t.Errorf("%s: %s", name, answer)
		}
		conn.Close()
	}
	s.unchanged(t)
}

// TestSlowHTTP has hundreds of clients that stop in the middle of their headers, of a body, or do
// not read, all from one address. Others are served at once.
func TestSlowHTTP(t *testing.T) {
	s := prepareSite(t)
	large := filepath.Join(s.root, "large")
	if err := os.WriteFile(large, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(large, 1<<30); err != nil {
		t.Fatal(err)
	}
	s.start(t, overHTTP()...)
	begun, _ := s.resident(t)
	address := s.httpAddress(t)
	for _, request := range []string{
		"GET /files/file HTTP/1.1\r\n",
		"PUT /files/new HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\nx",
		"PUT /files/new HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n100000\r\nx",
		"GET /files/large HTTP/1.1\r\nHost: x\r\n\r\n",
		"POST /uploads/ HTTP/1.1\r\nHost: x\r\nTus-Resumable: 1.0.0\r\nUpload-Length: 1000000000\r\nUpload-Metadata: path bmV3\r\n" +
			"Content-Type: application/offset+octet-stream\r\nContent-Length: 1000000000\r\n\r\nx",
	} {
		for range 100 {
			if _, err := io.WriteString(s.httpConn(t, address), request); err != nil {
				t.Fatal(err)
			}
		}
	}
	s.serves(t)
	if status, body := s.httpRequestFrom(t, address, "127.0.0.1", httpText("GET", "file")); status != http.StatusOK {
		t.Errorf("a harmless client of HTTP: %d, %s", status, body)
	}
	s.bounded(t, begun, 256<<20)
	s.unchanged(t)
}

// httpRequestFrom is httpRequest of another client than the attackers.
func (s *site) httpRequestFrom(t testing.TB, address, ip string, request string) (status int, body string) {
	t.Helper()
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(ip)}}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	conn, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return 0, err.Error()
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, err.Error()
	}
	return response.StatusCode, string(text)
}
