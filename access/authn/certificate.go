package authn

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tranship/tranship/access"
)

// SourceCertificate is the Principal.Source of who has a certificate.
const SourceCertificate = "certificate"

// certificatePrefix is what names and groups from certificates begin with.
const certificatePrefix = "cert:"

// Certificates authenticates clients by the certificates that their connections were
// made with. It believes only those that the server's tls.Config has verified: that
// must have ClientCAs, and tls.VerifyClientCertIfGiven or
// tls.RequireAndVerifyClientCert. It looks at each call whether they have expired
// meanwhile.
//
// The name is "cert:" and the first URI of the subject's alternative names, as in
// SPIFFE; without any, "cert:" and the common name of the subject. The groups are
// "cert:" and each organization (O) of the subject.
type Certificates struct {
	// Now is the time; nil: time.Now.
	Now func() time.Time
}

var _ Authenticator = Certificates{}

// Authenticate implements Authenticator.
func (c Certificates) Authenticate(_ context.Context, credentials Credentials) (Identity, error) {
	if credentials.TLS == nil {
		return Identity{}, ErrNotMine
	}
	if len(credentials.TLS.VerifiedChains) == 0 {
		return Identity{}, refuseCertificate("is not one that this server trusts", errors.New("the server's TLS did not verify the certificate"))
	}
	now := time.Now()
	if c.Now != nil {
		now = c.Now()
	}
	expires := expiry(credentials.TLS.VerifiedChains, now)
	if !now.Before(expires) {
		return Identity{}, refuseCertificate("has expired", nil)
	}
	principal, err := subject(credentials.TLS.VerifiedChains[0][0])
	if err != nil {
		return Identity{}, refuseCertificate("has no name that this server can use", err)
	}
	return Identity{Principal: principal, Expires: expires}, nil
}

// expiry is when the last of the chains that began by now has expired.
func expiry(chains [][]*x509.Certificate, now time.Time) time.Time {
	var last time.Time
	for _, chain := range chains {
		if slices.ContainsFunc(chain, func(c *x509.Certificate) bool { return now.Before(c.NotBefore) }) {
			continue
		}
		first := slices.MinFunc(chain, func(a, b *x509.Certificate) int { return a.NotAfter.Compare(b.NotAfter) })
		if first.NotAfter.After(last) {
			last = first.NotAfter
		}
	}
	return last
}

// subject is who a certificate is for.
func subject(certificate *x509.Certificate) (access.Principal, error) {
	name := certificate.Subject.CommonName
	switch {
	case len(certificate.URIs) > 0:
		name = certificate.URIs[0].String()
	case strings.Contains(name, "://"):
		// Whoever may have any common name must not pass for the holder of a URI.
		return access.Principal{}, fmt.Errorf("the common name %q is a URI", name)
	}
	if name == "" {
		return access.Principal{}, errors.New("there is neither a URI nor a common name")
	}
	principal := access.Principal{Name: certificatePrefix + name, Source: SourceCertificate}
	for _, organization := range certificate.Subject.Organization {
		principal.Groups = append(principal.Groups, certificatePrefix+organization)
	}
	for _, name := range append([]string{principal.Name}, principal.Groups...) {
		if err := access.ValidateName(name); err != nil {
			return access.Principal{}, err
		}
	}
	return principal, nil
}

func refuseCertificate(what string, reason error) error {
	return &Refusal{Text: "the client's certificate " + what, Reason: reason}
}
