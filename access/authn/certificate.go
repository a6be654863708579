package authn

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"slices"
	"time"
)

// SourceCertificate is the access.Principal.Source of callers with a certificate.
const SourceCertificate = "certificate"

// certificatePrefix is the prefix of names and groups from certificates.
const certificatePrefix = "cert:"

// Certificates authenticates clients by the certificates of their connections. It accepts
// only certificates that the server's tls.Config has verified, which must have ClientCAs
// and either tls.VerifyClientCertIfGiven or tls.RequireAndVerifyClientCert. For each call
// it checks that the certificate has not expired and, with Verify, that it is still
// trusted.
//
// The name of a principal is "cert:" followed by the first URI of the subject's
// alternative names, as in SPIFFE, or by the common name of the subject if there is no
// URI. A URI must be absolute, and a common name must not begin as an absolute URI does,
// with a scheme and a colon, so that neither can be mistaken for the other. The groups are
// "cert:" followed by each organization (O) of the subject.
//
// Certificates is safe for concurrent use if its functions are.
type Certificates struct {
	// Now returns the current time; nil means time.Now.
	Now func() time.Time
	// Verify returns the chains from the client certificate of a connection to the
	// authorities that the server trusts now, or an error if there are none. It is called
	// for each call and must be fast while the authorities stay the same. nil means that
	// the chains that the handshake has verified are valid for the whole connection. See
	// tlsconfig.Files.VerifyClient.
	Verify func(state *tls.ConnectionState) (chains [][]*x509.Certificate, err error)
}

var _ Authenticator = Certificates{}

// Authenticate implements Authenticator.
func (c Certificates) Authenticate(_ context.Context, credentials Credentials) (Identity, error) {
	if credentials.TLS == nil {
		return Identity{}, ErrNotMine
	}
	if len(credentials.TLS.VerifiedChains) == 0 {
		return Identity{}, refuseCertificate("is not trusted by this server", errors.New("the server's TLS did not verify the certificate"))
	}
	chains := credentials.TLS.VerifiedChains
	if c.Verify != nil {
		var err error
		if chains, err = c.Verify(credentials.TLS); err != nil || len(chains) == 0 {
			return Identity{}, refuseCertificate("is no longer trusted by this server", err)
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

// expiry returns when the last of the chains expires, except for chains with a certificate
// that is not yet valid.
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
