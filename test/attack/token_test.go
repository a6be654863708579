//go:build linux

package attack

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/tranship/tranship/client"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// bearer adds a token to every call of a gRPC connection, encrypted or not, because the servers
// are on this machine.
type bearer string

func (b bearer) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return map[string]string{"authorization": "Bearer " + string(b)}, nil
}

func (bearer) RequireTransportSecurity() bool { return false }

// as returns the options of a client of ours with a token. It transfers over lanes.
func as(token string) client.Options {
	return client.Options{Token: func(context.Context) (string, error) { return token, nil }}
}

// newToken creates a token with the program itself.
func newToken(t testing.TB, file, name string) string {
	t.Helper()
	made, err := built.Command(t.Context(), "token", "new", "--file", file, "--name", name).Output()
	if err != nil {
		t.Fatalf("token new: %v", err)
	}
	return strings.TrimSpace(string(made))
}

// whoami makes a call with headers, and returns its code.
func (s *site) whoami(t testing.TB, conn *grpc.ClientConn, headers ...string) codes.Code {
	t.Helper()
	ctx := metadata.NewOutgoingContext(testContext(t), metadata.Pairs(headers...))
	_, err := transhipv1.NewFileServiceClient(conn).Stat(ctx, &transhipv1.StatRequest{Path: "file"})
	return status.Code(err)
}

// TestTokens calls every method with invalid tokens, and without one.
func TestTokens(t *testing.T) {
	s := prepareSite(t)
	file := filepath.Join(t.TempDir(), "tokens")
	alice, old := newToken(t, file, "alice"), newToken(t, file, "old")
	expire(t, file, "old")
	s.healthy = as(alice)
	s.start(t, "--tokens", file)
	conn := s.dial(t)
	forged := []byte(alice)
	forged[len(forged)-1] ^= 1
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	hash := regexp.MustCompile(`sha256:([0-9a-f]{64}) alice`).FindSubmatch(content)
	if hash == nil || bytes.Contains(content, []byte(alice)) {
		t.Fatalf("the file of tokens is %q", content)
	}
	bad := map[string][]string{
		"no token":              nil,
		"an empty one":          {"authorization", "Bearer "},
		"a forged one":          {"authorization", "Bearer " + string(forged)},
		"half of one":           {"authorization", "Bearer " + alice[:len(alice)/2]},
		"one and more":          {"authorization", "Bearer " + alice + "x"},
		"the hash of one":       {"authorization", "Bearer " + string(hash[1])},
		"a name":                {"authorization", "Bearer alice"},
		"one of another scheme": {"authorization", "Basic " + alice},
		"an expired one":        {"authorization", "Bearer " + old},
		"two":                   {"authorization", "Bearer " + string(forged), "authorization", "Bearer " + alice},
		"one of 20 KiB":         {"authorization", "Bearer " + strings.Repeat("x", 20<<10)},
		"one in another header": {"x-authorization", "Bearer " + alice},
		"the name in a header":  {"x-forwarded-user", "alice"},
	}
	for what, headers := range bad {
		if code := s.whoami(t, conn, headers...); code != codes.Unauthenticated {
			t.Errorf("%s: %v", what, code)
		}
	}
	if code := s.whoami(t, conn, "authorization", "Bearer "+alice); code != codes.OK {
		t.Errorf("a good one: %v", code)
	}
	// All methods require a token, except health checks, which are public.
	for _, method := range methods() {
		if strings.HasPrefix(method, "/grpc.health.v1.") {
			continue
		}
		if _, err := call(t, conn, method, nil, nil); status.Code(err) != codes.Unauthenticated {
			t.Errorf("%s without a token: %v", method, err)
		}
	}

	// A revoked token stops working soon, without a restart.
	bob := newToken(t, file, "bob")
	s.until(t, "bob's new token is good", func() bool { return s.whoami(t, conn, "authorization", "Bearer "+bob) == codes.OK })
	if output, err := built.Command(t.Context(), "token", "revoke", "--file", file, "bob").CombinedOutput(); err != nil {
		t.Fatalf("token revoke: %v: %s", err, output)
	}
	s.until(t, "bob's token is revoked", func() bool {
		return s.whoami(t, conn, "authorization", "Bearer "+bob) == codes.Unauthenticated
	})
	for _, token := range []string{alice, bob, old, string(forged)} {
		if strings.Contains(s.Err.String(), token) {
			t.Error("a token is in the log")
		}
	}
	s.unchanged(t)
}

// expire changes a name's token to an expired one.
func expire(t testing.TB, file, name string) {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	expired := regexp.MustCompile(`( `+name+` \S+) \S+ \S+`).ReplaceAll(content, []byte("$1 2020-01-01T00:00:00Z 2020-01-02T00:00:00Z"))
	if bytes.Equal(expired, content) {
		t.Fatalf("%s has no token in %q", name, content)
	}
	if err := os.WriteFile(file, expired, 0o600); err != nil {
		t.Fatal(err)
	}
}

// until calls yes repeatedly until it returns true.
func (s *site) until(t testing.TB, what string, yes func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !yes(); {
		if time.Now().After(deadline) {
			t.Fatalf("timed out waiting until %s", what)
		}
	}
}

// issuer is an OpenID Connect issuer on this machine.
type issuer struct {
	*httptest.Server
	key *ecdsa.PrivateKey
}

func newIssuer(t testing.TB) *issuer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	i := &issuer{key: key}
	mux := http.NewServeMux()
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]any{
			"issuer": i.URL, "jwks_uri": i.URL + "/keys", "id_token_signing_alg_values_supported": []string{"ES256"},
			"authorization_endpoint": i.URL + "/a", "token_endpoint": i.URL + "/t", "response_types_supported": []string{"code"}, "subject_types_supported": []string{"public"},
		})
	})
	mux.HandleFunc("/keys", func(w http.ResponseWriter, _ *http.Request) {
		point, _ := key.PublicKey.Bytes() // 4, x, y
		_ = json.NewEncoder(w).Encode(map[string]any{"keys": []any{map[string]any{
			"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": "one", "x": encode(point[1:33]), "y": encode(point[33:]),
		}}})
	})
	i.Server = httptest.NewServer(mux)
	t.Cleanup(i.Close)
	return i
}

func encode(data []byte) string { return base64.RawURLEncoding.EncodeToString(data) }

// claims returns valid claims for an audience, with some changed.
func (i *issuer) claims(changed map[string]any) map[string]any {
	claims := map[string]any{
		"iss": i.URL, "aud": "tranship", "sub": "alice", "iat": time.Now().Add(-time.Minute).Unix(), "exp": time.Now().Add(time.Hour).Unix(),
	}
	maps.Copy(claims, changed)
	return claims
}

// unsigned returns a token with a header and claims, without its signature.
func unsigned(header, claims map[string]any) string {
	h, _ := json.Marshal(header) // Strings and numbers are encodable.
	c, _ := json.Marshal(claims)
	return encode(h) + "." + encode(c)
}

// sign returns a token that is signed with a key, which may be the issuer's.
func sign(t testing.TB, key *ecdsa.PrivateKey, header, claims map[string]any) string {
	t.Helper()
	token := unsigned(header, claims)
	digest := sha256.Sum256([]byte(token))
	r, s, err := ecdsa.Sign(rand.Reader, key, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	return token + "." + encode(append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...))
}

// TestForgedJWTs makes calls with tokens that are not signed by the issuer, or are for
// another server or another time.
func TestForgedJWTs(t *testing.T) {
	s := prepareSite(t)
	i := newIssuer(t)
	es256 := map[string]any{"alg": "ES256", "kid": "one", "typ": "JWT"}
	good := sign(t, i.key, es256, i.claims(nil))
	s.healthy = as(good)
	s.start(t, "--oidc-issuer", i.URL, "--oidc-audience", "tranship")
	conn := s.dial(t)
	if code := s.whoami(t, conn, "authorization", "Bearer "+good); code != codes.OK {
		t.Fatalf("a good one: %v", code)
	}
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	public, err := i.key.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	// The public key used as a shared secret.
	confused := unsigned(map[string]any{"alg": "HS256", "kid": "one"}, i.claims(nil))
	mac := hmac.New(sha256.New, public)
	mac.Write([]byte(confused))
	parts := strings.Split(good, ".")
	root := i.claims(map[string]any{"sub": "root"})
	for what, token := range map[string]string{
		"alg none":                       unsigned(map[string]any{"alg": "none"}, i.claims(nil)) + ".",
		"alg None":                       unsigned(map[string]any{"alg": "None"}, i.claims(nil)) + ".",
		"alg none, signed":               sign(t, i.key, map[string]any{"alg": "none"}, i.claims(nil)),
		"no alg":                         unsigned(map[string]any{}, i.claims(nil)) + ".",
		"the public key as a secret":     confused + "." + encode(mac.Sum(nil)),
		"no signature":                   parts[0] + "." + parts[1] + ".",
		"the signature of other claims":  unsigned(es256, root) + "." + parts[2],
		"another key":                    sign(t, other, es256, i.claims(nil)),
		"another key, that it brings":    sign(t, other, map[string]any{"alg": "ES256", "jwk": map[string]any{"kty": "EC"}, "jku": i.URL + "/evil"}, i.claims(nil)),
		"a key id that leads elsewhere":  sign(t, other, map[string]any{"alg": "ES256", "kid": "../../evil"}, i.claims(nil)),
		"expired":                        sign(t, i.key, es256, i.claims(map[string]any{"exp": time.Now().Add(-time.Hour).Unix()})),
		"without an end":                 sign(t, i.key, es256, i.claims(map[string]any{"exp": nil})),
		"not yet good":                   sign(t, i.key, es256, i.claims(map[string]any{"nbf": time.Now().Add(time.Hour).Unix()})),
		"for another audience":           sign(t, i.key, es256, i.claims(map[string]any{"aud": "another server"})),
		"for no audience":                sign(t, i.key, es256, i.claims(map[string]any{"aud": nil})),
		"of another issuer":              sign(t, i.key, es256, i.claims(map[string]any{"iss": "https://issuer.example.org"})),
		"without a name":                 sign(t, i.key, es256, i.claims(map[string]any{"sub": nil})),
		"a name that is not printable":   sign(t, i.key, es256, i.claims(map[string]any{"sub": "alice\n"})),
		"a malformed token":              "a.b.c",
		"a signature in the other order": unsigned(es256, i.claims(nil)) + "." + encode([]byte{0x30, 0x06, 2, 1, 1, 2, 1, 1}),
	} {
		if code := s.whoami(t, conn, "authorization", "Bearer "+token); code != codes.Unauthenticated {
			t.Errorf("%s: %v", what, code)
		}
	}
	s.unchanged(t)
}
