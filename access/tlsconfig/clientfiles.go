package tlsconfig

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"sync"

	"github.com/tranship/tranship/internal/configfile"
)

// clientFiles has the certificate of a client, its key, and its authorities, as they are in
// files at each handshake. While files cannot be used, because one is incomplete or only
// one of a pair was replaced, the last valid ones stay in use. A pipe is read only once.
// clientFiles is safe for concurrent use.
type clientFiles struct {
	options ClientOptions
	// certificate, key and authorities are nil if there is no such file.
	certificate, key, authorities *configfile.File

	mu sync.Mutex
	// pair was parsed from pairContent, and pool from poolContent.
	pair                     *tls.Certificate
	pool                     *x509.CertPool
	pairContent, poolContent []byte
	// pairFailure and poolFailure are the last errors reported to Stale.
	pairFailure, poolFailure string
}

// openClientFiles reads the files. It fails if they cannot be used.
func openClientFiles(options ClientOptions) (*clientFiles, error) {
	f := &clientFiles{options: options}
	open := func(name string) *configfile.File {
		if name == "" {
			return nil
		}
		return options.Pipes.open(name)
	}
	f.certificate, f.key, f.authorities = open(options.CertFile), open(options.KeyFile), open(options.CAFile)
	if err := f.readAuthoritiesLocked(); err != nil {
		return nil, err
	}
	if f.hasCertificate() {
		if err := f.readPairLocked(); err != nil {
			return nil, err
		}
	}
	return f, nil
}

func (f *clientFiles) hasCertificate() bool { return f.certificate != nil || f.key != nil }

// clientCertificate returns the current certificate with its key.
func (f *clientFiles) clientCertificate() *tls.Certificate {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.reportLocked(&f.pairFailure, f.readPairLocked())
	return f.pair
}

// roots returns the authorities of the system and of the file.
func (f *clientFiles) roots() *x509.CertPool {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.reportLocked(&f.poolFailure, f.readAuthoritiesLocked())
	return f.pool
}

// reportLocked reports an error to Stale, unless it is the last one reported.
func (f *clientFiles) reportLocked(last *string, err error) {
	text := ""
	if err != nil {
		text = err.Error()
	}
	if text != "" && text != *last && f.options.Stale != nil {
		f.options.Stale(err)
	}
	*last = text
}

// readPairLocked reads the certificate and the key, and replaces pair if they have changed.
func (f *clientFiles) readPairLocked() error {
	fail := func(err error) error {
		return fmt.Errorf("client certificate in %q and key in %q: %w", f.options.CertFile, f.options.KeyFile, err)
	}
	if f.certificate == nil || f.key == nil {
		return fail(errors.New("a certificate and its key must be set together"))
	}
	certificate, _, err := f.certificate.Read()
	if err != nil {
		return fail(err)
	}
	key, _, err := f.key.Read()
	if err != nil {
		return fail(err)
	}
	content := append(append(bytes.Clone(certificate), 0), key...)
	if f.pair != nil && bytes.Equal(content, f.pairContent) {
		return nil
	}
	pair, err := tls.X509KeyPair(certificate, key)
	if err != nil {
		return fail(err)
	}
	f.pair, f.pairContent = &pair, content
	return nil
}

// readAuthoritiesLocked reads the authorities, and replaces pool if they have changed.
func (f *clientFiles) readAuthoritiesLocked() error {
	var content []byte
	var authorities []*x509.Certificate
	if f.authorities != nil {
		var err error
		if content, _, err = f.authorities.Read(); err != nil {
			return fmt.Errorf("certificate authorities: open %w", err)
		}
		if f.pool != nil && bytes.Equal(content, f.poolContent) {
			return nil
		}
		if authorities, err = parseCertificates(content); err != nil {
			return fmt.Errorf("certificate authorities in %s: %w", f.options.CAFile, err)
		}
	} else if f.pool != nil {
		return nil
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		// The system has no authorities, or none that can be read.
		pool = x509.NewCertPool()
	}
	for _, authority := range authorities {
		pool.AddCert(authority)
	}
	f.pool, f.poolContent = pool, content
	return nil
}

// Pipes keeps the content of pipes, each of which can be read only once, for several
// configurations that use the same pipes. The zero value is empty and ready to use. It is
// safe for concurrent use.
type Pipes struct {
	mu    sync.Mutex
	files map[string]*configfile.File
}

// open returns the file with a name. p may be nil.
func (p *Pipes) open(name string) *configfile.File {
	if p == nil {
		return configfile.New(name, configfile.Options{Streams: true})
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	file := p.files[name]
	if file == nil {
		file = configfile.New(name, configfile.Options{Streams: true})
		if p.files == nil {
			p.files = map[string]*configfile.File{}
		}
		p.files[name] = file
	}
	return file
}
