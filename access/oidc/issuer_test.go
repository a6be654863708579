package oidc_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// issuer is an OpenID Connect issuer in the process of the test.
type issuer struct {
	*httptest.Server
	mu       sync.Mutex
	keys     []jose.JSONWebKey
	requests int
	// answer, if not nil, serves all requests instead.
	answer http.HandlerFunc
	// wait, if not nil, delays responses until it is closed.
	wait <-chan struct{}
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	i := &issuer{}
	i.Server = httptest.NewServer(i)
	t.Cleanup(i.Close)
	return i
}

func (i *issuer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	i.requests++
	answer, wait, keys := i.answer, i.wait, jose.JSONWebKeySet{Keys: i.keys}
	i.mu.Unlock()
	if wait != nil {
		<-wait
	}
	if answer != nil {
		answer(w, r)
		return
	}
	switch r.URL.Path {
	case "/.well-known/openid-configuration":
		_ = json.NewEncoder(w).Encode(map[string]any{
			"issuer": i.URL, "jwks_uri": i.URL + "/keys",
			"id_token_signing_alg_values_supported": []string{"none", "HS256", "RS256", "ES256"},
		})
	case "/keys":
		_ = json.NewEncoder(w).Encode(keys)
	default:
		http.NotFound(w, r)
	}
}

// set changes the state of the issuer.
func (i *issuer) set(change func(i *issuer)) {
	i.mu.Lock()
	defer i.mu.Unlock()
	change(i)
}

// asked returns the number of requests since the last call.
func (i *issuer) asked() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	n := i.requests
	i.requests = 0
	return n
}

// key signs tokens.
type key struct {
	id  string
	alg jose.SignatureAlgorithm
	crypto.Signer
}

func newKey(t *testing.T, id string) key {
	t.Helper()
	signer, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key{id: id, alg: jose.ES256, Signer: signer}
}

// publish replaces the keys of the issuer.
func (i *issuer) publish(keys ...key) {
	i.set(func(i *issuer) {
		i.keys = nil
		for _, k := range keys {
			i.keys = append(i.keys, jose.JSONWebKey{Key: k.Public(), KeyID: k.id, Use: "sig"})
		}
	})
}

// claims returns valid claims.
func (i *issuer) claims() map[string]any {
	return map[string]any{
		"iss": i.URL, "aud": "tranship", "sub": "alice",
		"iat": start.Unix(), "exp": start.Add(time.Hour).Unix(),
	}
}

// with returns valid claims in which one is replaced, or removed if the value is nil.
func (i *issuer) with(name string, value any) map[string]any {
	claims := i.claims()
	claims[name] = value
	if value == nil {
		delete(claims, name)
	}
	return claims
}

// sign returns a token with claims.
func (k key) sign(t *testing.T, claims any, headers ...string) string {
	t.Helper()
	options := &jose.SignerOptions{}
	for i := 0; i < len(headers); i += 2 {
		options.WithHeader(jose.HeaderKey(headers[i]), headers[i+1])
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: k.alg, Key: jose.JSONWebKey{Key: k.Signer, KeyID: k.id}}, options)
	if err != nil {
		t.Fatal(err)
	}
	token, err := jwt.Signed(signer).Claims(claims).Serialize()
	if err != nil {
		t.Fatal(err)
	}
	return token
}
