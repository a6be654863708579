package tlstransport

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"sync"

	"google.golang.org/grpc/credentials"
)

// ErrProtocol is the error of a client's handshake with a server that has another protocol.
var ErrProtocol = errors.New("tlstransport: the server has another protocol")

// NewClient returns transport credentials of clients that use config for another protocol than
// HTTP/2. They offer no other protocol.
func NewClient(config *tls.Config, protocol string) credentials.TransportCredentials {
	config = config.Clone()
	config.NextProtos = []string{protocol}
	return clientTransport{credentials.NewTLS(config), config}
}

type clientTransport struct {
	credentials.TransportCredentials
	config *tls.Config
}

// ClientHandshake implements credentials.TransportCredentials. If it fails, the caller must
// close raw.
func (t clientTransport) ClientHandshake(ctx context.Context, authority string, raw net.Conn) (net.Conn, credentials.AuthInfo, error) {
	config := t.config.Clone()
	if config.ServerName == "" {
		config.ServerName = authority
		if host, _, err := net.SplitHostPort(authority); err == nil {
			config.ServerName = host
		}
	}
	batched := &batch{Conn: raw, buffers: &sync.Pool{}}
	secured := tls.Client(batched, config)
	if err := secured.HandshakeContext(ctx); err != nil {
		return nil, nil, err
	}
	state := secured.ConnectionState()
	if state.NegotiatedProtocol != config.NextProtos[0] {
		return nil, nil, ErrProtocol
	}
	info := credentials.TLSInfo{State: state, CommonAuthInfo: credentials.CommonAuthInfo{SecurityLevel: credentials.PrivacyAndIntegrity}}
	return &conn{secured, batched}, info, nil
}
