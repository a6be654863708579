package client

import (
	"crypto/tls"
	"net"
	"slices"
	"sync"
	"sync/atomic"

	"google.golang.org/grpc/credentials"
)

// link is a connection to whose server this client may have shown a certificate. It is
// safe for concurrent use after its handshake.
type link struct {
	conn net.Conn
	// shown is the certificate, nil if none was asked for; current is the one that would
	// be shown now.
	shown   *tls.Certificate
	current func() (*tls.Certificate, error)

	closed    atomic.Bool
	closeOnce sync.Once
}

// linkInfo is what calls know of their connection.
type linkInfo struct {
	credentials.TLSInfo
	link *link
}

// watch returns a configuration for one handshake, in which l learns of the certificate.
func (l *link) watch(config *tls.Config) *tls.Config {
	config = config.Clone()
	get := config.GetClientCertificate
	config.GetClientCertificate = func(info *tls.CertificateRequestInfo) (*tls.Certificate, error) {
		shown, err := get(info)
		l.shown, l.current = shown, func() (*tls.Certificate, error) { return get(info) }
		return shown, err
	}
	return config
}

// closeOutdated closes the connection if another certificate would be shown now, and
// reports that. The calls on it fail, as they would one by one.
func (l *link) closeOutdated() bool {
	if l.shown == nil {
		return false
	}
	if current, err := l.current(); err != nil || sameCertificate(current, l.shown) {
		return false
	}
	l.closed.Store(true)
	l.closeOnce.Do(func() { _ = l.conn.Close() })
	return true
}

func (l *link) isClosed() bool { return l.closed.Load() }

func sameCertificate(a, b *tls.Certificate) bool {
	return slices.EqualFunc(a.Certificate, b.Certificate, slices.Equal[[]byte])
}
