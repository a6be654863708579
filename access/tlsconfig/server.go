package tlsconfig

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tranship/tranship/internal/configfile"
)

// checkInterval is the shortest time between two checks whether files have changed.
const checkInterval = time.Second

// ServerOptions configure the certificate of a server, and the certificates that it
// requires of clients. Set either CertFile and KeyFile, or SelfSigned.
type ServerOptions struct {
	// CertFile is a PEM file with the certificate of the server, followed by the
	// intermediate certificates that lead to its authority. KeyFile is a PEM file with the
	// key.
	CertFile, KeyFile string
	// SelfSigned makes and keeps a certificate and its key.
	SelfSigned *SelfSigned
	// ClientCAFile is a PEM file with authorities, one of which must have signed a
	// client's certificate; "" means that the server does not ask for certificates.
	ClientCAFile string
	// ClientCertOptional allows clients without a certificate. A certificate that a client
	// sends must be valid all the same.
	ClientCertOptional bool
	// MinVersion is tls.VersionTLS12 or tls.VersionTLS13; 0 means DefaultMinVersion.
	MinVersion uint16
	// Logger receives a line for each certificate that comes into use, and for files that
	// cannot be used; nil discards them.
	Logger *slog.Logger
	// Now returns the current time; nil means time.Now.
	Now func() time.Time
}

// Server returns the Config of the Files that OpenFiles returns. It is safe for concurrent
// use.
func Server(options ServerOptions) (*tls.Config, error) {
	files, err := OpenFiles(options)
	if err != nil {
		return nil, err
	}
	return files.Config(), nil
}

// Files has the certificate of a server, its key, and the authorities of its clients, as
// they are in files. Handshakes and VerifyClient read the files again, at most once a
// second, and use the new content from then on. If the new content cannot be used, because
// a file is missing or incomplete, the key does not belong to the certificate, or other
// users can change or replace a file, the server continues with the last valid content, and
// logs an error at once and then every minute. Only OpenFiles makes the key of a SelfSigned.
// Files starts no goroutines. A pipe is read only once. Files is safe for concurrent use.
type Files struct {
	// options has the names of the files, including those of a SelfSigned.
	options ServerOptions
	version uint16
	// certificate, key and authorities are nil if there is no such file.
	certificate, key, authorities *configfile.File
	current                       atomic.Pointer[loadedFiles]

	// mu guards the rest. A caller that cannot lock it uses current instead of waiting.
	mu      sync.Mutex
	checked time.Time
	// selfSigned is the directory of a SelfSigned, as it was first opened.
	selfSigned fs.FileInfo
	// digest is the digest of the contents that are in use.
	digest [sha256.Size]byte
	// problem is why the files cannot be used.
	problem configfile.Problem
}

// loadedFiles is the configuration made of the contents of files. It is never changed.
type loadedFiles struct {
	config *tls.Config
	// authorities has the DER of each of config.ClientCAs.
	authorities map[string]struct{}
}

// OpenFiles reads the files of a server. It fails if they cannot be used.
func OpenFiles(options ServerOptions) (*Files, error) {
	version, err := minVersion(options.MinVersion)
	if err != nil {
		return nil, err
	}
	switch {
	case options.SelfSigned == nil && (options.CertFile == "" || options.KeyFile == ""):
		return nil, errors.New("a server needs a certificate and its key")
	case options.SelfSigned != nil && (options.CertFile != "" || options.KeyFile != ""):
		return nil, errors.New("a certificate is either self-signed or comes from files")
	}
	f := &Files{version: version}
	if options.SelfSigned != nil {
		options.CertFile, options.KeyFile = options.SelfSigned.names()
	} else {
		f.certificate, f.key = guarded(options.CertFile), guarded(options.KeyFile)
	}
	if options.ClientCAFile != "" {
		f.authorities = guarded(options.ClientCAFile)
	}
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	if options.Now == nil {
		options.Now = time.Now
	}
	f.options = options
	if err := f.reloadLocked(options.Now()); err != nil {
		return nil, err
	}
	return f, nil
}

// guarded returns a file that only root and the server's user may be able to change.
func guarded(name string) *configfile.File {
	return configfile.New(name, configfile.Options{Guard: configfile.GuardPath, Streams: true})
}

// Config returns a configuration that follows the files. A client that resumes a session
// is verified against the current authorities.
func (f *Files) Config() *tls.Config {
	return &tls.Config{
		MinVersion: f.version,
		NextProtos: protocols(),
		Time:       f.options.Now,
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
			return f.load().config, nil
		},
	}
}

// load returns the current configuration. It reads the files if a check is due and no
// other caller is reading them.
func (f *Files) load() *loadedFiles {
	if f.mu.TryLock() {
		defer f.mu.Unlock()
		now := f.options.Now()
		if since := now.Sub(f.checked); since >= checkInterval || since < 0 {
			if err := f.reloadLocked(now); err != nil && f.problem.Note(err, now) {
				f.options.Logger.Error("TLS files cannot be used; the last valid ones stay in use", "error", err)
			}
		}
	}
	return f.current.Load()
}

// CheckHealth fails if clients must refuse the certificate, because it has expired or is not
// valid yet. Files that cannot be used are no failure while the last valid ones are in use.
// It has the method of a tranship.HealthChecker.
func (f *Files) CheckHealth(context.Context) error {
	leaf, now := f.load().config.Certificates[0].Leaf, f.options.Now()
	switch {
	case now.After(leaf.NotAfter):
		return fmt.Errorf("the TLS certificate expired at %s", leaf.NotAfter.UTC().Format(time.RFC3339))
	case now.Before(leaf.NotBefore):
		return fmt.Errorf("the TLS certificate is not valid before %s", leaf.NotBefore.UTC().Format(time.RFC3339))
	}
	return nil
}

// VerifyClient returns the chains from the client certificate of a connection to the
// current authorities, which may have changed since the handshake. It returns an error if
// there are none. It is fast while an authority of the handshake's chains is still among
// the current ones.
func (f *Files) VerifyClient(state *tls.ConnectionState) ([][]*x509.Certificate, error) {
	current := f.load()
	var chains [][]*x509.Certificate
	for _, chain := range state.VerifiedChains {
		if _, trusted := current.authorities[string(chain[len(chain)-1].Raw)]; trusted {
			chains = append(chains, chain)
		}
	}
	switch {
	case len(chains) > 0:
		return chains, nil
	case len(current.authorities) == 0:
		return nil, errors.New("the server has no authorities for client certificates")
	case len(state.PeerCertificates) == 0:
		return nil, errors.New("the client sent no certificate")
	}
	options := x509.VerifyOptions{
		Roots:         current.config.ClientCAs,
		Intermediates: x509.NewCertPool(),
		CurrentTime:   f.options.Now(),
		KeyUsages:     []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	for _, certificate := range state.PeerCertificates[1:] {
		options.Intermediates.AddCert(certificate)
	}
	return state.PeerCertificates[0].Verify(options)
}

// reloadLocked reads the files and replaces the current configuration if the contents are
// not those in use. It compares contents because the times of files do not reveal every
// change, such as a swapped link or two changes in quick succession.
func (f *Files) reloadLocked(now time.Time) error {
	f.checked = now
	files, err := f.readLocked(now)
	if err != nil {
		return err
	}
	digest := files.digest()
	if digest == f.digest && !f.problem.Is() {
		return nil
	}
	current, err := f.build(files)
	if err != nil {
		return err
	}
	f.digest = digest
	f.problem.Clear()
	f.current.Store(current)
	if files.keyReadable {
		f.options.Logger.Warn("other users of this machine can read the TLS key: chmod 600 it", "file", f.options.KeyFile)
	}
	leaf := current.config.Certificates[0].Leaf
	attributes := []any{"fingerprint", FingerprintOf(leaf), "expires", leaf.NotAfter.UTC().Format(time.RFC3339)}
	if now.After(leaf.NotAfter) {
		f.options.Logger.Warn("TLS certificate has expired: clients will refuse it", attributes...)
	} else {
		f.options.Logger.Info("TLS certificate", attributes...)
	}
	return nil
}
