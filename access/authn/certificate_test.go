package authn_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"net"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/status"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/access/authn"
)

// authority signs certificates.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) authority {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	a := authority{certificate: template}
	signed := a.sign(t, template)
	a.certificate, a.key = signed.Leaf, signed.PrivateKey.(*ecdsa.PrivateKey)
	return a
}

// sign makes a certificate, that of the authority itself if it has none yet.
func (a authority) sign(t *testing.T, template *x509.Certificate) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer := a.key
	if signer == nil {
		signer = key
	}
	if template.SerialNumber == nil {
		template.SerialNumber = big.NewInt(2)
		template.NotBefore, template.NotAfter = time.Now().Add(-time.Minute), time.Now().Add(time.Minute)
		template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

func (a authority) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.certificate)
	return pool
}

func TestCertificateSubject(t *testing.T) {
	parse := func(text string) *url.URL {
		u, err := url.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		return u
	}
	long := strings.Repeat("a", 124)
	for _, test := range []struct {
		name string
		leaf x509.Certificate
		want access.Principal
	}{
		{
			"common name",
			x509.Certificate{Subject: pkix.Name{CommonName: "alice", Organization: []string{"ops", "dev"}, OrganizationalUnit: []string{"unit"}}},
			access.Principal{Name: "cert:alice", Groups: []string{"cert:ops", "cert:dev"}, Source: "certificate"},
		},
		{
			"URI first",
			x509.Certificate{Subject: pkix.Name{CommonName: "alice"}, URIs: []*url.URL{parse("spiffe://example.org/backup"), parse("spiffe://example.org/other")}},
			access.Principal{Name: "cert:spiffe://example.org/backup", Source: "certificate"},
		},
		{"no name for a DNS name", x509.Certificate{DNSNames: []string{"alice"}}, access.Principal{}},
		{"a common name that is a URI", x509.Certificate{Subject: pkix.Name{CommonName: "spiffe://example.org/backup"}}, access.Principal{}},
		{"a common name like another source's", x509.Certificate{Subject: pkix.Name{CommonName: "oidc:alice"}}, access.Principal{}},
		{"control characters", x509.Certificate{Subject: pkix.Name{CommonName: "alice\n"}}, access.Principal{}},
		{"NUL", x509.Certificate{Subject: pkix.Name{CommonName: "alice\x00.eve"}}, access.Principal{}},
		{"no UTF-8", x509.Certificate{Subject: pkix.Name{CommonName: "\xff"}}, access.Principal{}},
		{"too long", x509.Certificate{Subject: pkix.Name{CommonName: long}}, access.Principal{}},
		{"a bad group", x509.Certificate{Subject: pkix.Name{CommonName: "alice", Organization: []string{"a\x7f"}}}, access.Principal{}},
	} {
		leaf := test.leaf
		leaf.NotAfter = time.Now().Add(time.Hour)
		state := &tls.ConnectionState{VerifiedChains: [][]*x509.Certificate{{&leaf}}}
		identity, err := authn.Certificates{}.Authenticate(t.Context(), authn.Credentials{TLS: state})
		got := identity.Principal
		if got.Name != test.want.Name || got.Source != test.want.Source || !slices.Equal(got.Groups, test.want.Groups) {
			t.Errorf("%s: got %+v, want %+v", test.name, got, test.want)
		}
		if (test.want.Name == "") != errors.Is(err, tranship.ErrUnauthenticated) {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

func TestCertificateExpiry(t *testing.T) {
	now := time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)
	certificate := func(from, to time.Duration) *x509.Certificate {
		return &x509.Certificate{Subject: pkix.Name{CommonName: "alice"}, NotBefore: now.Add(from), NotAfter: now.Add(to)}
	}
	for _, test := range []struct {
		name   string
		chains [][]*x509.Certificate
		want   time.Duration // negative: none
	}{
		{"good", [][]*x509.Certificate{{certificate(-1, 10)}}, 10},
		{"expired", [][]*x509.Certificate{{certificate(-2, -1)}}, -1},
		{"this moment", [][]*x509.Certificate{{certificate(-2, 0)}}, -1},
		{"not yet", [][]*x509.Certificate{{certificate(1, 2)}}, -1},
		{"an authority that expires", [][]*x509.Certificate{{certificate(-1, 10), certificate(-1, 5)}}, 5},
		{"an authority that has expired", [][]*x509.Certificate{{certificate(-1, 10), certificate(-3, -1)}}, -1},
		{"another chain", [][]*x509.Certificate{{certificate(-1, 10), certificate(-3, -1)}, {certificate(-1, 10), certificate(-1, 7)}}, 7},
		{"none verified", nil, -1},
	} {
		state := &tls.ConnectionState{PeerCertificates: []*x509.Certificate{certificate(-1, 10)}, VerifiedChains: test.chains}
		identity, err := authn.Certificates{Now: func() time.Time { return now }}.Authenticate(t.Context(), authn.Credentials{TLS: state})
		if test.want < 0 {
			if !errors.Is(err, tranship.ErrUnauthenticated) {
				t.Errorf("%s: %v", test.name, err)
			}
			continue
		}
		if err != nil || !identity.Expires.Equal(now.Add(test.want)) {
			t.Errorf("%s: until %v, %v", test.name, identity.Expires.Sub(now), err)
		}
	}
	if _, err := (authn.Certificates{}).Authenticate(t.Context(), authn.Credentials{Token: "t"}); !errors.Is(err, authn.ErrNotMine) {
		t.Errorf("a token: %v", err)
	}
}

// Over real connections: who has a certificate, a token, both or neither.
func TestMutualTLS(t *testing.T) {
	trusted, other := newAuthority(t), newAuthority(t)
	alice := trusted.sign(t, &x509.Certificate{Subject: pkix.Name{CommonName: "alice", Organization: []string{"ops"}}})
	forged := other.sign(t, &x509.Certificate{Subject: pkix.Name{CommonName: "alice", Organization: []string{"ops"}}})
	serverCertificate := trusted.sign(t, &x509.Certificate{IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}})

	certificates, both := []authn.Authenticator{authn.Certificates{}}, []authn.Authenticator{newTokens(), authn.Certificates{}}
	for _, test := range []struct {
		name           string
		verify         tls.ClientAuthType
		authenticators []authn.Authenticator
		anonymous      bool
		client         *tls.Certificate
		token          string
		want           string
		code           codes.Code
	}{
		{name: "certificate", verify: tls.VerifyClientCertIfGiven, authenticators: certificates, client: &alice, want: "certificate/cert:alice/cert:ops"},
		{name: "none", verify: tls.VerifyClientCertIfGiven, authenticators: certificates, code: codes.Unauthenticated},
		{name: "none where anybody may", verify: tls.VerifyClientCertIfGiven, authenticators: certificates, anonymous: true, want: "//"},
		{name: "none where TLS wants one", verify: tls.RequireAndVerifyClientCert, authenticators: certificates, anonymous: true, code: codes.Unavailable},
		{name: "forged", verify: tls.VerifyClientCertIfGiven, authenticators: certificates, anonymous: true, client: &forged, code: codes.Unavailable},
		{name: "not verified", verify: tls.RequestClientCert, authenticators: certificates, anonymous: true, client: &alice, code: codes.Unauthenticated},
		{name: "forged and not verified", verify: tls.RequireAnyClientCert, authenticators: both, anonymous: true, client: &forged, token: "t-alice", code: codes.Unauthenticated},
		{name: "both", verify: tls.VerifyClientCertIfGiven, authenticators: both, client: &alice, token: "t-alice", want: "token/alice/ops"},
		{name: "a bad token", verify: tls.VerifyClientCertIfGiven, authenticators: both, client: &alice, token: "t-eve", code: codes.Unauthenticated},
		{name: "a token nobody takes", verify: tls.VerifyClientCertIfGiven, authenticators: certificates, client: &alice, token: "t-alice", code: codes.Unauthenticated},
		{name: "a certificate nobody looks at", verify: tls.RequestClientCert, authenticators: []authn.Authenticator{newTokens()}, client: &forged, token: "t-alice", want: "token/alice/ops"},
		{name: "only a certificate nobody looks at", verify: tls.RequestClientCert, authenticators: []authn.Authenticator{newTokens()}, client: &forged, code: codes.Unauthenticated},
	} {
		t.Run(test.name, func(t *testing.T) {
			address := serve(t, authn.New(authn.Options{Authenticators: test.authenticators, Anonymous: test.anonymous}),
				grpc.Creds(credentials.NewTLS(&tls.Config{
					Certificates: []tls.Certificate{serverCertificate},
					ClientAuth:   test.verify,
					ClientCAs:    trusted.pool(),
				})))
			config := &tls.Config{RootCAs: trusted.pool()}
			if test.client != nil {
				// Whatever authorities the server names.
				config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return test.client, nil }
			}
			conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(credentials.NewTLS(config)))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			if test.token != "" {
				ctx = withAuthorization(ctx, "Bearer "+test.token)
			}
			who, err := unary(ctx, conn)
			if who != test.want || status.Code(err) != test.code {
				t.Errorf("called by %q, %v; want %q, %v", who, err, test.want, test.code)
			}
		})
	}
}
