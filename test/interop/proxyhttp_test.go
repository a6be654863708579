package interop

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tranship/tranship/internal/testing/filetest"
	"github.com/tranship/tranship/internal/testing/testcert"
)

// httpProxy is nginx, with its documented configuration, before the HTTP listener of a server.
type httpProxy struct {
	t *testing.T
	// url is that of the proxy, without a slash at its end.
	url string
	// root is the directory of the server, and token a token that it takes.
	root, token string
	client      *http.Client
}

// serveBehindNginx starts a server that takes tokens, and the proxy.
func serveBehindNginx(t *testing.T) *httpProxy {
	t.Helper()
	keys, root := t.TempDir(), t.TempDir()
	pair, err := testcert.SelfSigned(testcert.Spec{Hosts: []string{"127.0.0.1"}})
	if err != nil {
		t.Fatal(err)
	}
	key, err := pair.KeyPEM()
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{"proxy.crt": pair.CertificatePEM(), "proxy.key": key} {
		if err := os.WriteFile(filepath.Join(keys, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	tokens := filepath.Join(keys, "tokens")
	token, err := built.Command(t.Context(), "token", "new", "--file", tokens, "--name", "ann").Output()
	if err != nil {
		t.Fatal(err)
	}
	port := freePort(t)
	url := "https://127.0.0.1:" + port
	served := built.Serve(t, root, "--http", "127.0.0.1:0", "--http-url", url, "--log-format", "json", "--tokens", tokens, "--trusted-proxy", "127.0.0.1")
	startProxy(t, "nginx-http.conf", documented(t, "nginx-http.conf"), map[string]string{
		"server 127.0.0.1:8080": "server " + loggedHTTPAddress(t, served), "listen 8443": "listen 127.0.0.1:" + port, "/etc/tranship/": keys + "/",
	}, port)
	roots := x509.NewCertPool()
	roots.AddCert(pair.Certificate)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: true}
	t.Cleanup(transport.CloseIdleConnections)
	return &httpProxy{t, url, root, strings.TrimSpace(string(token)), &http.Client{Transport: transport}}
}

// do makes a request, which has the status want, and returns the response and its body.
func (p *httpProxy) do(want int, method, target string, body io.Reader, headers ...string) (*http.Response, string) {
	p.t.Helper()
	request, err := http.NewRequestWithContext(p.t.Context(), method, p.url+target, body)
	if err != nil {
		p.t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	if p.client.Jar == nil {
		request.Header.Set("Authorization", "Bearer "+p.token)
	}
	response, err := p.client.Do(request)
	if err != nil {
		p.t.Fatalf("%s %s: %v", method, target, err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != want {
		p.t.Fatalf("%s %s: %s, want %d: %.200s, %v", method, target, response.Status, want, text, err)
	}
	return response, string(text)
}

// has checks the content of a file below the root.
func (p *httpProxy) has(name string, want []byte) {
	p.t.Helper()
	if got := readFile(p.t, filepath.Join(p.root, name)); got != string(want) {
		p.t.Errorf("%s has %d bytes, which are not those that were sent", name, len(got))
	}
}

// TestNginxHTTP stores, reads, moves and removes files through nginx with its documented
// configuration, with a token, by tus, and with the session of a browser.
func TestNginxHTTP(t *testing.T) {
	p := serveBehindNginx(t)
	content := filetest.Random(9 << 20) // more than nginx lets pass by default, or holds in memory
	const escaped = "/files/d/100%25%20%2523%3F%C3%A4"
	p.do(http.StatusCreated, http.MethodPut, escaped, bytes.NewReader(content))
	p.has(filepath.Join("d", "100% %23?ä"), content)
	p.do(http.StatusCreated, http.MethodPut, escaped, io.MultiReader(bytes.NewReader(content))) // of unknown length
	if _, got := p.do(http.StatusOK, http.MethodGet, escaped, nil); got != string(content) {
		t.Error("another content came")
	}
	if _, got := p.do(http.StatusPartialContent, http.MethodGet, escaped, nil, "Range", "bytes=5-9"); got != string(content[5:10]) {
		t.Errorf("the range has %q", got)
	}
	if _, text := p.do(http.StatusPreconditionFailed, http.MethodPut, "/files/none", bytes.NewReader(content), "If-Match", "*"); !strings.Contains(text, "there is no file") {
		t.Error(text)
	}
	p.do(http.StatusBadRequest, http.MethodPut, "/files/d//f", strings.NewReader("x"))
	p.do(http.StatusCreated, "MOVE", escaped, nil, "Destination", p.url+"/files/moved%25")
	p.has("moved%", content)
	p.do(http.StatusNoContent, http.MethodDelete, "/files/moved%25", nil)

	tus := []string{"Tus-Resumable", "1.0.0"}
	created, _ := p.do(http.StatusCreated, http.MethodPost, "/uploads/", nil, append(tus,
		"Upload-Length", fmt.Sprint(len(content)), "Upload-Metadata", "path "+base64.StdEncoding.EncodeToString([]byte("pieces")))...)
	location := strings.TrimPrefix(created.Header.Get("Location"), p.url)
	for offset := 0; offset < len(content); {
		end := min(offset+4<<20, len(content))
		p.do(http.StatusNoContent, http.MethodPatch, location, bytes.NewReader(content[offset:end]), append(tus,
			"Upload-Offset", fmt.Sprint(offset), "Content-Type", "application/offset+octet-stream")...)
		offset = end
	}
	p.has("pieces", content)

	// By a draft of the IETF, whose interim response nginx does not know.
	p.do(http.StatusCreated, http.MethodPost, "/uploads/", bytes.NewReader(content),
		"Upload-Draft-Interop-Version", "6", "Upload-Complete", "?1", "Content-Disposition", `attachment; filename="whole"`)
	p.has("whole", content)

	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	p.client.Jar = jar // instead of the token
	p.do(http.StatusUnauthorized, http.MethodGet, "/files/", nil)
	p.do(http.StatusNoContent, http.MethodPost, "/session", strings.NewReader(`{"token": "`+p.token+`"}`), "Content-Type", "application/json", "Origin", p.url)
	p.do(http.StatusCreated, http.MethodPut, "/files/f", strings.NewReader("x"), "Origin", p.url)
	p.do(http.StatusForbidden, http.MethodPut, "/files/f", strings.NewReader("y"), "Origin", "https://elsewhere.example")
	p.has("f", []byte("x"))
}
