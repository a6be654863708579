package oidc_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access/authn"
)

// TestPublicKeyAsSecret checks that a public key is not accepted as the secret of HS256.
func TestPublicKeyAsSecret(t *testing.T) {
	s := newSite(t, nil)
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	s.issuer.publish(key{id: "r1", alg: jose.RS256, Signer: rsaKey})
	s.good(t, "RS256", key{id: "r1", alg: jose.RS256, Signer: rsaKey}.sign(t, s.issuer.claims()))
	der, err := x509.MarshalPKIXPublicKey(&rsaKey.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range [][]byte{der, x509.MarshalPKCS1PublicKey(&rsaKey.PublicKey), rsaKey.N.Bytes()} {
		for _, alg := range []jose.SignatureAlgorithm{jose.HS256, jose.HS384, jose.HS512} {
			signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: jose.JSONWebKey{Key: secret, KeyID: "r1"}}, nil)
			if err != nil {
				t.Fatal(err)
			}
			token, err := jwt.Signed(signer).Claims(s.issuer.claims()).Serialize()
			if err != nil {
				t.Fatal(err)
			}
			s.bad(t, string(alg), token)
		}
	}
	// A secret key that the issuer publishes by mistake is not accepted either.
	secret := []byte("0123456789abcdef0123456789abcdef")
	s.issuer.set(func(i *issuer) { i.keys = []jose.JSONWebKey{{Key: secret, KeyID: "h1"}} })
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.HS256, Key: jose.JSONWebKey{Key: secret, KeyID: "h1"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	token, err := jwt.Signed(signer).Claims(s.issuer.claims()).Serialize()
	if err != nil {
		t.Fatal(err)
	}
	s.clock.Advance(time.Minute)
	s.bad(t, "a published secret", token)
}

// TestKeyUse checks that a key is used only for its algorithm, and only for signatures if
// it is for them.
func TestKeyUse(t *testing.T) {
	s := newSite(t, nil)
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	edKey := key{id: "e1", alg: jose.EdDSA, Signer: private}
	s.issuer.publish(edKey)
	s.good(t, "EdDSA", edKey.sign(t, s.issuer.claims()))
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	s.issuer.set(func(i *issuer) {
		i.keys = []jose.JSONWebKey{
			{Key: rsaKey.Public(), KeyID: "r1", Algorithm: "PS256"},
			{Key: s.key.Public(), KeyID: "k1", Use: "enc"},
		}
	})
	s.clock.Advance(time.Minute)
	s.good(t, "PS256", key{id: "r1", alg: jose.PS256, Signer: rsaKey}.sign(t, s.issuer.claims()))
	s.bad(t, "RS256", key{id: "r1", alg: jose.RS256, Signer: rsaKey}.sign(t, s.issuer.claims()))
	s.bad(t, "a key to encrypt with", s.key.sign(t, s.issuer.claims()))
}

func TestRotation(t *testing.T) {
	s := newSite(t, nil)
	next := newKey(t, "k2")
	old, renewed := s.key.sign(t, s.issuer.claims()), next.sign(t, s.issuer.claims())
	s.good(t, "the first key", old)
	s.issuer.publish(s.key, next)
	s.bad(t, "a new key, too soon after the issuer was asked", renewed)
	s.clock.Advance(10 * time.Second)
	s.good(t, "a new key", renewed)
	s.good(t, "the first key", old)

	// A withdrawn key is forgotten, and all others stay valid meanwhile.
	s.issuer.publish(next)
	s.clock.Advance(5*time.Minute + time.Second)
	s.good(t, "the new key, while the issuer is asked", renewed)
	for deadline := time.Now().Add(time.Minute); ; {
		if _, err := s.authenticate(t, old); err != nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("a withdrawn key is good")
		}
	}
	s.good(t, "the new key", renewed)

	// A token without the id of a key is verified with each of the keys.
	unnamed := newKey(t, "")
	s.issuer.publish(next, unnamed)
	s.clock.Advance(10 * time.Second)
	s.good(t, "a key without id", unnamed.sign(t, s.issuer.claims()))
	s.good(t, "a key with one", renewed)
}

// TestUnknownKeys checks that forged tokens cannot make the server flood the issuer.
func TestUnknownKeys(t *testing.T) {
	s := newSite(t, nil)
	s.good(t, "a good one", s.key.sign(t, s.issuer.claims()))
	s.issuer.asked()
	forged := newKey(t, "unheard of").sign(t, s.issuer.claims())
	unnamed := newKey(t, "").sign(t, s.issuer.claims())
	for range 100 {
		s.clock.Advance(time.Second)
		s.bad(t, "an unknown key", forged)
		s.bad(t, "no key", unnamed)
	}
	if asked := s.issuer.asked(); asked > 2*10 {
		t.Errorf("the issuer was asked %d times in 100 s", asked)
	}
	s.good(t, "a good one", s.key.sign(t, s.issuer.claims()))
}

// TestOneRequest checks that concurrent calls share one request.
func TestOneRequest(t *testing.T) {
	s := newSite(t, nil)
	wait := make(chan struct{})
	s.issuer.set(func(i *issuer) { i.wait = wait })
	token := s.key.sign(t, s.issuer.claims())
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() { s.good(t, "at once", token) })
	}
	// A caller that stops waiting does not affect the others.
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Authenticate(ctx, authn.Credentials{Token: token}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want Canceled", err)
	}
	close(wait)
	all.Wait()
	if asked := s.issuer.asked(); asked != 2 {
		t.Errorf("the issuer was asked %d times, want 2", asked)
	}
}

// TestIssuerFails checks that calls fail with ErrUnavailable while the issuer does not send
// valid responses.
func TestIssuerFails(t *testing.T) {
	elsewhere := newIssuer(t)
	for what, answer := range map[string]http.HandlerFunc{
		"an error":       func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) },
		"no JSON":        func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) },
		"another issuer": elsewhere.ServeHTTP,
		"elsewhere":      func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, elsewhere.URL, http.StatusFound) },
		"too much": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(`{"issuer":"` + strings.Repeat("a", 2<<20) + `"}`))
		},
		"keys in the clear from another machine": func(w http.ResponseWriter, r *http.Request) {
			_ = json.NewEncoder(w).Encode(map[string]string{"issuer": "http://" + r.Host, "jwks_uri": "http://192.0.2.1/keys"})
		},
		"a file": func(w http.ResponseWriter, r *http.Request) {
			_ = json.NewEncoder(w).Encode(map[string]string{"issuer": "http://" + r.Host, "jwks_uri": "file:///etc/passwd"})
		},
		"too many keys": func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/keys" {
				_ = json.NewEncoder(w).Encode(map[string]string{"issuer": "http://" + r.Host, "jwks_uri": "http://" + r.Host + "/keys"})
				return
			}
			_ = json.NewEncoder(w).Encode(map[string]any{"keys": make([]map[string]string, 101)})
		},
	} {
		t.Run(what, func(t *testing.T) {
			s := newSite(t, nil)
			token := s.key.sign(t, s.issuer.claims())
			s.issuer.set(func(i *issuer) { i.answer = answer })
			for range 3 {
				_, err := s.authenticate(t, token)
				if !errors.Is(err, tranship.ErrUnavailable) || strings.Contains(err.Error(), s.issuer.URL) {
					t.Errorf("got %v, want ErrUnavailable without details", err)
				}
			}
			if err := s.CheckHealth(t.Context()); !errors.Is(err, tranship.ErrUnavailable) {
				t.Errorf("CheckHealth without keys: %v", err)
			}
			s.issuer.set(func(i *issuer) { i.answer = nil })
			s.clock.Advance(10 * time.Second)
			s.good(t, "once it answers", token)
			if err := s.CheckHealth(t.Context()); err != nil {
				t.Errorf("CheckHealth with keys: %v", err)
			}

			// The known keys stay valid for a day.
			s.issuer.set(func(i *issuer) { i.answer = answer })
			long := s.key.sign(t, s.issuer.with("exp", start.Add(100*time.Hour).Unix()))
			for range 23 {
				s.clock.Advance(time.Hour)
				s.good(t, "while it does not respond", long)
			}
			s.clock.Advance(2 * time.Hour)
			if _, err := s.authenticate(t, long); !errors.Is(err, tranship.ErrUnavailable) {
				t.Errorf("after a day: %v", err)
			}
		})
	}
}
