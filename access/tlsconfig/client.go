package tlsconfig

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"slices"
	"time"
)

// ClientOptions say which servers a client trusts, and what it shows them. The zero
// value trusts those that the system's authorities vouch for.
//
// A server that gets through the first of these that applies is trusted:
//
//  1. With Fingerprints, its key must have one of them. Nothing else is looked at.
//  2. If KnownHostsFile has keys of its address, it must have one of them, whatever
//     its certificate says: another one is a *ChangedKeyError.
//  3. Its certificate is valid now, for the host of its address, and leads to an
//     authority of the system or of CAFile.
//  4. With TrustOnFirstUse, and if no such authority has signed its certificate, its
//     key is added to KnownHostsFile. Without it that is an *UnknownServerError.
//
// A certificate that an authority has signed, but that has expired or is for another
// name, is never trusted on first use.
type ClientOptions struct {
	// CAFile has further authorities, in PEM format, beside the system's.
	CAFile string
	// Fingerprints, if there are any, are those of the keys that a server may have.
	Fingerprints []Fingerprint
	// KnownHostsFile remembers the keys of servers that no authority vouches for; ""
	// for none. It need not exist.
	KnownHostsFile string
	// TrustOnFirstUse adds the keys of unknown servers to KnownHostsFile.
	TrustOnFirstUse bool
	// Trusted is called when that has been done, by the goroutine that connects; may
	// be nil.
	Trusted func(KnownHost)
	// CertFile and KeyFile are what the client shows to servers that ask for a
	// certificate, in PEM format; "" for none.
	CertFile, KeyFile string
	// Pipes, when not nil, is shared by configurations that name the same pipes as files.
	Pipes *Pipes
	// Stale is called, by the goroutine that connects, when a file of certificates or
	// keys cannot be used any more, once for each reason; may be nil.
	Stale func(error)
	// MinVersion is tls.VersionTLS12 or tls.VersionTLS13; 0: DefaultMinVersion.
	MinVersion uint16
	// Now is the clock; nil: time.Now.
	Now func() time.Time
}

// Client returns the configuration for connections to the server at address,
// "host:port", and to no other. It reads its files now, and again at each connection,
// so that a certificate, key or authority that is replaced counts from the next one on;
// while they cannot be used, what they had before does. A pipe is read once. That a server
// is not trusted is an error of the handshake that matches tranship.ErrUnauthenticated.
func Client(address string, options ClientOptions) (*tls.Config, error) {
	version, err := minVersion(options.MinVersion)
	if err != nil {
		return nil, err
	}
	known, err := knownAddress(address)
	if err != nil {
		return nil, err
	}
	host, _, err := net.SplitHostPort(known)
	if err != nil {
		return nil, err
	}
	if options.TrustOnFirstUse && options.KnownHostsFile == "" {
		return nil, errors.New("trust on first use needs a file of known hosts")
	}
	if options.Now == nil {
		options.Now = time.Now
	}
	c := &client{options: options, address: known, host: host}
	if c.files, err = openClientFiles(options); err != nil {
		return nil, err
	}
	config := &tls.Config{
		MinVersion: version,
		NextProtos: protocols(),
		ServerName: host,
		Time:       options.Now,
		// Not crypto/tls decides, but verify, for each connection, also one that
		// resumes a session.
		InsecureSkipVerify: true, //nolint:gosec // verify does it
		VerifyConnection:   c.verify,
	}
	if !c.files.showsCertificate() {
		return config, nil
	}
	// It is shown also when another authority than the server's has signed it: the
	// server then says what is wrong with it, rather than that it is missing.
	config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
		return c.files.clientCertificate(), nil
	}
	return config, nil
}

// client decides about one server.
type client struct {
	options ClientOptions
	// address is in the form of knownAddress; host is its host.
	address, host string
	files         *clientFiles
}

// verify is the tls.Config.VerifyConnection. That the server has the key whose
// fingerprint is looked at here, the handshake proves afterwards.
func (c *client) verify(state tls.ConnectionState) error {
	if len(state.PeerCertificates) == 0 {
		return &untrustedError{c.address, errors.New("it shows no certificate")}
	}
	leaf := state.PeerCertificates[0]
	fingerprint := FingerprintOf(leaf)
	if expected := c.options.Fingerprints; len(expected) > 0 {
		if slices.Contains(expected, fingerprint) {
			return nil
		}
		return &untrustedError{c.address, fmt.Errorf("its fingerprint is %v, and not %v", fingerprint, expected)}
	}
	if c.options.KnownHostsFile != "" {
		hosts, err := readKnownHosts(c.options.KnownHostsFile)
		if err != nil {
			return &untrustedError{c.address, err}
		}
		if keys := keysOf(hosts, c.address); len(keys) > 0 {
			return c.known(fingerprint, keys)
		}
	}
	failure := c.vouchedFor(state.PeerCertificates, x509.VerifyOptions{CurrentTime: c.options.Now(), DNSName: c.host})
	if failure == nil {
		return nil
	}
	if c.isSigned(state.PeerCertificates) {
		return &untrustedError{c.address, explain(failure)}
	}
	if !c.options.TrustOnFirstUse {
		return &UnknownServerError{Address: c.address, Fingerprint: fingerprint}
	}
	keys, added, err := addKnownHost(c.options.KnownHostsFile, c.address, fingerprint)
	if err != nil {
		return &untrustedError{c.address, err}
	}
	if added && c.options.Trusted != nil {
		c.options.Trusted(keys[0])
	}
	return c.known(fingerprint, keys)
}

// known decides by the keys that a server is known to have.
func (c *client) known(fingerprint Fingerprint, keys []KnownHost) error {
	if slices.ContainsFunc(keys, func(key KnownHost) bool { return key.Fingerprint == fingerprint }) {
		return nil
	}
	return &ChangedKeyError{Address: c.address, Fingerprint: fingerprint, Known: keys}
}

// vouchedFor says why no authority vouches for the first certificate of a chain.
func (c *client) vouchedFor(chain []*x509.Certificate, options x509.VerifyOptions) error {
	options.Roots, options.Intermediates = c.files.roots(), x509.NewCertPool()
	for _, certificate := range chain[1:] {
		options.Intermediates.AddCert(certificate)
	}
	_, err := chain[0].Verify(options)
	return err
}

// isSigned says whether an authority has signed a certificate that cannot be used: for
// another time, name or use.
func (c *client) isSigned(chain []*x509.Certificate) bool {
	for _, when := range []time.Time{c.options.Now(), chain[0].NotBefore, chain[0].NotAfter} {
		any := []x509.ExtKeyUsage{x509.ExtKeyUsageAny}
		if c.vouchedFor(chain, x509.VerifyOptions{CurrentTime: when, KeyUsages: any}) == nil {
			return true
		}
	}
	return false
}
