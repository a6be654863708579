package tlsconfig

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tranship/tranship/internal/configfile"
)

// lookInterval is how often at most a server looks whether its files have changed.
const lookInterval = time.Second

// ServerOptions say what a server shows and what it demands. Either both files or
// SelfSigned must be set.
type ServerOptions struct {
	// CertFile has the certificate and those that lead to its authority, KeyFile its
	// key, in PEM format.
	CertFile, KeyFile string
	// SelfSigned makes and keeps both, instead.
	SelfSigned *SelfSigned
	// ClientCAFile has the authorities, in PEM format, of which one must have signed
	// a client's certificate. Without it clients are not asked for one.
	ClientCAFile string
	// ClientCertOptional lets clients in that have no certificate. One that is shown
	// must be valid all the same.
	ClientCertOptional bool
	// MinVersion is tls.VersionTLS12 or tls.VersionTLS13; 0: DefaultMinVersion.
	MinVersion uint16
	// Logger gets a line for each certificate that comes into use, and for files
	// that cannot be. Nil: nothing is logged.
	Logger *slog.Logger
	// Now is the clock; nil: time.Now.
	Now func() time.Time
}

// Server returns a server's configuration, that of Files, which is safe for concurrent
// use.
func Server(options ServerOptions) (*tls.Config, error) {
	files, err := OpenFiles(options)
	if err != nil {
		return nil, err
	}
	return files.Config(), nil
}

// Files are a server's certificate, its key, and the authorities of its clients, as the
// files have them at the moment. The files are read again by a handshake or a
// VerifyClient, once a second at most: what has changed counts from then on. When it
// cannot be used, because it is half written, a key is another certificate's, or other
// users can change or replace a file, the server goes on with what it had, and logs an
// error. Nothing runs between. A file that is a pipe is read once. Files is safe for
// concurrent use.
type Files struct {
	// options name the files also of a SelfSigned.
	options ServerOptions
	version uint16
	// certificate, key and authorities are nil if there is no such file.
	certificate, key, authorities *configfile.File
	current                       atomic.Pointer[inUse]

	// looking is held by the one who looks.
	looking sync.Mutex
	looked  time.Time
	// selfSigned is the directory of a SelfSigned, as it was opened first.
	selfSigned fs.FileInfo
	// seen is what was found then.
	seen [sha256.Size]byte
}

// inUse is what was made of the files. It is never changed.
type inUse struct {
	config *tls.Config
	// authorities has the DER of each of config.ClientCAs.
	authorities map[string]struct{}
}

// OpenFiles reads a server's files. It fails when they cannot be used.
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
	if err := f.look(options.Now()); err != nil {
		return nil, err
	}
	return f, nil
}

// guarded is a file that only root and the server's user may change.
func guarded(name string) *configfile.File {
	return configfile.New(name, configfile.Options{Guard: configfile.GuardPath, Streams: true})
}

// Config is the configuration of a server. A connection that resumes a session is
// checked against the authorities of now.
func (f *Files) Config() *tls.Config {
	return &tls.Config{
		MinVersion: f.version,
		NextProtos: protocols(),
		Time:       f.options.Now,
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
			return f.now().config, nil
		},
	}
}

// now is what is in use. Callers go on with what there is while one of them looks.
func (f *Files) now() *inUse {
	if f.looking.TryLock() {
		defer f.looking.Unlock()
		now := f.options.Now()
		if since := now.Sub(f.looked); since >= lookInterval || since < 0 {
			if err := f.look(now); err != nil {
				f.options.Logger.Error("TLS files cannot be used; those before stay in use", "error", err)
			}
		}
	}
	return f.current.Load()
}

// VerifyClient returns the chains that lead from the client's certificate of a connection
// to the authorities of now, which may be others than those of its handshake. Without
// any the error says why. It is fast as long as one of the connection's own authorities
// is still there.
func (f *Files) VerifyClient(state *tls.ConnectionState) ([][]*x509.Certificate, error) {
	current := f.now()
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
		return nil, errors.New("there are no authorities of clients")
	case len(state.PeerCertificates) == 0:
		return nil, errors.New("the client has shown no certificate")
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

// look takes into use what files hold now, if that is not what it saw the last time.
// Contents are compared, rather than times: files are small, and neither a swapped
// link nor two changes within the grain of a file's time can be missed.
func (f *Files) look(now time.Time) error {
	f.looked = now
	files, err := f.read(now)
	if seen := files.digest(err); seen != f.seen {
		f.seen = seen
	} else {
		return nil
	}
	if err != nil {
		return err
	}
	current, err := f.build(files)
	if err != nil {
		return err
	}
	f.current.Store(current)
	if files.exposed {
		f.options.Logger.Warn("other users of this machine can read the key of TLS: chmod 600 it", "file", f.options.KeyFile)
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

// serverFiles are the contents of a server's files.
type serverFiles struct {
	certificate, key, authorities []byte
	// exposed: others can read the key's file.
	exposed bool
}

// digest tells contents, or failures to read them, from others.
func (f serverFiles) digest(err error) [sha256.Size]byte {
	hash := sha256.New()
	for _, content := range [][]byte{f.certificate, f.key, f.authorities, []byte(fmt.Sprint(err))} {
		hash.Write(binary.BigEndian.AppendUint64(nil, uint64(len(content))))
		hash.Write(content)
	}
	return [sha256.Size]byte(hash.Sum(nil))
}

func (f *Files) read(now time.Time) (files serverFiles, err error) {
	if f.options.SelfSigned != nil {
		files.certificate, files.key, err = f.readSelfSigned(now)
	} else {
		files.certificate, _, err = f.certificate.Read()
		var info fs.FileInfo
		if err == nil {
			files.key, info, err = f.key.Read()
		}
		files.exposed = err == nil && configfile.Readable(info)
	}
	if err == nil && f.authorities != nil {
		files.authorities, _, err = f.authorities.Read()
	}
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		err = fmt.Errorf("open %w", err)
	}
	return files, err
}

func (f *Files) readSelfSigned(now time.Time) (certificate, key []byte, err error) {
	dir, info, err := f.options.SelfSigned.open(f.selfSigned)
	if err != nil {
		return nil, nil, err
	}
	defer dir.Close()
	f.selfSigned = info
	return f.options.SelfSigned.files(dir, now)
}

func (f *Files) build(files serverFiles) (*inUse, error) {
	pair, err := tls.X509KeyPair(files.certificate, files.key)
	if err != nil {
		return nil, fmt.Errorf("certificate in %s and key in %s: %w", f.options.CertFile, f.options.KeyFile, err)
	}
	config := &tls.Config{
		MinVersion:   f.version,
		NextProtos:   protocols(),
		Time:         f.options.Now,
		Certificates: []tls.Certificate{pair},
	}
	if f.authorities == nil {
		return &inUse{config: config}, nil
	}
	authorities, err := parseCertificates(files.authorities)
	if err != nil {
		return nil, fmt.Errorf("certificate authorities in %s: %w", f.options.ClientCAFile, err)
	}
	config.ClientCAs = x509.NewCertPool()
	trusted := map[string]struct{}{}
	for _, authority := range authorities {
		config.ClientCAs.AddCert(authority)
		trusted[string(authority.Raw)] = struct{}{}
	}
	config.ClientAuth = tls.RequireAndVerifyClientCert
	if f.options.ClientCertOptional {
		config.ClientAuth = tls.VerifyClientCertIfGiven
	}
	return &inUse{config, trusted}, nil
}
