package client

import (
	"crypto/tls"
	"net"
	"slices"
	"sync"
	"sync/atomic"

	"google.golang.org/grpc/credentials"
)

// link is a connection to a server that may have requested a certificate of this client.
// It is safe for concurrent use after its handshake.
type link struct {
	conn net.Conn
	// shown is the certificate that was presented, nil if the server requested none;
	// current returns the one that would be presented now.
	shown   *tls.Certificate
	current func() (*tls.Certificate, error)

	closed    atomic.Bool
	closeOnce sync.Once
}

// linkInfo is the AuthInfo by which calls find their link.
type linkInfo struct {
	credentials.TLSInfo
	link *link
}

// watch returns a configuration for one handshake that records the certificate in l.
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

// closeOutdated closes the connection if the client would now present another certificate,
// and reports whether it did. All calls on the connection then fail, as each would by
// itself.
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
