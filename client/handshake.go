package client

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/credentials/local"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client/internal/route"
	"github.com/tranship/tranship/internal/failure"
	"github.com/tranship/tranship/internal/localonly"
	"github.com/tranship/tranship/internal/tlstransport"
)

// handshakes are the transport credentials of a connection, with TLS or without. They
// keep the errors of failed attempts, because grpc-go passes on only the text of the last.
type handshakes struct {
	credentials.TransportCredentials
	secure bool
	config *tls.Config // nil without TLS
	// protocol is the only one that the client offers by ALPN; "" means HTTP/2.
	protocol string
	failures *connectFailures
	// localOnly means that connections to other machines are refused.
	localOnly bool
	// proxy is nil for direct connections.
	proxy *route.Proxy
	// reached is called with the address at which a server has answered.
	// The function that it returns is called when that connection ends.
	reached func(to string) (closed func())
	// early begins at the first connection that is made; it may be nil.
	early *earlyLane
	// peerTimeout is for how long the other end of a connection may acknowledge nothing.
	peerTimeout time.Duration
	// conns gets each connection that is made.
	conns *silentConns
}

const (
	// shortestPeerTimeout and longestPeerTimeout bound peerTimeout. Several attempts of a
	// file that stalls should get a new connection.
	shortestPeerTimeout = time.Second
	longestPeerTimeout  = 20 * time.Second
)

// newHandshakes returns the handshakes for options. Without options.TLS they use plaintext,
// and with a token then only to this machine.
func newHandshakes(options Options, conns *silentConns) handshakes {
	h := handshakes{
		secure: options.TLS != nil, config: options.TLS, localOnly: options.plaintextToken(), failures: &connectFailures{}, proxy: options.proxy,
		peerTimeout: min(max(cmp.Or(options.StallTimeout, DefaultStallTimeout), shortestPeerTimeout), longestPeerTimeout),
		conns:       conns,
	}
	switch {
	case h.secure:
		h.TransportCredentials = tlstransport.New(options.TLS)
	case h.localOnly:
		h.TransportCredentials = local.NewCredentials()
	default:
		h.TransportCredentials = insecure.NewCredentials()
	}
	return h
}

// errNoHTTP2 is the error of a server that has TLS but does not agree to HTTP/2.
var errNoHTTP2 = errors.New("the server does not offer HTTP/2, which gRPC needs")

// watchProtocol returns a configuration for one handshake that sets agreed to whether the
// ends agreed on a protocol, once the client trusts the server. grpc-go's own error about
// that has only a text.
func watchProtocol(config *tls.Config, agreed *atomic.Bool) *tls.Config {
	agreed.Store(true)
	config = config.Clone()
	verify := config.VerifyConnection
	config.VerifyConnection = func(state tls.ConnectionState) error {
		if verify != nil {
			if err := verify(state); err != nil {
				return err
			}
		}
		agreed.Store(state.NegotiatedProtocol != "")
		return nil
	}
	return config
}

// attempted takes an attempt to dial an address, which begins or has failed.
func (h handshakes) attempted(to string, err error) {
	if refused, ok := errors.AsType[*localonly.Error](err); ok {
		err = fmt.Errorf("%w: %w, and %w", tranship.ErrInvalid, refused, errPlaintext)
	}
	h.failures.note(connectFailure{to: to, err: err})
}

// ClientHandshake implements credentials.TransportCredentials.
func (h handshakes) ClientHandshake(ctx context.Context, authority string, conn net.Conn) (net.Conn, credentials.AuthInfo, error) {
	to := conn.RemoteAddr().String()
	secured, info, err := h.encrypt(ctx, authority, conn)
	if err != nil {
		return nil, nil, err
	}
	if h.early != nil {
		h.early.begin(to)
	}
	secured = &firstFrameConn{
		Conn:     secured,
		answered: func() (closed func()) { return h.reached(to) },
		report: func(why connectFailure) {
			why.to = to
			h.failures.note(why)
		},
	}
	if linked, ok := info.(linkInfo); ok {
		linked.link.conn = secured
	}
	return secured, info, nil
}

// encrypt makes the handshake of TLS, unless the connection is in plaintext. The AuthInfo is a
// linkInfo if the client may present a certificate.
func (h handshakes) encrypt(ctx context.Context, authority string, conn net.Conn) (net.Conn, credentials.AuthInfo, error) {
	transport, certLink := h.TransportCredentials, (*link)(nil)
	var agreed atomic.Bool
	if h.config != nil {
		config := h.config
		if h.showsCertificates() {
			certLink = &link{}
			config = certLink.watch(config)
		}
		if transport = tlstransport.New(watchProtocol(config, &agreed)); h.protocol != "" {
			transport = tlstransport.NewClient(config, h.protocol)
		}
	}
	secured, info, err := transport.ClientHandshake(ctx, authority, conn)
	if err != nil {
		if h.config != nil && h.protocol == "" && !agreed.Load() && !isClosed(err) {
			err = errNoHTTP2
		}
		if ctx.Err() == nil {
			h.failures.note(connectFailure{to: conn.RemoteAddr().String(), stage: handshaking, err: err})
		}
		return nil, nil, err
	}
	secured = h.conns.add(secured)
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
	why := h.failures.main()
	if errors.Is(why.err, tranship.ErrInvalid) {
		return why.err
	}
	atProxy, isAtProxy := errors.AsType[*TunnelError](why.err)
	if untrusted := h.distrust(why.err); untrusted != nil && !isAtProxy {
		return untrusted
	}
	explained := &ConnectError{Address: address, Hint: h.hint(why), Err: h.failures.describe(h.clearer(why, err))}
	if h.proxy != nil && !isAtProxy {
		explained.Proxy = h.proxy.Description()
	}
	if why.stage == foreign || why.stage == handshaking && !isClosed(why.err) || isAtProxy && isFinalAtProxy(atProxy) {
		// A peer has answered, but in another protocol, or it refuses.
		return failure.Mark(explained, failure.Final)
	}
	return explained
}

// clearer returns the error of a connection: that of why if it is more precise than err, which
// only has grpc-go's text.
func (h handshakes) clearer(why connectFailure, err error) error {
	plain, isPlain := errors.AsType[tls.RecordHeaderError](why.err)
	text := ""
	switch {
	case errors.Is(err, errNoAnswer):
	case why.stage == dialing && why.err != nil:
		return failure.Mark(why.err, failure.Of(context.Background(), err))
	case why.stage == foreign:
		text, _ = foreignAnswer(why.answer, false)
	case isPlain:
		text, _ = foreignAnswer(answerBeforeTLS(plain), true)
	case errors.Is(why.err, errNoHTTP2), isAlertOf(why.err, alertNoApplicationProtocol):
		text = errNoHTTP2.Error()
	}
	if text == "" {
		return err
	}
	return failure.Mark(errors.New(text), failure.Of(context.Background(), err))
}

// isFinalAtProxy reports whether a failure at a proxy does not pass: its refusal, unless it
// is busy, or its certificate.
func isFinalAtProxy(failed *TunnelError) bool {
	if _, untrusted := errors.AsType[*tls.CertificateVerificationError](failed.Err); untrusted {
		return true
	}
	busy := failed.Status == http.StatusRequestTimeout || failed.Status == http.StatusTooManyRequests
	return failed.Status >= 300 && failed.Status < 500 && !busy
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
	if why.stage == dialing {
		return HintNone
	}
	if why.stage == foreign {
		_, hint := foreignAnswer(why.answer, false)
		return h.possible(hint)
	}
	if plain, ok := errors.AsType[tls.RecordHeaderError](why.err); ok {
		_, hint := foreignAnswer(answerBeforeTLS(plain), true)
		return hint
	}
	closed := isClosed(why.err)
	alert, _ := remoteAlert(why.err)
	switch {
	case h.secure && why.stage == handshaking && closed:
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

// possible returns hint, unless it proposes the TLS that the client has used.
func (h handshakes) possible(hint ConnectHint) ConnectHint {
	if h.secure && (hint == HintTLS || hint == HintHTTP) {
		return HintNone
	}
	return hint
}
