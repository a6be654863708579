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

// handshakes are the transport credentials of a connection, with TLS or without. They
// keep the error of a failed handshake, because grpc-go passes on only its text.
type handshakes struct {
	credentials.TransportCredentials
	secure  bool
	config  *tls.Config // nil without TLS
	failure *atomic.Pointer[connectFailure]
}

// newHandshakes returns the handshakes for options. Without options.TLS they use plaintext,
// and with a token then only to this machine.
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
	transport, certLink := h.TransportCredentials, (*link)(nil)
	if h.showsCertificates() {
		certLink = &link{}
		transport = tlstransport.New(certLink.watch(h.config))
	}
	secured, info, err := transport.ClientHandshake(ctx, authority, conn)
	if err != nil {
		if ctx.Err() == nil {
			h.failure.Store(&connectFailure{err: err, inHandshake: true})
		}
		return nil, nil, err
	}
	secured = &firstFrameConn{Conn: secured, report: func(why connectFailure) { h.failure.Store(&why) }}
	if encrypted, ok := info.(credentials.TLSInfo); ok && certLink != nil {
		certLink.conn = secured
		info = linkInfo{encrypted, certLink}
	}
	return secured, info, nil
}

// showsCertificates reports whether connections present certificates that may change.
func (h handshakes) showsCertificates() bool {
	return h.config != nil && h.config.GetClientCertificate != nil
}

// Clone implements credentials.TransportCredentials.
func (h handshakes) Clone() credentials.TransportCredentials {
	h.TransportCredentials = h.TransportCredentials.Clone()
	return h
}

// explain returns the error for a connection to address that was not made because of err.
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
		// A peer has answered, but in another protocol.
		return failure.Mark(explained, failure.Final)
	}
	return explained
}

// distrust returns the error for a connection that one end refused because it does not
// trust the other, and nil for any other reason.
func (h handshakes) distrust(err error) error {
	if errors.Is(err, tranship.ErrUnauthenticated) {
		return err
	}
	if untrusted, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return fmt.Errorf("%w: the server is not trusted: %w", tranship.ErrUnauthenticated, untrusted.Err)
	}
	alert, _ := remoteAlert(err)
	if alert == alertCertificateRequired {
		return failure.Worded(&tranship.CredentialsError{Certificate: true}, "%v: the server wants a client certificate", tranship.ErrUnauthenticated)
	}
	refusal := certificateRefusal(alert)
	switch {
	case refusal == "":
		return nil
	case !h.hasCertificates():
		// TLS 1.2 has no alert for a missing certificate.
		return failure.Worded(&tranship.CredentialsError{Certificate: true}, "%v: the server refuses the client certificate: %s", tranship.ErrUnauthenticated, refusal)
	}
	return fmt.Errorf("%w: the server refuses the client certificate: %s", tranship.ErrUnauthenticated, refusal)
}

// hasCertificates reports whether this client has a certificate to present.
func (h handshakes) hasCertificates() bool {
	return h.showsCertificates() || h.config != nil && len(h.config.Certificates) > 0
}

// hint returns the likely reason of a failed connection. A peer that does not understand
// the bytes it gets usually closes the connection.
func (h handshakes) hint(why connectFailure) ConnectHint {
	closed := isClosed(why.err)
	_, plain := errors.AsType[tls.RecordHeaderError](why.err)
	alert, _ := remoteAlert(why.err)
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
