package authn

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"slices"
	"time"
)

// SourceCertificate is the Principal.Source of principals of certificates.
const SourceCertificate = "certificate"

// certificatePrefix begins the names and groups of certificates.
const certificatePrefix = "cert:"

// Certificates authenticates clients by the certificates of their connections. It accepts
// only certificates that the server's tls.Config has verified: that must have ClientCAs,
// and tls.VerifyClientCertIfGiven or tls.RequireAndVerifyClientCert. At each call it
// checks that the certificate has not expired meanwhile, and with Verify that it is still
// trusted.
//
// The name is "cert:" and the first URI of the subject's alternative names, as in
// SPIFFE; without any, "cert:" and the common name of the subject. A URI must be
// absolute, and a common name must not begin as an absolute URI does, with a scheme and
// a colon: so neither can be taken for the other. The groups are "cert:" and each
// organization (O) of the subject.
type Certificates struct {
	// Now returns the time; nil means time.Now.
	Now func() time.Time
	// Verify returns the chains that lead from a connection's client certificate to
	// the authorities that the server trusts now; the error says why there are none.
	// It is called at each call, and must be fast while authorities stay the same.
	// Nil means that the chains that the handshake has verified count as long as the
	// connection lasts. See tlsconfig.Files.
	Verify func(state *tls.ConnectionState) (chains [][]*x509.Certificate, err error)
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
	chains := credentials.TLS.VerifiedChains
	if c.Verify != nil {
		var err error
		if chains, err = c.Verify(credentials.TLS); err != nil || len(chains) == 0 {
			return Identity{}, refuseCertificate("is no longer one that this server trusts", err)
		}
	}
	now := time.Now()
	if c.Now != nil {
		now = c.Now()
	}
	expires := expiry(chains, now)
	if !now.Before(expires) {
		return Identity{}, refuseCertificate("has expired", nil)
	}
	principal, err := subject(chains[0][0])
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

func refuseCertificate(what string, reason error) error {
	return &Refusal{Text: "the client's certificate " + what, Reason: reason}
}
