package tlsconfig

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/tranship/tranship/internal/configfile"
)

// serverFiles has the contents of the files of a server.
type serverFiles struct {
	certificate, key, authorities []byte
	// keyReadable is true if other users can read the file of the key.
	keyReadable bool
}

// digest returns a digest of the contents.
func (f serverFiles) digest() [sha256.Size]byte {
	hash := sha256.New()
	for _, content := range [][]byte{f.certificate, f.key, f.authorities} {
		hash.Write(binary.BigEndian.AppendUint64(nil, uint64(len(content))))
		hash.Write(content)
	}
	return [sha256.Size]byte(hash.Sum(nil))
}

func (f *Files) readLocked(now time.Time) (files serverFiles, err error) {
	if f.options.SelfSigned != nil {
		files.certificate, files.key, err = f.readSelfSignedLocked(now)
	} else {
		files.certificate, _, err = f.certificate.Read()
		var info fs.FileInfo
		if err == nil {
			files.key, info, err = f.key.Read()
		}
		files.keyReadable = err == nil && configfile.Readable(info)
	}
	if err == nil && f.authorities != nil {
		files.authorities, _, err = f.authorities.Read()
	}
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		err = fmt.Errorf("open %w", err)
	}
	return files, err
}

func (f *Files) readSelfSignedLocked(now time.Time) (certificate, key []byte, err error) {
	dir, info, err := f.options.SelfSigned.open(f.selfSigned)
	if err != nil {
		return nil, nil, err
	}
	defer dir.Close()
	f.selfSigned = info
	return f.options.SelfSigned.files(dir, now, f.current.Load() != nil)
}

// build makes a configuration of the contents of files.
func (f *Files) build(files serverFiles) (*loadedFiles, error) {
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
		return &loadedFiles{config: config}, nil
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
	return &loadedFiles{config, trusted}, nil
}
