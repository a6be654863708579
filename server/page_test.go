package server_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/mem"
)

// get requests a path that is not of a file.
func (w *web) get(method, path string, headers ...string) response {
	w.t.Helper()
	request, err := http.NewRequestWithContext(testContext(w.t), method, "http://"+w.address+path, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		request.Header.Add(headers[i], headers[i+1])
	}
	client := &http.Client{Transport: w.client.Transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	got, err := client.Do(request)
	if err != nil {
		w.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer got.Body.Close()
	text, err := io.ReadAll(got.Body)
	return response{got.StatusCode, got.Header, string(text), err}
}

// TestPage checks that callers without credentials, and with bad ones, get the page and its assets,
// with headers that let it run no script but its own.
func TestPage(t *testing.T) {
	w := serveHTTP(t, &mem.Store{}, server.Config{})
	for path, contentType := range map[string]string{
		"/":                  "text/html",
		"/page/page.js":      "text/javascript",
		"/page/page.css":     "text/css",
		"/page/icon.svg":     "image/svg+xml",
		"/page/licenses.txt": "text/plain",
	} {
		got := w.get(http.MethodGet, path, "Authorization", "Bearer bad").want(t, path, http.StatusOK)
		if !strings.HasPrefix(got.header.Get("Content-Type"), contentType) || got.body == "" {
			t.Errorf("%s is %q with %d bytes", path, got.header.Get("Content-Type"), len(got.body))
		}
		policy := got.header.Get("Content-Security-Policy")
		for _, part := range []string{"default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"} {
			if !strings.Contains(policy, part) {
				t.Errorf("the policy of %s is %q, without %q", path, policy, part)
			}
		}
		if strings.Contains(policy, "unsafe") || got.header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s has the headers %v", path, got.header)
		}
		head := w.get(http.MethodHead, path).want(t, "HEAD", http.StatusOK)
		if head.body != "" || head.header.Get("Content-Length") != got.header.Get("Content-Length") || head.header.Get("ETag") != got.header.Get("ETag") {
			t.Errorf("HEAD %s: %v", path, head.header)
		}
		same := w.get(http.MethodGet, path, "If-None-Match", `"x", W/`+got.header.Get("ETag")).want(t, "GET of the same", http.StatusNotModified)
		if same.body != "" {
			t.Errorf("%s with status 304 has a body", path)
		}
		w.get(http.MethodGet, path, "If-None-Match", `"x"`).want(t, "GET of another", http.StatusOK)
		w.get(http.MethodPost, path).want(t, "POST", http.StatusMethodNotAllowed)
	}
	for _, path := range []string{"/page", "/page/", "/page/x", "/page/../page/page.js", "/page/assets", "/page/page%2ejs", "/page/page.js/"} {
		w.get(http.MethodGet, path).want(t, path, http.StatusNotFound)
	}
}

// TestPageInline checks that the page has nothing that its policy refuses.
func TestPageInline(t *testing.T) {
	w := serveHTTP(t, &mem.Store{}, server.Config{})
	text := w.get(http.MethodGet, "/").body
	for _, bad := range []string{"<style", "style=", "onclick", "onload", "javascript:", "http://", "https://"} {
		if strings.Contains(text, bad) {
			t.Errorf("the page has %q", bad)
		}
	}
	if strings.Count(text, "<script") != 1 || !strings.Contains(text, `<script type="module" src="/page/page.js"></script>`) {
		t.Errorf("the page has other scripts: %s", text)
	}
	if script := w.get(http.MethodGet, "/page/page.js").body; strings.Contains(script, "innerHTML") || strings.Contains(script, "eval(") {
		t.Error("the script makes HTML or code from text")
	}
}

// TestPageRedirect checks that a browser that asks for a directory gets the page, and programs its
// list.
func TestPageRedirect(t *testing.T) {
	w := serveHTTP(t, &mem.Store{}, server.Config{})
	const browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
	for path, location := range map[string]string{
		"/files/":                      "/#/",
		"/files/a/":                    "/#/a/",
		"/files/a%20b/100%25/%3Cx%3E/": "/#/a%20b/100%25/%3Cx%3E/",
		"/files/%0d%0aX-Bad:%20x/":     "/#/%0D%0AX-Bad:%20x/",
	} {
		got := w.get(http.MethodGet, path, "Accept", browser).want(t, path, http.StatusSeeOther)
		if got.header.Get("Location") != location || got.header.Get("X-Bad") != "" {
			t.Errorf("%s leads to %q, want %q", path, got.header.Get("Location"), location)
		}
	}
	for _, accept := range []string{"*/*", "application/jsonl", "text/*", "text/htmlx", ""} {
		w.get(http.MethodGet, "/files/", "Accept", accept).want(t, accept, http.StatusOK)
	}
	w.get(http.MethodGet, "/files/a", "Accept", browser).want(t, "a file", http.StatusNotFound)
}
