package oidc_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access/authn"
	"github.com/tranship/tranship/access/oidc"
	"github.com/tranship/tranship/internal/testing/testclock"
)

var start = time.Date(2026, 1, 2, 15, 4, 5, 0, time.UTC)

// site is an issuer, an authenticator for its tokens, and a clock.
type site struct {
	*oidc.Authenticator
	issuer *issuer
	key    key
	clock  *testclock.Clock
}

func newSite(t *testing.T, change func(*oidc.Options)) *site {
	t.Helper()
	s := &site{issuer: newIssuer(t), key: newKey(t, "k1"), clock: testclock.New(start)}
	s.issuer.publish(s.key)
	options := oidc.Options{Issuer: s.issuer.URL, Audience: "tranship", Now: s.clock.Now}
	if change != nil {
		change(&options)
	}
	var err error
	if s.Authenticator, err = oidc.New(options); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *site) authenticate(t *testing.T, token string) (authn.Identity, error) {
	return s.Authenticate(t.Context(), authn.Credentials{Token: token})
}

// good fails the test if a token is refused.
func (s *site) good(t *testing.T, what, token string) authn.Identity {
	t.Helper()
	identity, err := s.authenticate(t, token)
	if err != nil {
		t.Errorf("%s: %v%s", what, err, reason(err))
	}
	return identity
}

// bad fails the test if a token is accepted, if the client learns the reason of the refusal,
// or if the log does not.
func (s *site) bad(t *testing.T, what, token string) {
	t.Helper()
	identity, err := s.authenticate(t, token)
	refusal, ok := errors.AsType[*authn.Refusal](err)
	if !ok || !errors.Is(err, tranship.ErrUnauthenticated) || !identity.IsAnonymous() {
		t.Errorf("%s: %+v, %v", what, identity, err)
		return
	}
	if refusal.Text != "the token is not valid" && refusal.Text != "the token has expired" || refusal.Reason == nil {
		t.Errorf("%s: the client is told %q, and the log %v", what, refusal.Text, refusal.Reason)
	}
	for _, piece := range strings.Split(token, ".") {
		if len(piece) > 8 && (strings.Contains(err.Error(), piece) || strings.Contains(reason(err), piece)) {
			t.Errorf("%s: an error has the token: %v", what, reason(err))
		}
	}
}

func reason(err error) string {
	if refusal, ok := errors.AsType[*authn.Refusal](err); ok && refusal.Reason != nil {
		return ": " + refusal.Reason.Error()
	}
	return ""
}

func TestGood(t *testing.T) {
	s := newSite(t, nil)
	identity := s.good(t, "the plainest", s.key.sign(t, s.issuer.claims()))
	if identity.Name != "oidc:alice" || identity.Source != "oidc" || identity.Groups != nil || identity.Expires.Sub(start.Add(time.Hour)) > 2*oidc.Leeway {
		t.Errorf("the identity is %+v", identity)
	}
	s.good(t, "several audiences", s.key.sign(t, s.issuer.with("aud", []string{"other", "tranship"})))
	s.good(t, "a type", s.key.sign(t, s.issuer.claims(), "typ", "JWT"))
	s.good(t, "an access token", s.key.sign(t, s.issuer.claims(), "typ", "at+jwt"))
	s.good(t, "clocks that differ", s.key.sign(t, s.issuer.with("nbf", start.Add(oidc.Leeway).Unix())))
	s.good(t, "clocks that differ", s.key.sign(t, s.issuer.with("exp", start.Add(-oidc.Leeway).Unix())))
	if asked := s.issuer.asked(); asked != 2 {
		t.Errorf("the issuer was asked %d times, want 2", asked)
	}
}

func TestBad(t *testing.T) {
	s := newSite(t, nil)
	eve := newKey(t, "k1") // another key with the same id
	claims := s.issuer.claims()
	good := s.key.sign(t, claims)
	s.good(t, "a good one", good)
	s.issuer.asked()
	for what, token := range map[string]string{
		"expired":   s.key.sign(t, s.issuer.with("exp", start.Add(-oidc.Leeway-time.Second).Unix())),
		"no expiry": s.key.sign(t, s.issuer.with("exp", nil)),
		"expiry in another case": s.key.sign(t, map[string]any{
			"iss": s.issuer.URL, "aud": "tranship", "sub": "alice", "exp": start.Add(-time.Hour).Unix(), "EXP": start.Add(time.Hour).Unix(),
		}),
		"not yet valid":                    s.key.sign(t, s.issuer.with("nbf", start.Add(oidc.Leeway+time.Second).Unix())),
		"issued in the future":             s.key.sign(t, s.issuer.with("iat", start.Add(time.Hour).Unix())),
		"another issuer":                   s.key.sign(t, s.issuer.with("iss", "https://issuer.example.org")),
		"an issuer below":                  s.key.sign(t, s.issuer.with("iss", s.issuer.URL+"/")),
		"no issuer":                        s.key.sign(t, s.issuer.with("iss", nil)),
		"another audience":                 s.key.sign(t, s.issuer.with("aud", "other")),
		"part of the audience":             s.key.sign(t, s.issuer.with("aud", "tranship-other")),
		"no audience":                      s.key.sign(t, s.issuer.with("aud", nil)),
		"no name":                          s.key.sign(t, s.issuer.with("sub", nil)),
		"an empty name":                    s.key.sign(t, s.issuer.with("sub", "")),
		"a name of no text":                s.key.sign(t, s.issuer.with("sub", 7)),
		"a name of two lines":              s.key.sign(t, s.issuer.with("sub", "alice\nroot")),
		"a long name":                      s.key.sign(t, s.issuer.with("sub", strings.Repeat("a", 124))),
		"a token to log out":               s.key.sign(t, claims, "typ", "logout+jwt"),
		"another issuer's key":             eve.sign(t, claims),
		"the key in the token":             embedded(t, eve, claims),
		"no signature":                     good[:strings.LastIndex(good, ".")+1],
		"another signature":                good[:len(good)-4] + "AAAA",
		"other claims":                     strings.Join([]string{strings.Split(good, ".")[0], part(s.issuer.with("sub", "root")), strings.Split(good, ".")[2]}, "."),
		"alg none":                         part(map[string]any{"alg": "none"}) + "." + part(claims) + ".",
		"alg none and key":                 part(map[string]any{"alg": "none", "kid": "k1"}) + "." + part(claims) + ".",
		"alg None":                         part(map[string]any{"alg": "None", "typ": "JWT"}) + "." + part(claims) + "." + strings.Split(good, ".")[2],
		"no alg":                           part(map[string]any{"kid": "k1"}) + "." + part(claims) + "." + strings.Split(good, ".")[2],
		"a header that must be understood": s.key.sign(t, claims, "crit", "x"),
		"empty":                            "..",
		"no JSON":                          "e30.e30.e30",
		"junk":                             strings.Repeat("A", 1000) + "." + strings.Repeat("A", 1000) + "." + strings.Repeat("A", 1000),
	} {
		s.bad(t, what, token)
	}
	if asked := s.issuer.asked(); asked != 0 {
		t.Errorf("the issuer was asked %d times for bad tokens", asked)
	}
	for what, token := range map[string]string{"one part": "abc", "two": "a.b", "four": good + ".x", "ours": "tsp_abc"} {
		if _, err := s.authenticate(t, token); !errors.Is(err, authn.ErrNotMine) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// embedded returns a token whose header contains its key.
func embedded(t *testing.T, k key, claims any) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: k.alg, Key: k.Signer}, &jose.SignerOptions{EmbedJWK: true})
	if err != nil {
		t.Fatal(err)
	}
	token, err := jwt.Signed(signer).Claims(claims).Serialize()
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// part returns value as one part of a token.
func part(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return base64.RawURLEncoding.EncodeToString(text)
}

func TestClaims(t *testing.T) {
	s := newSite(t, func(o *oidc.Options) { o.NameClaim, o.GroupsClaim = "email", "groups" })
	claims := func(verified, groups any) map[string]any {
		claims := s.issuer.claims()
		claims["email"], claims["email_verified"], claims["groups"] = "alice@example.org", verified, groups
		return claims
	}
	identity := s.good(t, "groups", s.key.sign(t, claims(true, []string{"ops", "dev"})))
	if identity.Name != "oidc:alice@example.org" || strings.Join(identity.Groups, " ") != "oidc:ops oidc:dev" {
		t.Errorf("the identity is %+v", identity)
	}
	if identity := s.good(t, "one group", s.key.sign(t, claims(true, "ops"))); strings.Join(identity.Groups, " ") != "oidc:ops" {
		t.Errorf("the identity is %+v", identity)
	}
	if identity := s.good(t, "no groups", s.key.sign(t, claims(true, []string{}))); len(identity.Groups) != 0 {
		t.Errorf("the identity is %+v", identity)
	}
	withoutGroups := claims(true, nil)
	delete(withoutGroups, "groups")
	s.good(t, "no claim", s.key.sign(t, withoutGroups))
	for what, token := range map[string]string{
		"not verified":          s.key.sign(t, claims(false, nil)),
		"verified as text":      s.key.sign(t, claims("true", nil)),
		"not said":              s.key.sign(t, claims(nil, nil)),
		"groups of no text":     s.key.sign(t, claims(true, []int{1})),
		"groups that are a map": s.key.sign(t, claims(true, map[string]string{"ops": ""})),
		"a group of two lines":  s.key.sign(t, claims(true, []string{"a\nb"})),
	} {
		s.bad(t, what, token)
	}
}

func TestNew(t *testing.T) {
	for issuer, want := range map[string]bool{
		"https://issuer.example.org":        true,
		"https://issuer.example.org/tenant": true,
		"http://127.0.0.1:8080":             true,
		"http://[::1]:8080/x":               true,
		"http://localhost:8080":             true,
		"http://issuer.example.org":         false,
		"http://127.0.0.1.example.org":      false,
		"http://192.0.2.1":                  false,
		"ftp://127.0.0.1":                   false,
		"https://a@issuer.example.org":      false,
		"https://issuer.example.org?x":      false,
		"https://issuer.example.org#x":      false,
		"issuer.example.org":                false,
		"https://":                          false,
		"":                                  false,
		"://":                               false,
	} {
		if _, err := oidc.New(oidc.Options{Issuer: issuer, Audience: "x"}); (err == nil) != want {
			t.Errorf("%q: %v", issuer, err)
		}
	}
	if _, err := oidc.New(oidc.Options{Issuer: "https://issuer.example.org"}); err == nil {
		t.Error("an authenticator without an audience is valid")
	}
}

// FuzzAuthenticate checks that no token without a valid signature is accepted, and that the
// issuer receives at most one request.
func FuzzAuthenticate(f *testing.F) {
	f.Add(part(map[string]any{"alg": "none"}) + "." + part(map[string]any{"iss": "http://127.0.0.1:1", "aud": "tranship", "exp": start.Unix() + 100}) + ".")
	f.Add("e30.e30.e30")
	f.Add("..")
	f.Add("a.b.c")
	authenticator, err := oidc.New(oidc.Options{
		Issuer: "http://127.0.0.1:1", Audience: "tranship",
		Now:       func() time.Time { return start },
		Transport: noIssuer{},
	})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, token string) {
		identity, err := authenticator.Authenticate(t.Context(), authn.Credentials{Token: token})
		if err == nil || !identity.IsAnonymous() {
			t.Errorf("%q is the token of %+v", token, identity)
		}
	})
}

type noIssuer struct{}

func (noIssuer) RoundTrip(*http.Request) (*http.Response, error) { return nil, errors.New("no issuer") }
