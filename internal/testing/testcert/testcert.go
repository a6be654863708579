// Package testcert creates certificates for tests.
package testcert

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"time"
)

// Spec describes a certificate. The zero value is one without names, valid from an hour
// ago for a day.
type Spec struct {
	// Subject is the common name.
	Subject string
	// Organizations are the groups of the subject.
	Organizations []string
	// Hosts are its host names and IP addresses.
	Hosts []string
	// URIs are its URIs.
	URIs []string
	// NotAfter is when it expires.
	NotAfter time.Time
	// ClientOnly is whether it is not valid for servers.
	ClientOnly bool
	// Authority is whether it may sign other certificates.
	Authority bool
}

// Pair is a certificate and its key.
type Pair struct {
	Certificate *x509.Certificate
	Key         *ecdsa.PrivateKey
}

// NewAuthority creates a certificate that may sign other certificates.
func NewAuthority(subject string) (Pair, error) {
	return issue(nil, Spec{Subject: subject, Authority: true})
}

// SelfSigned creates a certificate that is signed with its own key.
func SelfSigned(spec Spec) (Pair, error) { return issue(nil, spec) }

// Issue creates a certificate that the authority p signs.
func (p Pair) Issue(spec Spec) (Pair, error) { return issue(&p, spec) }

func issue(authority *Pair, spec Spec) (Pair, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return Pair{}, err
	}
	if spec.NotAfter.IsZero() {
		spec.NotAfter = time.Now().Add(24 * time.Hour)
	}
	begin := time.Now().Add(-time.Hour)
	if spec.NotAfter.Before(begin) {
		begin = spec.NotAfter.Add(-time.Hour)
	}
	template := &x509.Certificate{
		Subject:               pkix.Name{CommonName: spec.Subject, Organization: spec.Organizations},
		NotBefore:             begin,
		NotAfter:              spec.NotAfter,
		KeyUsage:              x509.KeyUsageDigitalSignature,
		BasicConstraintsValid: true,
		IsCA:                  spec.Authority,
	}
	if spec.Authority {
		template.KeyUsage |= x509.KeyUsageCertSign
	} else {
		template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
		if !spec.ClientOnly {
			template.ExtKeyUsage = append(template.ExtKeyUsage, x509.ExtKeyUsageServerAuth)
		}
	}
	for _, host := range spec.Hosts {
		if ip := net.ParseIP(host); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, host)
		}
	}
	for _, text := range spec.URIs {
		uri, err := url.Parse(text)
		if err != nil {
			return Pair{}, err
		}
		template.URIs = append(template.URIs, uri)
	}
	signer := Pair{template, key}
	if authority != nil {
		signer = *authority
	}
	der, err := x509.CreateCertificate(rand.Reader, template, signer.Certificate, key.Public(), signer.Key)
	if err != nil {
		return Pair{}, err
	}
	certificate, err := x509.ParseCertificate(der)
	return Pair{certificate, key}, err
}

// TLS returns the pair for crypto/tls.
func (p Pair) TLS() tls.Certificate {
	return tls.Certificate{Certificate: [][]byte{p.Certificate.Raw}, PrivateKey: p.Key, Leaf: p.Certificate}
}

// CertificatePEM returns the certificate in PEM format.
func (p Pair) CertificatePEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: p.Certificate.Raw})
}

// KeyPEM returns the key in PEM format.
func (p Pair) KeyPEM() ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(p.Key)
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), err
}

// Write writes the certificate and the key to NAME.pem and NAME.key in dir, and returns
// their paths. It overwrites existing files in place.
func (p Pair) Write(dir, name string) (certificate, key string, err error) {
	content, err := p.KeyPEM()
	certificate, key = filepath.Join(dir, name+".pem"), filepath.Join(dir, name+".key")
	return certificate, key, errors.Join(err,
		os.WriteFile(certificate, p.CertificatePEM(), 0o600),
		os.WriteFile(key, content, 0o600))
}
