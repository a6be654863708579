package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/tranship/tranship/internal/testing/oidcissuer"
)

// browser is a client with cookies, which follows redirects.
type browser struct {
	t *testing.T
	http.Client
	// visited are the URLs to which it was led, and stop keeps it from one of them.
	visited []string
	stop    func(*http.Request) bool
}

// newBrowser returns a browser for which http://localhost is the server at an address.
func newBrowser(t *testing.T, address string) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{DialContext: func(ctx context.Context, network, to string) (net.Conn, error) {
		if to == "localhost:80" {
			to = address
		}
		return (&net.Dialer{}).DialContext(ctx, network, to)
	}}
	t.Cleanup(transport.CloseIdleConnections)
	b := &browser{t: t, Client: http.Client{Jar: jar, Transport: transport}}
	b.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		b.visited = append(b.visited, r.URL.String())
		if b.stop != nil && b.stop(r) {
			return http.ErrUseLastResponse
		}
		return nil
	}
	return b
}

// request makes a request to http://localhost, and returns the status and the body of the response.
func (b *browser) request(method, path, body string) (int, string) {
	b.t.Helper()
	request, err := http.NewRequestWithContext(b.t.Context(), method, "http://localhost"+path, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := b.Do(request)
	if err != nil {
		b.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

// want fails the test unless a request has a status and words in its body.
func (b *browser) want(method, path, body string, status int, words string) {
	b.t.Helper()
	if got, text := b.request(method, path, body); got != status || !strings.Contains(text, words) {
		b.t.Errorf("%s %s: %d with %q; want %d with %q", method, path, got, text, status, words)
	}
}

// serveSignIn serves with sign-in at an issuer. It returns the address of HTTP.
func serveSignIn(t *testing.T, i *oidcissuer.Issuer, args ...string) string {
	t.Helper()
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("hidden\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, _, _ := serveFor(t.Context(), t, append([]string{
		"--http", "127.0.0.1:0", "--http-url", "http://localhost", "--oidc-issuer", i.URL, "--oidc-audience", "tranship", "--oidc-groups-claim", "groups",
		"--oidc-client-id", "tranship", "--oidc-client-secret-file", secret, "--oidc-scopes", "profile,groups",
	}, args...)...)
	pattern := regexp.MustCompile(`address=(127\.0\.0\.1:\d+) protocol=http`)
	c.err.AwaitMatch(t, pattern)
	return pattern.FindStringSubmatch(c.err.String())[1]
}

// A user of a browser signs in at an issuer, and out again.
func TestSignIn(t *testing.T) {
	t.Parallel()
	i := oidcissuer.New(t)
	address := serveSignIn(t, i)
	for name, count := range map[string]int{"short": 1, "long": 60} { // in a cookie, and in the store
		groups := make([]string, count)
		for n := range groups {
			groups[n] = strings.Repeat("g", 60+n)
		}
		i.Set(func() { i.Change = func(claims map[string]any) { claims["groups"] = groups } })
		b := newBrowser(t, address)
		b.want(http.MethodGet, "/session", "", http.StatusUnauthorized, `"methods":["token","oidc"]`)
		b.want(http.MethodGet, "/session/oidc?return=/%23/a%2520b/", "", http.StatusOK, "<html")
		if last := b.visited[len(b.visited)-1]; last != "http://localhost/#/a%20b/" {
			t.Errorf("%s: the browser was led to %s", name, last)
		}
		b.want(http.MethodGet, "/session", "", http.StatusOK, `"principal":"oidc:alice"`)
		b.want(http.MethodPut, "/files/f", "x", http.StatusCreated, "")
		// What the issuer has sent does not work again.
		for _, visited := range b.visited {
			if _, callback, ok := strings.Cut(visited, "http://localhost/session/"); ok {
				b.want(http.MethodGet, "/session/"+callback, "", http.StatusBadRequest, "this browser has begun no sign-in")
			}
		}
		b.want(http.MethodDelete, "/session", "", http.StatusNoContent, "")
		b.want(http.MethodGet, "/files/f", "", http.StatusUnauthorized, "")
	}
}

// A response that is not that of the issuer to this browser, or that is not good, signs no user in.
func TestSignInRefused(t *testing.T) {
	t.Parallel()
	i := oidcissuer.New(t)
	address := serveSignIn(t, i)
	set := func(name string, value any) func() {
		return func() { i.Change = func(claims map[string]any) { claims[name] = value } }
	}
	back := func(name, value string) func() {
		return func() {
			i.Query = func(query url.Values) {
				if query.Set(name, value); name == "error" {
					query.Del("code")
					query.Set("error_description", "<b>\nno</b>")
				}
			}
		}
	}
	for name, test := range map[string]struct {
		change func()
		status int
		words  string
	}{
		"another nonce":    {set("nonce", "x"), http.StatusUnauthorized, "the token is not valid"},
		"no nonce":         {set("nonce", ""), http.StatusUnauthorized, "the token is not valid"},
		"another audience": {set("aud", "other"), http.StatusUnauthorized, "the token is not valid"},
		"an expired token": {set("exp", time.Now().Add(-time.Hour).Unix()), http.StatusUnauthorized, "the token has expired"},
		"another issuer":   {set("iss", "https://other.example"), http.StatusUnauthorized, "the token is not valid"},
		"another state":    {back("state", "x"), http.StatusBadRequest, "was not begun by this browser"},
		"another iss":      {back("iss", "https://other.example"), http.StatusBadRequest, "of another issuer"},
		"another code":     {back("code", "x"), http.StatusUnauthorized, "the issuer gives no token: invalid_grant"},
		"no code":          {back("code", ""), http.StatusBadRequest, "no code"},
		"an error":         {back("error", "access_denied"), http.StatusUnauthorized, "access_denied: <b> no</b>\n"},
	} {
		i.Set(func() { i.Change, i.Query = nil, nil; test.change() })
		b := newBrowser(t, address)
		if status, text := b.request(http.MethodGet, "/session/oidc", ""); status != test.status || !strings.Contains(text, test.words) {
			t.Errorf("%s: %d with %q; want %d with %q", name, status, text, test.status, test.words)
		}
		b.want(http.MethodGet, "/session", "", http.StatusUnauthorized, "sign in first")
	}
	i.Set(func() { i.Change, i.Query = nil, nil })
	// Another browser cannot finish what one has begun: it would be signed in as another user.
	b := newBrowser(t, address)
	b.stop = func(r *http.Request) bool { return r.URL.Path == "/session/callback" }
	b.want(http.MethodGet, "/session/oidc", "", http.StatusFound, "")
	callback := strings.TrimPrefix(b.visited[len(b.visited)-1], "http://localhost")
	newBrowser(t, address).want(http.MethodGet, callback, "", http.StatusBadRequest, "this browser has begun no sign-in")
	for _, reference := range []string{"//evil.example", `/\evil.example`, "https://evil.example/", "/%09/evil.example", "javascript:x"} {
		newBrowser(t, address).want(http.MethodGet, "/session/oidc?return="+reference, "", http.StatusBadRequest, "a path of this server")
	}
	// An issuer that is down when the user comes back, and one that never was up.
	i.Set(func() { i.Down = true })
	b.want(http.MethodGet, callback, "", http.StatusServiceUnavailable, "the issuer does not respond as it should")
	newBrowser(t, serveSignIn(t, i)).want(http.MethodGet, "/session/oidc", "", http.StatusServiceUnavailable, "the issuer does not respond as it should")
}

// The session of a token ends when the token is removed, on the server that runs.
func TestSignInToken(t *testing.T) {
	t.Parallel()
	tokens := filepath.Join(t.TempDir(), "tokens")
	made, _ := output(t, 0, "token", "new", "--file", tokens, "--name", "ann")
	c, _, _ := serveFor(t.Context(), t, "--http", "127.0.0.1:0", "--tokens", tokens)
	pattern := regexp.MustCompile(`address=(127\.0\.0\.1:\d+) protocol=http`)
	c.err.AwaitMatch(t, pattern)
	b := newBrowser(t, pattern.FindStringSubmatch(c.err.String())[1])
	b.want(http.MethodPost, "/session", `{"token":"`+strings.TrimSpace(made)+`"}`, http.StatusNoContent, "")
	b.want(http.MethodGet, "/session", "", http.StatusOK, `"principal":"ann"`)
	if err := os.WriteFile(tokens, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(2 * time.Minute); ; {
		status, _ := b.request(http.MethodGet, "/files/", "")
		if status == http.StatusUnauthorized {
			break
		}
		if status != http.StatusOK || time.Now().After(deadline) {
			t.Fatalf("status %d", status)
		}
	}
	if strings.Contains(c.err.String(), strings.TrimSpace(made)) {
		t.Error("the log has the token")
	}
}

// Flags of sign-in that do not fit are refused.
func TestSignInFlags(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	issuer := []string{"--oidc-issuer", "https://issuer.example", "--oidc-audience", "a"}
	for want, args := range map[string][]string{
		"--http-url needs --http":                          {"--http-url", "https://files.example.com"},
		"--http-origin needs --http":                       {"--http-origin", "https://app.example.com"},
		`--http-origin "*" is not a URL that begins`:       {"--http", "127.0.0.1:0", "--http-origin", "*"},
		`--http-origin "https://*.a" must be one origin`:   {"--http", "127.0.0.1:0", "--http-origin", "https://*.a"},
		`--http-url "ftp://a" is not a URL that begins`:    {"--http", "127.0.0.1:0", "--http-url", "ftp://a"},
		`--http-url "http://a" must begin with https://`:   append(issuer, "--http", "127.0.0.1:0", "--http-url", "http://a", "--oidc-client-id", "a"),
		`--http-url "https://a/b" must have a host`:        {"--http", "127.0.0.1:0", "--http-url", "https://a/b"},
		"--oidc-client-id needs --oidc-issuer":             {"--http", "127.0.0.1:0", "--http-url", "https://a", "--oidc-client-id", "a"},
		"--oidc-client-id needs --http-url":                append(issuer, "--oidc-client-id", "a"),
		"--oidc-scopes needs --oidc-client-id":             {"--oidc-scopes", "a"},
		"--oidc-client-secret-file needs --oidc-client-id": {"--oidc-client-secret-file", "a"},
		"--oidc-scopes a b: a scope must not be empty":     append(issuer, "--http", "127.0.0.1:0", "--http-url", "https://a", "--oidc-client-id", "a", "--oidc-scopes", "a b"),
	} {
		if _, text := output(t, 2, append([]string{"serve", "--root", root, "--listen", "127.0.0.1:0"}, args...)...); !strings.Contains(text, want) {
			t.Errorf("%q: %s", args, text)
		}
	}
}
