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

// clientFiles are a client's certificate with its key, and its authorities, as the files
// have them at each handshake. While they cannot be used, because one is half written or
// only one of a pair is replaced, those before stay in use. A pipe is read once. It is
// safe for concurrent use.
type clientFiles struct {
	options ClientOptions
	// certificate, key and authorities are nil if there is no such file.
	certificate, key, authorities *configfile.File

	mu sync.Mutex
	// pair was made of pairContent, and pool of poolContent.
	pair                     *tls.Certificate
	pool                     *x509.CertPool
	pairContent, poolContent []byte
	// pairFailure and poolFailure are what Stale was told last.
	pairFailure, poolFailure string
}

// openClientFiles reads the files, which must be good.
func openClientFiles(options ClientOptions) (*clientFiles, error) {
	f := &clientFiles{options: options}
	open := func(name string) *configfile.File {
		if name == "" {
			return nil
		}
		return options.Pipes.open(name)
	}
	f.certificate, f.key, f.authorities = open(options.CertFile), open(options.KeyFile), open(options.CAFile)
	if err := f.readAuthorities(); err != nil {
		return nil, err
	}
	if f.showsCertificate() {
		if err := f.readPair(); err != nil {
			return nil, err
		}
	}
	return f, nil
}

func (f *clientFiles) showsCertificate() bool { return f.certificate != nil || f.key != nil }

// clientCertificate is the pair of now.
func (f *clientFiles) clientCertificate() *tls.Certificate {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tell(&f.pairFailure, f.readPair())
	return f.pair
}

// roots are the system's authorities, and those of the file of now.
func (f *clientFiles) roots() *x509.CertPool {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tell(&f.poolFailure, f.readAuthorities())
	return f.pool
}

// tell tells the caller of a failure, once.
func (f *clientFiles) tell(told *string, err error) {
	text := ""
	if err != nil {
		text = err.Error()
	}
	if text != "" && text != *told && f.options.Stale != nil {
		f.options.Stale(err)
	}
	*told = text
}

// readPair takes the pair of the files into use. The caller holds mu, or has
// not handed f on yet.
func (f *clientFiles) readPair() error {
	fail := func(err error) error {
		return fmt.Errorf("client certificate in %q and key in %q: %w", f.options.CertFile, f.options.KeyFile, err)
	}
	if f.certificate == nil || f.key == nil {
		return fail(errors.New("both are needed"))
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

// readAuthorities takes the authorities into use. The caller holds mu, likewise.
func (f *clientFiles) readAuthorities() error {
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
		// There are none, or none that can be read: nothing is trusted by them.
		pool = x509.NewCertPool()
	}
	for _, authority := range authorities {
		pool.AddCert(authority)
	}
	f.pool, f.poolContent = pool, content
	return nil
}

// Pipes keeps what clients have read from pipes, for others that name the same ones: each
// can be read only once. The zero value has none. It is safe for concurrent use.
type Pipes struct {
	mu    sync.Mutex
	files map[string]*configfile.File
}

// open returns the file that a name stands for; p may be nil.
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
