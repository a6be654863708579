package doctor

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"strings"
	"sync"
	"time"
)

// soon is when a certificate should have been renewed: authorities whose certificates last for
// 90 days renew them 30 days before.
const soon = 14 * 24 * time.Hour

// seenCertificates has what a server has sent in its last handshake. It is safe for concurrent use.
type seenCertificates struct {
	mu    sync.Mutex
	chain []*x509.Certificate
	// asked means that the server has asked for a client certificate.
	asked bool
}

// watch returns a configuration that records what the server sends, also if it is not trusted.
func (s *seenCertificates) watch(config *tls.Config) *tls.Config {
	config = config.Clone()
	verify, certificate := config.VerifyConnection, config.GetClientCertificate
	config.VerifyConnection = func(state tls.ConnectionState) error {
		s.mu.Lock()
		s.chain = state.PeerCertificates
		s.mu.Unlock()
		if verify == nil {
			return nil
		}
		return verify(state)
	}
	config.GetClientCertificate = func(request *tls.CertificateRequestInfo) (*tls.Certificate, error) {
		s.mu.Lock()
		s.asked = true
		s.mu.Unlock()
		if certificate == nil {
			return &tls.Certificate{}, nil
		}
		return certificate(request)
	}
	return config
}

// certificate reports what is wrong with the certificate of the server. Whether it is trusted is
// the matter of connect.
func (e *examination) certificate() {
	if e.Client.TLS == nil {
		return
	}
	e.seen.mu.Lock()
	chain := e.seen.chain
	e.seen.mu.Unlock()
	if len(chain) == 0 {
		e.report(checkCertificate, Note, "", "the server has sent no certificate")
		return
	}
	leaf, now := chain[0], e.Now()
	good := e.validity("the server's certificate", leaf, now)
	host := e.Client.TLS.ServerName
	if err := leaf.VerifyHostname(host); host != "" && err != nil {
		good = false
		e.report(checkCertificate, Warning, "use one of its names, or add the name to the certificate; a client with --fingerprint or a known key does not look at names",
			"the certificate is not for %s: %v", host, err)
	}
	if isSelfSigned(leaf) {
		e.report(checkCertificate, Note, "", "the server has signed its certificate itself: clients know it by its fingerprint")
		return
	}
	if len(chain) == 1 && e.conn == nil {
		_, err := leaf.Verify(x509.VerifyOptions{CurrentTime: now})
		if _, unknown := errors.AsType[x509.UnknownAuthorityError](err); unknown {
			e.report(checkCertificate, Note, "if the authority is not a root of the client, put the certificates between into the server's file, after its own: --tls-cert",
				"the server sends no certificate of %q, which has signed its own, and this system does not know it", leaf.Issuer.CommonName)
		}
	}
	for _, above := range chain[1:] {
		good = e.validity("the certificate of the authority "+above.Subject.CommonName, above, now) && good
	}
	if good {
		e.report(checkCertificate, Good, "", "valid until %s, for %s, signed by %q", leaf.NotAfter.UTC().Format(time.DateOnly), names(leaf), leaf.Issuer.CommonName)
	}
}

// names returns the names that a certificate is for.
func names(certificate *x509.Certificate) string {
	all := append([]string(nil), certificate.DNSNames...)
	for _, ip := range certificate.IPAddresses {
		all = append(all, ip.String())
	}
	return strings.Join(all, ", ")
}

func isSelfSigned(certificate *x509.Certificate) bool {
	return certificate.CheckSignature(certificate.SignatureAlgorithm, certificate.RawTBSCertificate, certificate.Signature) == nil
}

// validity reports a certificate that is not valid now, or not for long. It returns whether there
// is nothing to report.
func (e *examination) validity(what string, certificate *x509.Certificate, now time.Time) bool {
	level := Problem
	if e.conn != nil {
		level = Warning // a client that knows the key does not look at times
	}
	switch begin, end := certificate.NotBefore, certificate.NotAfter; {
	case now.Before(begin):
		e.report(checkCertificate, level, "check the clock of this machine, and that of the machine that issued the certificate",
			"%s is not valid before %s, and here it is %s", what, begin.UTC().Format(time.RFC3339), now.UTC().Format(time.RFC3339))
	case now.After(end):
		e.report(checkCertificate, level, "renew it; the server reads its files again by itself", "%s has expired on %s", what, end.UTC().Format(time.RFC3339))
	case end.Sub(now) < soon && end.Sub(begin) > 2*soon:
		e.report(checkCertificate, Warning, "renew it; the server reads its files again by itself", "%s expires in %.0f days, on %s", what, end.Sub(now).Hours()/24, end.UTC().Format(time.DateOnly))
	default:
		return true
	}
	return false
}

// clientCertificate reports what is wrong with the certificate of the client.
func (e *examination) clientCertificate() {
	if e.Client.TLS == nil {
		return
	}
	e.seen.mu.Lock()
	asked := e.seen.asked
	e.seen.mu.Unlock()
	own, err := e.Client.TLS.GetClientCertificate(&tls.CertificateRequestInfo{})
	if err != nil || len(own.Certificate) == 0 {
		return
	}
	leaf, err := x509.ParseCertificate(own.Certificate[0])
	switch {
	case err != nil:
		return
	case !e.validity("the client's certificate", leaf, e.Now()):
	case !asked:
		e.report(checkCertificate, Warning, "let the proxy pass TLS through, or use a token; at a server, --client-ca",
			"the other end did not ask for the client's certificate: a proxy ends TLS, or the server has no authority for clients")
	default:
		e.report(checkCertificate, Good, "", "the server asked for the client's certificate, which is valid until %s", leaf.NotAfter.UTC().Format(time.DateOnly))
	}
}
