package authn_test

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access/authn"
)

// sanURIs returns a SubjectAltName extension with URIs exactly as they are spelled.
func sanURIs(t *testing.T, uris ...string) pkix.Extension {
	t.Helper()
	var names []asn1.RawValue
	for _, uri := range uris {
		names = append(names, asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 6, Bytes: []byte(uri)})
	}
	value, err := asn1.Marshal(names)
	if err != nil {
		t.Fatal(err)
	}
	return pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, 17}, Value: value}
}

func commonNames(names ...string) pkix.Name {
	var subject pkix.Name
	for _, name := range names {
		subject.ExtraNames = append(subject.ExtraNames, pkix.AttributeTypeAndValue{Type: asn1.ObjectIdentifier{2, 5, 4, 3}, Value: name})
	}
	return subject
}

// TestSubjectKinds checks that common names and URIs cannot be mistaken for each other, nor
// for others of their kind.
func TestSubjectKinds(t *testing.T) {
	trusted := newAuthority(t)
	for _, test := range []struct {
		name    string
		subject pkix.Name
		uris    []string
		want    string // "": refused
	}{
		{"plain", commonNames("alice"), nil, "cert:alice"},
		{"with blanks inside", commonNames("Eve Doe"), nil, "cert:Eve Doe"},
		{"an email address", commonNames("alice@example.org"), nil, "cert:alice@example.org"},
		{"a host", commonNames("alice.example.org"), nil, "cert:alice.example.org"},
		{"a path", commonNames("ops/alice"), nil, "cert:ops/alice"},
		{"a colon after a blank", commonNames("Eve Doe: ops"), nil, "cert:Eve Doe: ops"},
		{"a URN as a common name", commonNames("urn:dept:admin"), nil, ""},
		{"a URN in capitals", commonNames("URN:dept:admin"), nil, ""},
		{"a URI without slashes", commonNames("mailto:alice@example.org"), nil, ""},
		{"a host and port", commonNames("alice.example.org:443"), nil, ""},
		{"only a scheme", commonNames("x:"), nil, ""},
		{"blank before", commonNames(" alice"), nil, ""},
		{"blank after", commonNames("alice "), nil, ""},
		{"a blank before a URN", commonNames(" urn:dept:admin"), nil, ""},
		{"another kind of blank", commonNames("alice\u00a0"), nil, ""},
		{"a mark that turns text", commonNames("alice\u202e"), nil, ""},
		{"two common names", commonNames("alice", "eve"), nil, ""},
		{"none", pkix.Name{Organization: []string{"ops"}}, nil, ""},
		{"an organization with a blank after", pkix.Name{CommonName: "alice", Organization: []string{"ops "}}, nil, ""},

		{"a URN", commonNames("x"), []string{"urn:dept:admin"}, "cert:urn:dept:admin"},
		{"a scheme in capitals", commonNames("x"), []string{"URN:dept:admin"}, "cert:urn:dept:admin"},
		{"two URIs", commonNames("x"), []string{"urn:dept:one", "urn:dept:admin"}, "cert:urn:dept:one"},
		{"a fragment that is empty", commonNames("x"), []string{"urn:dept:admin#"}, "cert:urn:dept:admin#"},
		{"an escaped letter", commonNames("x"), []string{"spiffe://example.org/%61dmin"}, "cert:spiffe://example.org/%61dmin"},
		{"a relative URI", commonNames("x"), []string{"alice"}, ""},
		{"an empty URI", commonNames("alice"), []string{""}, ""},
		{"a URI without a scheme", commonNames("x"), []string{"//example.org/alice"}, ""},
		{"a long URI", commonNames("x"), []string{"urn:" + strings.Repeat("a", 200)}, ""},
		{"a URI and two common names", commonNames("alice", "eve"), []string{"urn:dept:admin"}, "cert:urn:dept:admin"},
	} {
		template := &x509.Certificate{Subject: test.subject}
		if test.uris != nil {
			template.ExtraExtensions = []pkix.Extension{sanURIs(t, test.uris...)}
		}
		leaf := trusted.sign(t, template).Leaf
		state := &tls.ConnectionState{PeerCertificates: []*x509.Certificate{leaf}, VerifiedChains: [][]*x509.Certificate{{leaf}}}
		identity, err := authn.Certificates{}.Authenticate(t.Context(), authn.Credentials{TLS: state})
		if identity.Name != test.want || (test.want == "") != errors.Is(err, tranship.ErrUnauthenticated) {
			t.Errorf("%s: %q, %v; want %q", test.name, identity.Name, err, test.want)
		}
	}
}

// TestCertificatesVerify checks that a certificate is refused on an open connection after
// its authority was removed.
func TestCertificatesVerify(t *testing.T) {
	leaf := newAuthority(t).sign(t, &x509.Certificate{Subject: pkix.Name{CommonName: "alice"}, URIs: []*url.URL{}}).Leaf
	chains := [][]*x509.Certificate{{leaf}}
	state := &tls.ConnectionState{PeerCertificates: []*x509.Certificate{leaf}, VerifiedChains: chains}
	var failure error
	certificates := authn.Certificates{Verify: func(got *tls.ConnectionState) ([][]*x509.Certificate, error) {
		if got != state {
			t.Error("Verify was called with another connection")
		}
		return chains, failure
	}}
	if identity, err := certificates.Authenticate(t.Context(), authn.Credentials{TLS: state}); err != nil || identity.Name != "cert:alice" {
		t.Errorf("%+v, %v", identity, err)
	}
	failure = errors.New("unknown authority")
	if _, err := certificates.Authenticate(t.Context(), authn.Credentials{TLS: state}); !errors.Is(err, tranship.ErrUnauthenticated) {
		t.Errorf("no longer trusted: %v", err)
	}
	failure, chains = nil, nil
	if _, err := certificates.Authenticate(t.Context(), authn.Credentials{TLS: state}); !errors.Is(err, tranship.ErrUnauthenticated) {
		t.Errorf("no chain: %v", err)
	}
}
