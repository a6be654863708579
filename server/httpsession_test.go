package server_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/access/authn"
	"github.com/tranship/tranship/access/policy"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/mem"
)

// tokens authenticates the callers of tokens, which can be revoked.
type tokens struct {
	mu      sync.Mutex
	names   map[string]string
	expires time.Time
}

// Authenticate implements authn.Authenticator.
func (a *tokens) Authenticate(_ context.Context, brought authn.Credentials) (authn.Identity, error) {
	if brought.Token == "" {
		return authn.Identity{}, authn.ErrNotMine
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if name, ok := a.names[brought.Token]; ok && (a.expires.IsZero() || time.Now().Before(a.expires)) {
		return authn.Identity{Principal: access.Principal{Name: name, Source: "test"}, Expires: a.expires}, nil
	}
	return authn.Identity{}, &authn.Refusal{Text: "the token is not valid"}
}

func (a *tokens) revoke(token string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.names, token)
}

// stateless is a store that keeps no state.
type stateless struct{ tranship.Store }

// browser is a client that keeps a cookie.
type browser struct {
	*web
	cookie *http.Cookie
}

// request makes a request to a path of the server with the cookie. headers are names and values in
// turn.
func (b *browser) request(method, path, body string, headers ...string) response {
	b.t.Helper()
	request, err := http.NewRequestWithContext(testContext(b.t), method, "http://"+b.address+path, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	if b.cookie != nil {
		request.AddCookie(b.cookie)
	}
	for i := 0; i < len(headers); i += 2 {
		if headers[i] == "Host" {
			request.Host = headers[i+1]
		}
		request.Header.Set(headers[i], headers[i+1])
	}
	got, err := b.client.Do(request)
	if err != nil {
		b.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer got.Body.Close()
	text, err := io.ReadAll(got.Body)
	for _, cookie := range got.Cookies() {
		if b.cookie = cookie; cookie.MaxAge < 0 {
			b.cookie = nil
		}
	}
	return response{got.StatusCode, got.Header, string(text), err}
}

// signIn signs in with a token.
func (b *browser) signIn(token string, headers ...string) response {
	b.t.Helper()
	body, err := json.Marshal(map[string]string{"token": token})
	if err != nil {
		b.t.Fatal(err)
	}
	return b.request(http.MethodPost, "/session", string(body), append([]string{"Content-Type", "application/json"}, headers...)...)
}

// TestHTTPSession signs in with a token, and ends the session in all ways.
func TestHTTPSession(t *testing.T) {
	store := &mem.Store{}
	known := &tokens{names: map[string]string{"secret-a": "ann", "secret-b": "bob"}}
	rights, err := policy.Parse("policy", []byte("allow ann read,write,delete,list /\nallow bob read /\n"))
	if err != nil {
		t.Fatal(err)
	}
	b := &browser{web: serveHTTP(t, store, server.Config{Authenticators: []authn.Authenticator{known}, Policy: rights})}
	if got := b.request(http.MethodGet, "/session", "").want(t, "no session", http.StatusUnauthorized); !strings.Contains(got.body, `"methods":["token"]`) || got.header.Get("Cache-Control") != "no-store" {
		t.Errorf("%+v", got)
	}
	if got := b.signIn("wrong").want(t, "a wrong token", http.StatusUnauthorized); b.cookie != nil || !strings.Contains(got.body, "the token is not valid") {
		t.Errorf("%+v", got)
	}
	got := b.signIn("secret-a").want(t, "sign in", http.StatusNoContent)
	if set := got.header.Get("Set-Cookie"); !strings.HasPrefix(set, "tranship=") || !strings.Contains(set, "HttpOnly") || !strings.Contains(set, "SameSite=Lax") ||
		!strings.Contains(set, "Max-Age=43") || strings.Contains(set, "secret-a") {
		t.Errorf("%s", set)
	}
	b.request(http.MethodPut, "/files/f", "x").want(t, "PUT with a session", http.StatusCreated)
	if got := b.request(http.MethodGet, "/session", "").want(t, "a session", http.StatusOK); got.body != `{"principal":"ann","anonymous":false,"methods":["token"],"csrf":"origin"}`+"\n" {
		t.Error(got.body)
	}
	// The header decides, not the cookie.
	b.request(http.MethodPut, "/files/f", "x", "Authorization", "Bearer secret-b").want(t, "PUT as bob", http.StatusForbidden)
	b.request(http.MethodPut, "/files/f", "x", "Authorization", "Bearer wrong").want(t, "PUT with a bad header", http.StatusUnauthorized)
	// A cookie that was changed, that is not one, or of which there are two.
	good := b.cookie.Value
	first := "A"
	if good[0] == 'A' {
		first = "B"
	}
	for _, value := range []string{good[:len(good)-1], good + "A", first + good[1:], good[:20] + "AAAA" + good[24:], "x", "%", strings.Repeat("A", 5000)} {
		b.cookie.Value = value
		b.request(http.MethodGet, "/files/f", "").want(t, "a changed cookie", http.StatusUnauthorized)
	}
	b.cookie.Value = good
	b.request(http.MethodGet, "/files/f", "", "Cookie", "tranship="+good+"; tranship="+good).want(t, "a cookie twice", http.StatusUnauthorized)
	b.request(http.MethodGet, "/files/f", "").want(t, "the cookie", http.StatusOK)
	// The session of a user who may do less.
	ann := b.cookie
	b.signIn("secret-b").want(t, "sign in as bob", http.StatusNoContent)
	b.request(http.MethodPut, "/files/f", "x").want(t, "PUT by bob", http.StatusForbidden)
	b.request(http.MethodDelete, "/session", "").want(t, "sign out", http.StatusNoContent)
	if b.cookie != nil {
		t.Error("the cookie is still there after signing out")
	}
	b.request(http.MethodGet, "/files/f", "").want(t, "after signing out", http.StatusUnauthorized)
	b.cookie = ann
	known.revoke("secret-a")
	b.request(http.MethodGet, "/files/f", "").want(t, "a revoked token", http.StatusUnauthorized)
	if b.request(http.MethodGet, "/session", "").want(t, "a revoked token", http.StatusUnauthorized); b.cookie != nil {
		t.Error("the cookie of a revoked token is still there")
	}
}

// TestHTTPSessionSource checks that pages of other sites can do nothing with a session, and cannot
// begin one.
func TestHTTPSessionSource(t *testing.T) {
	store := &mem.Store{}
	known := &tokens{names: map[string]string{"secret": "ann"}}
	b := &browser{web: serveHTTP(t, store, server.Config{Authenticators: []authn.Authenticator{known}})}
	foreign := [][]string{
		{"Sec-Fetch-Site", "cross-site"},
		{"Sec-Fetch-Site", "same-site"},
		{"Origin", "https://evil.example"},
		{"Origin", "null"},
		{"Origin", "http://127.0.0.1:1"},
	}
	for _, headers := range foreign {
		b.signIn("secret", headers...).want(t, "sign in by "+headers[1], http.StatusForbidden)
		b.signIn("secret", append(headers, "Authorization", "Bearer secret")...).want(t, "sign in with a header by "+headers[1], http.StatusForbidden)
	}
	b.request(http.MethodPost, "/session", `{"token":"secret"}`, "Content-Type", "text/plain").want(t, "a form", http.StatusUnsupportedMediaType)
	b.request(http.MethodPost, "/session", `{"token":7}`, "Content-Type", "application/json").want(t, "not a token", http.StatusBadRequest)
	b.request(http.MethodPost, "/session", strings.Repeat("x", 17<<10), "Content-Type", "application/json").want(t, "a long body", http.StatusRequestEntityTooLarge)
	b.request(http.MethodPut, "/session", "").want(t, "PUT", http.StatusMethodNotAllowed)
	b.request(http.MethodGet, "/session/oidc", "").want(t, "no issuer", http.StatusNotFound)
	if b.cookie != nil {
		t.Fatal("a refused request has set a cookie")
	}
	b.signIn("secret", "Sec-Fetch-Site", "same-origin").want(t, "sign in", http.StatusNoContent)
	b.request(http.MethodPut, "/files/f", "x", "Origin", "http://"+b.address).want(t, "PUT by the page", http.StatusCreated)
	for _, headers := range foreign {
		b.request(http.MethodPut, "/files/f", "y", headers...).want(t, "PUT by "+headers[1], http.StatusForbidden)
		b.request(http.MethodDelete, "/files/f", "", headers...).want(t, "DELETE by "+headers[1], http.StatusForbidden)
		b.request(http.MethodDelete, "/session", "", headers...).want(t, "sign out by "+headers[1], http.StatusForbidden)
		b.request(http.MethodPut, "/files/g", "y", append(headers, "Authorization", "Bearer secret")...).want(t, "PUT with a token by "+headers[1], http.StatusCreated)
	}
	if got := b.request(http.MethodGet, "/files/f", "").want(t, "GET", http.StatusOK); got.body != "x" {
		t.Error(got.body)
	}
}

// TestHTTPSessionServers checks that all servers of a store open a session, and that no other server
// does.
func TestHTTPSessionServers(t *testing.T) {
	token := strings.Repeat("t", 8000)
	for name, token := range map[string]string{"short": "secret", "long": token} {
		t.Run(name, func(t *testing.T) {
			config := server.Config{Authenticators: []authn.Authenticator{&tokens{names: map[string]string{token: "ann"}}}}
			store := &mem.Store{}
			one := &browser{web: serveHTTP(t, store, config)}
			two := &browser{web: serveHTTP(t, store, config)}
			other := &browser{web: serveHTTP(t, &mem.Store{}, config)}
			one.signIn(token).want(t, "sign in", http.StatusNoContent)
			if len(one.cookie.Value) > 3584 {
				t.Errorf("the cookie has %d bytes", len(one.cookie.Value))
			}
			kept := one.cookie
			two.cookie, other.cookie = kept, kept
			one.request(http.MethodGet, "/files/", "").want(t, "the server itself", http.StatusOK)
			two.request(http.MethodGet, "/files/", "").want(t, "another server of the store", http.StatusOK)
			other.request(http.MethodGet, "/files/", "").want(t, "a server of another store", http.StatusUnauthorized)
			two.request(http.MethodDelete, "/session", "").want(t, "sign out", http.StatusNoContent)
			if name == "long" { // the store has forgotten the token
				one.request(http.MethodGet, "/files/", "").want(t, "after signing out", http.StatusUnauthorized)
				two.cookie = kept
				two.request(http.MethodDelete, "/session", "").want(t, "sign out again", http.StatusNoContent)
			}
		})
	}
	config := server.Config{Authenticators: []authn.Authenticator{&tokens{names: map[string]string{token: "ann", "short": "ann"}}}}
	b := &browser{web: serveHTTP(t, stateless{&mem.Store{}}, config)}
	b.signIn(token).want(t, "a long token without a state", http.StatusNotImplemented)
	b.signIn("short").want(t, "a short token without a state", http.StatusNoContent)
	b.request(http.MethodGet, "/files/", "").want(t, "a session without a state", http.StatusOK)
}

// TestHTTPSessionEnd checks that a cookie does not outlive its credentials, and that a request under
// way ends with them.
func TestHTTPSessionEnd(t *testing.T) {
	known := &tokens{names: map[string]string{"secret": "ann"}, expires: time.Now().Add(time.Hour)}
	b := &browser{web: serveHTTP(t, &zeroFile{size: 64 << 20}, server.Config{Authenticators: []authn.Authenticator{known}, Recheck: 10 * time.Millisecond})}
	got := b.signIn("secret").want(t, "sign in", http.StatusNoContent)
	if set := got.header.Get("Set-Cookie"); !strings.Contains(set, "Max-Age=35") {
		t.Error(set)
	}
	request, err := http.NewRequestWithContext(testContext(t), http.MethodGet, "http://"+b.address+"/files/f", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.AddCookie(b.cookie)
	response, err := b.client.Do(request)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%+v, %v", response, err)
	}
	defer response.Body.Close()
	known.revoke("secret")
	for {
		if _, err := response.Body.Read(make([]byte, 1)); err != nil {
			if err == io.EOF {
				t.Error("the whole file came after its reader's token was revoked")
			}
			return
		}
		if len(b.service.Running().Transfers()) == 0 {
			if n, err := io.Copy(io.Discard, response.Body); err == nil {
				t.Errorf("the rest came, %d bytes", n)
			}
			return
		}
	}
}

// TestHTTPHost checks that a site whose name leads to this machine cannot use a server without
// authentication.
func TestHTTPHost(t *testing.T) {
	known, err := url.Parse("http://localhost:8080")
	if err != nil {
		t.Fatal(err)
	}
	for name, config := range map[string]server.Config{
		"anonymous": {HTTPURL: known.String()},
		"https":     {HTTPURL: "https://files.example.com"},
	} {
		b := &browser{web: serveHTTP(t, &mem.Store{}, config)}
		for host, want := range map[string]int{
			"127.0.0.1": http.StatusOK, "127.0.0.1:8080": http.StatusOK, "[::1]:8080": http.StatusOK, "localhost": http.StatusOK, "LOCALHOST:1": http.StatusOK,
			"a.localhost": http.StatusOK, "computer": http.StatusOK, "evil.example": http.StatusMisdirectedRequest, "evil.example.:80": http.StatusMisdirectedRequest,
			"127.0.0.1.evil.example": http.StatusMisdirectedRequest, "localhost.evil.example:80": http.StatusMisdirectedRequest,
		} {
			b.request(http.MethodGet, "/files/", "", "Host", host).want(t, name+" as "+host, want)
		}
		want := http.StatusMisdirectedRequest
		if name == "https" {
			want = http.StatusOK
		}
		b.request(http.MethodGet, "/files/", "", "Host", "Files.example.com").want(t, name, want)
	}
	b := &browser{web: serveHTTP(t, &mem.Store{}, server.Config{Authenticators: []authn.Authenticator{names{"ann"}}})}
	b.request(http.MethodGet, "/files/", "", "Host", "any.example", "Authorization", "Bearer ann").want(t, "with a token", http.StatusOK)
}
