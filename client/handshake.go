package client

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync/atomic"

	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/credentials/local"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/failure"
	"github.com/tranship/tranship/internal/tlstransport"
)

// handshakes are the transport of a connection, TLS or none. They keep why a handshake
// failed: of its error, grpc-go hands on the text alone.
type handshakes struct {
	credentials.TransportCredentials
	secure  bool
	config  *tls.Config // nil without TLS
	failure *atomic.Pointer[connectFailure]
}

// newHandshakes are those of plaintext without options.TLS; with a token, to this machine
// only.
func newHandshakes(options Options) handshakes {
	h := handshakes{secure: options.TLS != nil, config: options.TLS, failure: &atomic.Pointer[connectFailure]{}}
	switch {
	case h.secure:
		h.TransportCredentials = tlstransport.New(options.TLS)
	case options.Token != nil:
		h.TransportCredentials = local.NewCredentials()
	default:
		h.TransportCredentials = insecure.NewCredentials()
	}
	return h
}

// ClientHandshake implements credentials.TransportCredentials.
func (h handshakes) ClientHandshake(ctx context.Context, authority string, conn net.Conn) (net.Conn, credentials.AuthInfo, error) {
	transport, on := h.TransportCredentials, (*link)(nil)
	if h.showsCertificates() {
		on = &link{}
		transport = tlstransport.New(on.watch(h.config))
	}
	secured, info, err := transport.ClientHandshake(ctx, authority, conn)
	if err != nil {
		if ctx.Err() == nil {
			h.failure.Store(&connectFailure{err: err, inHandshake: true})
		}
		return nil, nil, err
	}
	secured = &greeting{Conn: secured, failed: func(why connectFailure) { h.failure.Store(&why) }}
	if encrypted, ok := info.(credentials.TLSInfo); ok && on != nil {
		on.conn = secured
		info = linkInfo{encrypted, on}
	}
	return secured, info, nil
}

// showsCertificates reports whether connections show certificates that may change.
func (h handshakes) showsCertificates() bool {
	return h.config != nil && h.config.GetClientCertificate != nil
}

// Clone implements credentials.TransportCredentials.
func (h handshakes) Clone() credentials.TransportCredentials {
	h.TransportCredentials = h.TransportCredentials.Clone()
	return h
}

// explain is the error of a connection to address that was not made.
func (h handshakes) explain(address string, err error) error {
	why := connectFailure{}
	if known := h.failure.Load(); known != nil {
		why = *known
	}
	if errors.Is(why.err, tranship.ErrInvalid) {
		return why.err
	}
	if untrusted := h.distrust(why.err); untrusted != nil {
		return untrusted
	}
	explained := &ConnectError{Address: address, Hint: h.hint(why), Err: err}
	if why.isForeign || why.inHandshake && !isClosed(why.err) {
		// The other end is there, and speaks something else than this client.
		return failure.Mark(explained, failure.Final)
	}
	return explained
}

// distrust is the error of a connection that one end refused because it does not trust
// the other; nil if that is not why.
func (h handshakes) distrust(err error) error {
	if errors.Is(err, tranship.ErrUnauthenticated) {
		return err
	}
	if untrusted, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return fmt.Errorf("%w: the server is not trusted: %w", tranship.ErrUnauthenticated, untrusted.Err)
	}
	alert, _ := alertOf(err)
	if alert == alertCertificateRequired {
		return failure.Worded(&tranship.CredentialsError{Certificate: true}, "%v: the server wants a client certificate", tranship.ErrUnauthenticated)
	}
	refusal := refusalOf(alert)
	switch {
	case refusal == "":
		return nil
	case !h.hasCertificates():
		// Before TLS 1.3 there is no alert for a certificate that is missing.
		return failure.Worded(&tranship.CredentialsError{Certificate: true}, "%v: the server refuses the client certificate: %s", tranship.ErrUnauthenticated, refusal)
	}
	return fmt.Errorf("%w: the server refuses the client certificate: %s", tranship.ErrUnauthenticated, refusal)
}

// hasCertificates reports whether this client has a certificate to show.
func (h handshakes) hasCertificates() bool {
	return h.showsCertificates() || h.config != nil && len(h.config.Certificates) > 0
}

// hint is what may be wrong when a connection fails. An end that does not understand
// what it gets mostly closes the connection.
func (h handshakes) hint(why connectFailure) ConnectHint {
	closed := isClosed(why.err)
	_, plain := errors.AsType[tls.RecordHeaderError](why.err)
	alert, _ := alertOf(why.err)
	switch {
	case plain, h.secure && why.inHandshake && closed:
		return HintPlaintext
	case h.secure && (closed || alert == alertHandshakeFailure):
		return HintCertificate
	case alert == alertProtocolVersion:
		return HintTLSVersion
	case !h.secure && closed:
		return HintTLS
	}
	return HintNone
}
