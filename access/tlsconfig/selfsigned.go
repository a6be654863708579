package tlsconfig

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/tranship/tranship/internal/configfile"
	"github.com/tranship/tranship/internal/rootfs"
)

const (
	// selfSignedValidity is how long a self-signed certificate is valid. It is long because
	// clients that know the key ignore it, and clients that trust the certificate's file
	// need a new file after each renewal.
	selfSignedValidity = 10 * 365 * 24 * time.Hour
	// selfSignedRenewal is how long before its expiry a certificate is renewed.
	selfSignedRenewal = 30 * 24 * time.Hour
	// clockSkew is how much the clock of a client may be behind.
	clockSkew = time.Hour
)

// The files of a SelfSigned.
const (
	selfSignedKey         = "key.pem"
	selfSignedCertificate = "certificate.pem"
)

// SelfSigned is a key with a self-signed certificate. They are kept in the files key.pem,
// with mode 0600, and certificate.pem.
//
// OpenFiles makes the key if both files are missing. It fails if only the key is missing,
// because clients know the fingerprint of the key that was lost. To make a new key on
// purpose, remove both files before the server starts. OpenFiles makes the certificate again
// if it is missing or damaged, expires soon, or lacks one of Names; the key and its
// fingerprint stay the same.
//
// A running server makes the certificate again before it expires, and otherwise only reads
// the files.
type SelfSigned struct {
	// Dir is the directory of the files. It is made with mode 0700 if it is missing. The
	// directory and the files must belong to root, to the user of this process, or to the
	// user that the file system assigns to files of this process. Other users must not be
	// able to write to them.
	Dir string
	// Names are the host names and IP addresses that the certificate is valid for. Clients
	// that trust a fingerprint ignore them.
	Names []string
	// KeyMustExist makes OpenFiles fail if the key is missing, even without a certificate.
	KeyMustExist bool
}

// names returns the names of the files.
func (s *SelfSigned) names() (certificate, key string) {
	return filepath.Join(s.Dir, selfSignedCertificate), filepath.Join(s.Dir, selfSignedKey)
}

// open opens the directory, and makes it if it is missing. first is nil in the first call,
// and in later calls the fs.FileInfo that the first has returned: they fail if Dir is
// another directory, because a user who can rename the directory must not be able to give
// the server another key.
func (s *SelfSigned) open(first fs.FileInfo) (*rootfs.Dir, fs.FileInfo, error) {
	if first == nil {
		if err := os.MkdirAll(s.Dir, 0o700); err != nil {
			return nil, nil, err
		}
	}
	dir, err := rootfs.Open(s.Dir)
	if err != nil {
		return nil, nil, err
	}
	info, err := dir.Stat()
	switch {
	case err != nil:
	case first != nil && !os.SameFile(first, info):
		err = fmt.Errorf("self-signed TLS: %s is not the directory that it was when the server started: restart the server to use another", s.Dir)
	default:
		// The directories above are not checked. They are the operator's decision, and may
		// be a root that other users write to.
		if err = checkOwn(dir, info); err != nil {
			err = fmt.Errorf("self-signed TLS: %s: %w", s.Dir, err)
		}
	}
	if err != nil {
		return nil, nil, errors.Join(err, dir.Close())
	}
	return dir, info, nil
}

// files returns the contents of both files. A running server never makes a key, and makes
// the certificate again only when its renewal is due.
func (s *SelfSigned) files(dir *rootfs.Dir, now time.Time, running bool) (certificate, key []byte, err error) {
	key, err = readFile(dir, selfSignedKey)
	if errors.Is(err, fs.ErrNotExist) && !running {
		key, err = s.firstKey(dir)
	}
	if err != nil {
		return nil, nil, s.explain(selfSignedKey, err)
	}
	certificate, err = readFile(dir, selfSignedCertificate)
	switch {
	case err == nil && s.isUsable(certificate, key, now, running):
		return certificate, key, nil
	case err != nil && (running || !errors.Is(err, fs.ErrNotExist)):
		return nil, nil, s.explain(selfSignedCertificate, err)
	case running:
		if _, err := tls.X509KeyPair(certificate, key); err != nil {
			return nil, nil, s.explain(selfSignedCertificate, err)
		}
	}
	certificate, err = s.makeCertificate(dir, key, now)
	if err != nil {
		return nil, nil, s.explain(selfSignedCertificate, err)
	}
	return certificate, key, nil
}

// firstKey makes the key of a server that, as far as the directory shows, never had one.
func (s *SelfSigned) firstKey(dir *rootfs.Dir) ([]byte, error) {
	_, err := dir.Lstat(selfSignedCertificate)
	if errors.Is(err, fs.ErrNotExist) && !s.KeyMustExist {
		return makeKey(dir)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	// Another process makes the key before the certificate.
	key, err := readFile(dir, selfSignedKey)
	if errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("the key that clients know is missing: put it back, or remove %s and what is in it to make a new key, which these clients refuse: %w", s.Dir, err)
	}
	return key, err
}

// explain adds the name of a file to an error.
func (s *SelfSigned) explain(name string, err error) error {
	return fmt.Errorf("self-signed TLS: %s: %w", filepath.Join(s.Dir, name), err)
}

// isUsable reports whether a certificate belongs to the key, has all names, and does not
// have to be renewed. The names of a running server do not change.
func (s *SelfSigned) isUsable(certificate, key []byte, now time.Time, running bool) bool {
	pair, err := tls.X509KeyPair(certificate, key)
	if err != nil || now.Before(pair.Leaf.NotBefore) || now.After(pair.Leaf.NotAfter.Add(-selfSignedRenewal)) {
		return false
	}
	if running {
		return true
	}
	dns, ips := s.split()
	for _, ip := range ips {
		if !slices.ContainsFunc(pair.Leaf.IPAddresses, ip.Equal) {
			return false
		}
	}
	return !slices.ContainsFunc(dns, func(name string) bool { return !slices.Contains(pair.Leaf.DNSNames, name) })
}

// split separates the host names from the IP addresses.
func (s *SelfSigned) split() (dns []string, ips []net.IP) {
	for _, name := range s.Names {
		if ip := net.ParseIP(name); ip != nil {
			ips = append(ips, ip)
		} else {
			dns = append(dns, name)
		}
	}
	return dns, ips
}

// makeKey makes a key and stores it in its file. If another process has stored a key
// meanwhile, it returns that one.
func makeKey(dir *rootfs.Dir) ([]byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	content := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	err = writeFile(dir, selfSignedKey, content, 0o600, rootfs.RenameNoReplace)
	if errors.Is(err, fs.ErrExist) {
		return readFile(dir, selfSignedKey)
	}
	return content, err
}

func (s *SelfSigned) makeCertificate(dir *rootfs.Dir, key []byte, now time.Time) ([]byte, error) {
	block, _ := pem.Decode(key)
	if block == nil {
		return nil, errors.New("its key is not in PEM format; remove key.pem and certificate.pem to get a new one")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("its key cannot be used; remove key.pem and certificate.pem to get a new one: %w", err)
	}
	signer, ok := parsed.(crypto.Signer)
	if !ok {
		return nil, errors.New("its key cannot sign; remove key.pem and certificate.pem to get a new one")
	}
	dns, ips := s.split()
	template := &x509.Certificate{
		Subject:               pkix.Name{CommonName: "tranship"},
		NotBefore:             now.Add(-clockSkew),
		NotAfter:              now.Add(selfSignedValidity),
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
		DNSNames:              dns,
		IPAddresses:           ips,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, signer.Public(), signer)
	if err != nil {
		return nil, err
	}
	content := pem.EncodeToMemory(&pem.Block{Type: pemCertificate, Bytes: der})
	return content, writeFile(dir, selfSignedCertificate, content, 0o644, rootfs.Rename)
}

func readFile(dir *rootfs.Dir, name string) ([]byte, error) {
	file, info, err := dir.OpenFile(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	if err := checkOwn(dir, info); err != nil {
		return nil, err
	}
	return io.ReadAll(file)
}

// checkOwn refuses a file that other users can write to or own. On a file system that
// assigns all new files to one user, as NFS may, that user counts as the user of this
// process.
func checkOwn(dir *rootfs.Dir, info fs.FileInfo) error {
	err := configfile.CheckInfo(info)
	if err == nil || configfile.Writable(info) {
		return err
	}
	probe := "probe." + rand.Text()
	file, failed := dir.CreateFile(probe, 0o600)
	if failed != nil {
		return err
	}
	made, failed := file.Stat()
	if errors.Join(failed, file.Close(), dir.Remove(probe)) != nil || !configfile.SameOwner(made, info) {
		return err
	}
	return nil
}

// writeFile writes a file durably under a temporary name, and then renames it.
func writeFile(dir *rootfs.Dir, name string, content []byte, mode fs.FileMode,
	rename func(from *rootfs.Dir, name string, to *rootfs.Dir, newName string) error,
) error {
	draft := name + "." + rand.Text()
	file, err := dir.CreateFile(draft, mode)
	if err != nil {
		return err
	}
	_, err = file.Write(content)
	if err = errors.Join(err, file.Sync(), file.Close()); err == nil {
		err = rename(dir, draft, dir, name)
	}
	if err != nil {
		return errors.Join(err, dir.Remove(draft))
	}
	return dir.Sync()
}
