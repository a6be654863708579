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
	"os"
	"sync"
	"sync/atomic"
	"time"
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

// Server returns a server's configuration, which is safe for concurrent use. It fails
// when its files cannot be used. Later, a handshake looks at them if nobody has for a
// second: what has changed counts from that handshake on, for new connections; when it
// cannot be used, because it is half written, or a key is another certificate's, the
// server goes on with what it had, and logs an error. Nothing runs between handshakes.
//
// A connection that resumes a session is checked against the authorities of now.
func Server(options ServerOptions) (*tls.Config, error) {
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
	if options.SelfSigned != nil {
		options.CertFile, options.KeyFile = options.SelfSigned.names()
	}
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	if options.Now == nil {
		options.Now = time.Now
	}
	s := &server{options: options, version: version}
	if err := s.look(options.Now()); err != nil {
		return nil, err
	}
	return &tls.Config{
		MinVersion:         version,
		NextProtos:         protocols(),
		Time:               options.Now,
		GetConfigForClient: s.config,
	}, nil
}

// server is the configuration of now, and what it was made of.
type server struct {
	// options name the files also of a SelfSigned.
	options ServerOptions
	version uint16
	current atomic.Pointer[tls.Config]

	// looking is held by the one who looks.
	looking sync.Mutex
	looked  time.Time
	// selfSigned is the directory of a SelfSigned, as it was opened first.
	selfSigned fs.FileInfo
	// seen is what was found then.
	seen [sha256.Size]byte
}

// config is the tls.Config.GetConfigForClient. Handshakes go on with what there is
// while one of them looks.
func (s *server) config(*tls.ClientHelloInfo) (*tls.Config, error) {
	if s.looking.TryLock() {
		defer s.looking.Unlock()
		now := s.options.Now()
		if since := now.Sub(s.looked); since >= lookInterval || since < 0 {
			if err := s.look(now); err != nil {
				s.options.Logger.Error("TLS files cannot be used; those before stay in use", "error", err)
			}
		}
	}
	return s.current.Load(), nil
}

// look takes into use what files hold now, if that is not what it saw the last time.
// Contents are compared, rather than times: files are small, and neither a swapped
// link nor two changes within the grain of a file's time can be missed.
func (s *server) look(now time.Time) error {
	s.looked = now
	files, err := s.read(now)
	if seen := files.digest(err); seen != s.seen {
		s.seen = seen
	} else {
		return nil
	}
	if err != nil {
		return err
	}
	config, err := s.build(files)
	if err != nil {
		return err
	}
	s.current.Store(config)
	leaf := config.Certificates[0].Leaf
	attributes := []any{"fingerprint", FingerprintOf(leaf), "expires", leaf.NotAfter.UTC().Format(time.RFC3339)}
	if now.After(leaf.NotAfter) {
		s.options.Logger.Warn("TLS certificate has expired: clients will refuse it", attributes...)
	} else {
		s.options.Logger.Info("TLS certificate", attributes...)
	}
	return nil
}

// serverFiles are the contents of a server's files.
type serverFiles struct{ certificate, key, authorities []byte }

// digest tells contents, or failures to read them, from others.
func (f serverFiles) digest(err error) [sha256.Size]byte {
	hash := sha256.New()
	for _, content := range [][]byte{f.certificate, f.key, f.authorities, []byte(fmt.Sprint(err))} {
		hash.Write(binary.BigEndian.AppendUint64(nil, uint64(len(content))))
		hash.Write(content)
	}
	return [sha256.Size]byte(hash.Sum(nil))
}

func (s *server) read(now time.Time) (files serverFiles, err error) {
	if s.options.SelfSigned != nil {
		files.certificate, files.key, err = s.readSelfSigned(now)
	} else {
		files.certificate, err = os.ReadFile(s.options.CertFile)
		if err == nil {
			files.key, err = os.ReadFile(s.options.KeyFile)
		}
	}
	if err == nil && s.options.ClientCAFile != "" {
		files.authorities, err = os.ReadFile(s.options.ClientCAFile)
	}
	return files, err
}

func (s *server) readSelfSigned(now time.Time) (certificate, key []byte, err error) {
	dir, info, err := s.options.SelfSigned.open(s.selfSigned)
	if err != nil {
		return nil, nil, err
	}
	defer dir.Close()
	s.selfSigned = info
	return s.options.SelfSigned.files(dir, now)
}

func (s *server) build(files serverFiles) (*tls.Config, error) {
	pair, err := tls.X509KeyPair(files.certificate, files.key)
	if err != nil {
		return nil, fmt.Errorf("certificate in %s and key in %s: %w", s.options.CertFile, s.options.KeyFile, err)
	}
	config := &tls.Config{
		MinVersion:   s.version,
		NextProtos:   protocols(),
		Time:         s.options.Now,
		Certificates: []tls.Certificate{pair},
	}
	if s.options.ClientCAFile == "" {
		return config, nil
	}
	authorities, err := parseCertificates(files.authorities)
	if err != nil {
		return nil, fmt.Errorf("certificate authorities in %s: %w", s.options.ClientCAFile, err)
	}
	config.ClientCAs = x509.NewCertPool()
	for _, authority := range authorities {
		config.ClientCAs.AddCert(authority)
	}
	config.ClientAuth = tls.RequireAndVerifyClientCert
	if s.options.ClientCertOptional {
		config.ClientAuth = tls.VerifyClientCertIfGiven
	}
	return config, nil
}
