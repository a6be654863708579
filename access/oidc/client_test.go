package oidc_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access/oidc"
	"github.com/tranship/tranship/internal/testing/testclock"
)

const verifier = "0123456789012345678901234567890123456789012345"

// provider answers the requests of a Client. change edits its metadata and its token response.
func provider(t *testing.T, s *site, nonce string, change func(metadata, answer map[string]any), seen func(*http.Request)) {
	t.Helper()
	claims := s.issuer.claims()
	claims["nonce"] = nonce
	token := s.key.sign(t, claims)
	keys := s.issuer
	s.issuer.set(func(i *issuer) {
		i.answer = func(w http.ResponseWriter, r *http.Request) {
			metadata := map[string]any{
				"issuer": keys.URL, "jwks_uri": keys.URL + "/keys", "authorization_endpoint": keys.URL + "/auth", "token_endpoint": keys.URL + "/token",
			}
			answer := map[string]any{"access_token": "a", "token_type": "Bearer", "id_token": token}
			if change != nil {
				change(metadata, answer)
			}
			w.Header().Set("Content-Type", "application/json")
			switch r.URL.Path {
			case "/.well-known/openid-configuration":
				_ = json.NewEncoder(w).Encode(metadata)
			case "/token":
				_ = r.ParseForm()
				if seen != nil {
					seen(r)
				}
				if answer["error"] != nil {
					w.WriteHeader(http.StatusBadRequest)
				}
				_ = json.NewEncoder(w).Encode(answer)
			default:
				http.NotFound(w, r)
			}
		}
	})
}

func TestClient(t *testing.T) {
	for name, secret := range map[string]func() (string, error){"public": nil, "confidential": func() (string, error) { return "pass:word", nil }} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, nil)
			var form url.Values
			var user, password string
			provider(t, s, "n1", nil, func(r *http.Request) { form = r.PostForm; user, password, _ = r.BasicAuth() })
			client, err := oidc.NewClient(oidc.ClientOptions{Issuer: s.issuer.URL, ID: "tranship", Secret: secret, Scopes: []string{"profile"}})
			if err != nil {
				t.Fatal(err)
			}
			where, err := client.AuthorizationURL(t.Context(), "https://files.example/back", "s1", "n1", verifier)
			if err != nil {
				t.Fatal(err)
			}
			parsed, err := url.Parse(where)
			if err != nil {
				t.Fatal(err)
			}
			sum := sha256.Sum256([]byte(verifier))
			for name, want := range map[string]string{
				"client_id": "tranship", "redirect_uri": "https://files.example/back", "state": "s1", "nonce": "n1", "response_type": "code", "scope": "openid profile",
				"code_challenge": base64.RawURLEncoding.EncodeToString(sum[:]), "code_challenge_method": "S256", "client_secret": "",
			} {
				if got := parsed.Query().Get(name); got != want {
					t.Errorf("%s is %q, not %q", name, got, want)
				}
			}
			if _, err := client.Token(t.Context(), "https://files.example/back", "c1", "n1", verifier); err != nil {
				t.Fatal(err)
			}
			if form.Get("code") != "c1" || form.Get("code_verifier") != verifier || form.Get("redirect_uri") != "https://files.example/back" {
				t.Errorf("%v", form)
			}
			if secret == nil && form.Get("client_id") != "tranship" || secret != nil && (user != "tranship" || password != url.QueryEscape("pass:word")) {
				t.Errorf("the client is %q %q, %v", user, password, form)
			}
			if n := s.issuer.asked(); n != 2 {
				t.Errorf("the issuer was asked %d times", n)
			}
		})
	}
}

func TestClientRefused(t *testing.T) {
	for name, test := range map[string]struct {
		change func(metadata, answer map[string]any)
		want   error
	}{
		"a refused code":            {func(_, a map[string]any) { a["error"] = "invalid_grant" }, tranship.ErrUnauthenticated},
		"no ID token":               {func(_, a map[string]any) { delete(a, "id_token") }, tranship.ErrUnavailable},
		"not a token":               {func(_, a map[string]any) { a["id_token"] = "x.y.z" }, tranship.ErrUnauthenticated},
		"a plaintext token URL":     {func(m, _ map[string]any) { m["token_endpoint"] = "http://192.0.2.1/token" }, tranship.ErrUnavailable},
		"a script":                  {func(m, _ map[string]any) { m["authorization_endpoint"] = "javascript://localhost/" }, tranship.ErrUnavailable},
		"another issuer":            {func(m, _ map[string]any) { m["issuer"] = "https://other.example" }, tranship.ErrUnavailable},
		"no authorization endpoint": {func(m, _ map[string]any) { delete(m, "authorization_endpoint") }, tranship.ErrUnavailable},
	} {
		s := newSite(t, nil)
		provider(t, s, "n1", test.change, nil)
		client, err := oidc.NewClient(oidc.ClientOptions{Issuer: s.issuer.URL, ID: "tranship"})
		if err != nil {
			t.Fatal(err)
		}
		if token, err := client.Token(t.Context(), "https://files.example/back", "c1", "n1", verifier); !errors.Is(err, test.want) {
			t.Errorf("%s: %q, %v", name, token, err)
		}
	}
	s := newSite(t, nil)
	client, err := oidc.NewClient(oidc.ClientOptions{Issuer: s.issuer.URL, ID: "tranship"})
	if err != nil {
		t.Fatal(err)
	}
	provider(t, s, "n2", nil, nil)
	if token, err := client.Token(t.Context(), "https://files.example/back", "c1", "n1", verifier); !errors.Is(err, tranship.ErrUnauthenticated) {
		t.Errorf("another nonce: %q, %v", token, err)
	}
	for _, options := range []oidc.ClientOptions{
		{Issuer: s.issuer.URL}, {ID: "a"}, {ID: "a", Issuer: "http://issuer.example"}, {ID: "a", Issuer: s.issuer.URL, Scopes: []string{"a b"}},
	} {
		if _, err := oidc.NewClient(options); err == nil {
			t.Errorf("%+v is valid", options)
		}
	}
}

// TestClientOutage checks that an issuer that does not respond is asked again, but not for each user.
func TestClientOutage(t *testing.T) {
	s := newSite(t, nil)
	clock := testclock.New(start)
	client, err := oidc.NewClient(oidc.ClientOptions{Issuer: s.issuer.URL, ID: "tranship", Now: clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	s.issuer.set(func(i *issuer) {
		i.answer = func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "secret", http.StatusBadGateway) }
	})
	for range 5 {
		if _, err := client.AuthorizationURL(t.Context(), "https://files.example/back", "s", "n", verifier); !errors.Is(err, tranship.ErrUnavailable) || strings.Contains(err.Error(), s.issuer.URL) {
			t.Error(err)
		}
	}
	if n := s.issuer.asked(); n != 1 {
		t.Errorf("the issuer was asked %d times", n)
	}
	provider(t, s, "n", nil, nil)
	clock.Advance(time.Minute)
	if _, err := client.AuthorizationURL(t.Context(), "https://files.example/back", "s", "n", verifier); err != nil {
		t.Error(err)
	}
}
