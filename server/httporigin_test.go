package server_test

import (
	"context"
	"crypto/tls"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/access/authn"
	"github.com/tranship/tranship/internal/testing/testcert"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/mem"
)

const listedOrigin = "https://app.example.com"

// originServer serves alice, whose token is "secret", to pages of listedOrigin.
func originServer(t *testing.T, config server.Config) *browser {
	t.Helper()
	config.HTTPOrigins = []string{listedOrigin}
	if config.Anonymous == server.AnonymousNone {
		config.Authenticators = []authn.Authenticator{&tokens{names: map[string]string{"secret": "alice"}}}
	}
	return &browser{web: serveHTTP(t, &mem.Store{}, config)}
}

// accessHeaders returns the headers of a response that let other origins do something.
func accessHeaders(header http.Header) []string {
	var found []string
	for name := range header {
		if strings.HasPrefix(name, "Access-Control-") {
			found = append(found, name)
		}
	}
	slices.Sort(found)
	return found
}

// TestOriginPreflight checks which requests of pages of other origins browsers may make.
func TestOriginPreflight(t *testing.T) {
	t.Parallel()
	b := originServer(t, server.Config{})
	preflight := func(path, origin, method string) response {
		return b.request(http.MethodOptions, path, "", "Origin", origin, "Sec-Fetch-Site", "cross-site",
			"Access-Control-Request-Method", method, "Access-Control-Request-Headers", "authorization,tus-resumable,upload-offset")
	}
	for path, methods := range map[string][]string{
		"/files/f":   {"GET", "HEAD", "PUT", "DELETE", "MOVE"},
		"/uploads/":  {"POST"},
		"/uploads/x": {"HEAD", "PATCH", "DELETE"},
	} {
		for _, method := range methods {
			got := preflight(path, listedOrigin, method)
			header := got.header
			if got.status != http.StatusNoContent || header.Get("Access-Control-Allow-Origin") != listedOrigin ||
				header.Get("Access-Control-Allow-Methods") != method || !strings.Contains(header.Get("Access-Control-Allow-Headers"), "tus-resumable") {
				t.Errorf("%s %s: %d %v", method, path, got.status, header)
			}
			if header.Get("Access-Control-Allow-Credentials") != "" {
				t.Errorf("%s %s allows cookies", method, path)
			}
		}
	}
	for _, test := range []struct{ path, origin, method string }{
		{"/uploads/", "https://app.example.com.evil.example", "POST"},
		{"/uploads/", "https://evil.app.example.com", "POST"},
		{"/uploads/", "http://app.example.com", "POST"},
		{"/uploads/", "https://app.example.com:8443", "POST"},
		{"/uploads/", "null", "POST"},
		{"/files/f", "https://other.example", "PUT"},
		{"/files/f", listedOrigin, "PATCH"},
		{"/session", listedOrigin, "POST"},
		{"/share/", listedOrigin, "POST"},
		{"/", listedOrigin, "GET"},
	} {
		if found := accessHeaders(preflight(test.path, test.origin, test.method).header); len(found) > 0 {
			t.Errorf("%s of %s for %s has %v", test.method, test.path, test.origin, found)
		}
	}
}

// TestOriginToken uploads as a page of another origin does, and reads the answers.
func TestOriginToken(t *testing.T) {
	t.Parallel()
	b := originServer(t, server.Config{})
	guest := []string{"Origin", listedOrigin, "Sec-Fetch-Site", "cross-site", "Authorization", "Bearer secret", "Tus-Resumable", "1.0.0"}
	created := b.request(http.MethodPost, "/uploads/", "", append(guest, "Upload-Length", "3", "Upload-Metadata", tusMetadata("path", "f"))...)
	created.want(t, "POST", http.StatusCreated)
	b.request(http.MethodPatch, created.header.Get("Location"), "abc", append(guest, "Upload-Offset", "0", "Content-Type", "application/offset+octet-stream")...).
		want(t, "PATCH", http.StatusNoContent)
	got := b.request(http.MethodGet, "/files/f", "", guest...)
	got.want(t, "GET", http.StatusOK)
	list := b.request(http.MethodGet, "/files/", "", guest...)
	list.want(t, "list", http.StatusOK)
	missing := b.request(http.MethodGet, "/files/missing", "", guest...)
	missing.want(t, "GET", http.StatusNotFound)
	// Browsers let pages read these names without a word of the server.
	safe := []string{"Cache-Control", "Content-Length", "Content-Type", "Last-Modified"}
	// These are for the browser itself.
	own := []string{"Connection", "Content-Security-Policy", "Cross-Origin-Resource-Policy", "Date", "Referrer-Policy", "Vary", "X-Content-Type-Options"}
	about := b.request(http.MethodOptions, "/uploads/", "", guest...)
	about.want(t, "OPTIONS", http.StatusNoContent)
	draft := b.request(http.MethodPost, "/uploads/", "", "Origin", listedOrigin, "Authorization", "Bearer secret",
		"Upload-Draft-Interop-Version", "6", "Upload-Complete", "?0", "Upload-Length", "3", "Content-Disposition", `attachment; filename="d"`)
	draft.want(t, "POST of a draft", http.StatusCreated)
	for name, answer := range map[string]response{"POST": created, "GET": got, "list": list, "missing": missing, "about": about, "draft": draft} {
		readable := strings.Split(answer.header.Get("Access-Control-Expose-Headers"), ", ")
		for header := range answer.header {
			if !strings.HasPrefix(header, "Access-Control-") && !slices.Contains(slices.Concat(readable, safe, own), http.CanonicalHeaderKey(header)) &&
				!slices.ContainsFunc(readable, func(r string) bool { return strings.EqualFold(r, header) }) {
				t.Errorf("%s: a page cannot read %s", name, header)
			}
		}
		if answer.header.Get("Access-Control-Allow-Origin") != listedOrigin || answer.header.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("%s: %v", name, answer.header)
		}
		if !slices.Contains(answer.header.Values("Vary"), "Origin") {
			t.Errorf("%s: caches may give the answer to other origins: Vary has %q", name, answer.header.Values("Vary"))
		}
	}
	if got.body != "abc" {
		t.Errorf("the file has %q", got.body)
	}
	for _, origin := range []string{"https://other.example", "null"} {
		other := b.request(http.MethodGet, "/files/f", "", "Origin", origin, "Sec-Fetch-Site", "cross-site", "Authorization", "Bearer secret")
		if found := accessHeaders(other.header); len(found) > 0 {
			t.Errorf("a page of %s gets %v", origin, found)
		}
	}
}

// TestOriginCookie checks that the cookie of a browser is nothing to pages of other origins, but to
// those of the server itself.
func TestOriginCookie(t *testing.T) {
	t.Parallel()
	b := originServer(t, server.Config{})
	b.request(http.MethodPost, "/session", `{"token":"secret"}`, "Content-Type", "application/json").want(t, "sign in", http.StatusNoContent)
	b.request(http.MethodPut, "/files/f", "x", "Origin", "http://"+b.address, "Sec-Fetch-Site", "same-origin").want(t, "own page", http.StatusCreated)
	for _, site := range []string{"cross-site", "same-site"} {
		guest := []string{"Origin", listedOrigin, "Sec-Fetch-Site", site}
		b.request(http.MethodGet, "/files/f", "", guest...).want(t, "GET", http.StatusUnauthorized)
		b.request(http.MethodPut, "/files/f", "y", guest...).want(t, "PUT", http.StatusUnauthorized)
		b.request(http.MethodDelete, "/session", "", guest...).want(t, "sign out", http.StatusForbidden)
		b.request(http.MethodPost, "/share/", `{"path":"f"}`, append(guest, "Content-Type", "application/json")...).want(t, "share", http.StatusForbidden)
		b.request(http.MethodPut, "/files/f", "y", "Origin", "https://other.example", "Sec-Fetch-Site", site).want(t, "PUT of another", http.StatusForbidden)
	}
	if got := b.request(http.MethodGet, "/files/f", ""); got.status != http.StatusOK || got.body != "x" {
		t.Errorf("the file is %q with status %d", got.body, got.status)
	}
}

// TestOriginOfSameHost checks that a page of a listed origin is one of another origin also if its host is
// that of the server: its scheme is another one.
func TestOriginOfSameHost(t *testing.T) {
	t.Parallel()
	b := originServer(t, server.Config{})
	b.request(http.MethodPost, "/session", `{"token":"secret"}`, "Content-Type", "application/json").want(t, "sign in", http.StatusNoContent)
	guest := []string{"Host", strings.TrimPrefix(listedOrigin, "https://"), "Origin", listedOrigin, "Sec-Fetch-Site", "cross-site"}
	b.request(http.MethodGet, "/files/", "", guest...).want(t, "GET", http.StatusUnauthorized)
	preflight := b.request(http.MethodOptions, "/files/f", "", append(guest, "Access-Control-Request-Method", "PUT")...)
	preflight.want(t, "preflight", http.StatusNoContent)
	b.request(http.MethodPut, "/files/f", "x", append(guest, "Authorization", "Bearer secret")...).want(t, "PUT", http.StatusCreated)
	// A browser that does not tell the relation of the two is believed to be on a page of the server.
	b.request(http.MethodGet, "/files/f", "", guest[:4]...).want(t, "GET of the server's own page", http.StatusOK)
}

// TestOriginAnonymous checks that pages of listed origins have the rights of callers without
// credentials, and pages of others none.
func TestOriginAnonymous(t *testing.T) {
	t.Parallel()
	b := originServer(t, server.Config{Anonymous: server.AnonymousWrite})
	b.request(http.MethodPut, "/files/f", "x", "Origin", listedOrigin, "Sec-Fetch-Site", "cross-site").want(t, "PUT", http.StatusCreated)
	b.request(http.MethodPut, "/files/f", "y", "Origin", "https://other.example", "Sec-Fetch-Site", "cross-site").want(t, "PUT", http.StatusForbidden)
}

// TestOriginNone checks that no other origin gets anything by default.
func TestOriginNone(t *testing.T) {
	t.Parallel()
	b := &browser{web: serveHTTP(t, &mem.Store{}, server.Config{Anonymous: server.AnonymousWrite})}
	got := b.request(http.MethodOptions, "/uploads/", "", "Origin", listedOrigin, "Access-Control-Request-Method", "POST")
	if found := accessHeaders(got.header); len(found) > 0 || got.header.Get("Vary") != "" {
		t.Errorf("the answer has %v, and Vary %q", found, got.header.Get("Vary"))
	}
}

func TestCheckHTTPOrigin(t *testing.T) {
	t.Parallel()
	for _, origin := range []string{"https://app.example.com", "http://localhost:3000", "https://xn--bcher-kva.example:8443", "http://[::1]:8080", "http://127.0.0.1:65535", "http://[::ffff:7f00:1]"} {
		if err := server.CheckHTTPOrigin(origin); err != nil {
			t.Errorf("%q %v", origin, err)
		}
	}
	for _, origin := range []string{
		"", "*", "null", "app.example.com", "https://*.example.com", "https://App.example.com", "https://bücher.example", "https://a/", "https://a/b",
		"https://a?b", "https://a:443", "http://a:80", "http://a:", "https://u@a", "file://", "https://a b", "ftp://a",
		"https://a:08443", "https://a:65536", "http://[::0001]:8080", "http://[0::1]", "http://[fe80::1%25eth0]",
	} {
		if err := server.CheckHTTPOrigin(origin); err == nil {
			t.Errorf("%q is an origin", origin)
		}
		if _, err := server.New(t.Context(), server.Config{Store: &mem.Store{}, Anonymous: server.AnonymousRead, HTTPOrigins: []string{origin}}); err == nil {
			t.Errorf("a server takes the origin %q", origin)
		}
	}
}

// certified authenticates each caller with a certificate.
type certified struct{}

// Authenticate implements authn.Authenticator.
func (certified) Authenticate(_ context.Context, brought authn.Credentials) (authn.Identity, error) {
	if brought.TLS == nil {
		return authn.Identity{}, authn.ErrNotMine
	}
	return authn.Identity{Principal: access.Principal{Name: "alice", Source: "test"}}, nil
}

// TestOriginCertificate checks that the client certificate of a browser is nothing to pages of other
// origins.
func TestOriginCertificate(t *testing.T) {
	t.Parallel()
	pair, err := testcert.SelfSigned(testcert.Spec{Hosts: []string{"127.0.0.1"}})
	if err != nil {
		t.Fatal(err)
	}
	certificates := []tls.Certificate{pair.TLS()}
	w := serveHTTP(t, &mem.Store{}, server.Config{
		Authenticators: []authn.Authenticator{certified{}},
		TLS:            &tls.Config{Certificates: certificates, ClientAuth: tls.RequestClientCert},
		HTTPOrigins:    []string{listedOrigin},
	})
	w.client.Transport = &http.Transport{TLSClientConfig: &tls.Config{Certificates: certificates, InsecureSkipVerify: true}}
	for origin, want := range map[string]int{"https://" + w.address: http.StatusCreated, listedOrigin: http.StatusUnauthorized, "https://other.example": http.StatusForbidden} {
		request, err := http.NewRequestWithContext(testContext(t), http.MethodPut, "https://"+w.address+"/files/f", strings.NewReader("x"))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Origin", origin)
		got, err := w.client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		got.Body.Close()
		if got.StatusCode != want {
			t.Errorf("PUT of %s: %s, want %d", origin, got.Status, want)
		}
	}
}
