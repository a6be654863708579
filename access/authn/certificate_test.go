package authn_test

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/access/authn"
)

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
		want   time.Duration // negative: refused
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
