package tlsconfig

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"time"
)

// ClientOptions configure which servers a client trusts, and which certificate it sends.
// The zero value trusts the servers whose certificates lead to an authority of the system.
//
// The first of these rules that applies decides whether a server is trusted:
//
//  1. If Fingerprints is not empty, the server's key must have one of them. Nothing else
//     is checked.
//  2. If KnownHostsFile has keys for the server's address, the server must have one of
//     them, whatever its certificate. Otherwise the error is a *ChangedKeyError.
//  3. If an authority of the system or of CAFile has signed the server's certificate, the
//     certificate must be valid now and for the host of the address.
//  4. If TrustOnFirstUse is set, the server's key is added to KnownHostsFile and trusted.
//     Otherwise the error is an *UnknownServerError.
//
// So a certificate that an authority has signed, but that has expired or is for another
// name, is never trusted on first use.
type ClientOptions struct {
	// CAFile is a PEM file of authorities that the client trusts in addition to those of
	// the system; "" for none.
	CAFile string
	// Fingerprints, if not empty, are the fingerprints of the keys that the server may
	// have.
	Fingerprints []Fingerprint
	// KnownHostsFile is a file with the keys of known servers; "" for none. It need not
	// exist.
	KnownHostsFile string
	// TrustOnFirstUse adds the keys of unknown servers to KnownHostsFile.
	TrustOnFirstUse bool
	// Trusted, if not nil, is called after a key was added to KnownHostsFile, by the
	// goroutine that connects.
	Trusted func(KnownHost)
	// CertFile and KeyFile are PEM files with the certificate that the client sends to
	// servers that ask for one, and its key; "" for none.
	CertFile, KeyFile string
	// Pipes, if not nil, is shared by configurations whose files may be the same pipes.
	Pipes *Pipes
	// Stale, if not nil, is called when the files of a certificate, a key or authorities
	// can no longer be used, once for each reason, by the goroutine that connects.
	Stale func(error)
	// MinVersion is tls.VersionTLS12 or tls.VersionTLS13; 0 means DefaultMinVersion.
	MinVersion uint16
	// Now returns the current time; nil means time.Now.
	Now func() time.Time
}

// Client returns the configuration for connections to the server at address, "host:port",
// and to no other server. It is safe for concurrent use.
//
// Client reads the files, and each connection reads them again, so that a new certificate,
// key or authority is used from the next connection on. While files cannot be used, their
// last valid content is. A pipe is read only once. If a server is not trusted, the
// handshake fails with an error that matches tranship.ErrUnauthenticated.
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
	// A zone has a meaning only on this machine: certificates do not have it.
	if ip, err := netip.ParseAddr(host); err == nil {
		host = ip.WithZone("").String()
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
		// verify decides instead of crypto/tls, for each connection, including those that
		// resume a session.
		InsecureSkipVerify: true, //nolint:gosec // verify does it
		VerifyConnection:   c.verify,
	}
	if !c.files.hasCertificate() {
		return config, nil
	}
	// The client sends its certificate even if none of the authorities that the server
	// names has signed it. The server then reports what is wrong with the certificate
	// instead of a missing one.
	config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
		return c.files.clientCertificate(), nil
	}
	return config, nil
}

// client decides whether one server is trusted.
type client struct {
	options ClientOptions
	// address has the form of knownAddress, and host is its host without a zone.
	address, host string
	files         *clientFiles
}

// verify is the tls.Config.VerifyConnection. The handshake then proves that the server has
// the key whose fingerprint verify checks.
func (c *client) verify(state tls.ConnectionState) error {
	if len(state.PeerCertificates) == 0 {
		return &untrustedError{c.address, errors.New("it sent no certificate")}
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
			return c.checkKnown(fingerprint, keys)
		}
	}
	failure := c.verifyChain(state.PeerCertificates, x509.VerifyOptions{CurrentTime: c.options.Now(), DNSName: c.host})
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
	return c.checkKnown(fingerprint, keys)
}

// checkKnown returns a *ChangedKeyError unless the server has one of its known keys.
func (c *client) checkKnown(fingerprint Fingerprint, keys []KnownHost) error {
	if slices.ContainsFunc(keys, func(key KnownHost) bool { return key.Fingerprint == fingerprint }) {
		return nil
	}
	return &ChangedKeyError{Address: c.address, Fingerprint: fingerprint, Known: keys}
}

// verifyChain returns an error if the first certificate of a chain is not valid or does not
// lead to an authority that the client trusts.
func (c *client) verifyChain(chain []*x509.Certificate, options x509.VerifyOptions) error {
	options.Roots, options.Intermediates = c.files.roots(), x509.NewCertPool()
	for _, certificate := range chain[1:] {
		options.Intermediates.AddCert(certificate)
	}
	_, err := chain[0].Verify(options)
	return err
}

// isSigned reports whether an authority has signed the first certificate of a chain, even
// if the certificate is for another time, name or use.
func (c *client) isSigned(chain []*x509.Certificate) bool {
	for _, when := range []time.Time{c.options.Now(), chain[0].NotBefore, chain[0].NotAfter} {
		any := []x509.ExtKeyUsage{x509.ExtKeyUsageAny}
		if c.verifyChain(chain, x509.VerifyOptions{CurrentTime: when, KeyUsages: any}) == nil {
			return true
		}
	}
	return false
}
