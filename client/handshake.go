package client

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"time"

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
	failure *atomic.Pointer[error]
}

// newHandshakes are those of plaintext without options.TLS; with a token, to this machine
// only.
func newHandshakes(options Options) handshakes {
	h := handshakes{secure: options.TLS != nil, config: options.TLS, failure: &atomic.Pointer[error]{}}
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
			h.failure.Store(&err)
		}
		return nil, nil, err
	}
	if h.secure {
		secured = &greeting{Conn: secured}
	}
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

// greeting is a TLS connection that waits for the first word of its server. A server
// that refuses the client's certificate says so only after the handshake, and closes the
// connection. That may make writing fail before the refusal is read: it is the reason.
type greeting struct {
	net.Conn
	over atomic.Bool
}

// refusalPatience is how long a refusal is waited for, which has been sent already.
const refusalPatience = time.Second

// Read implements net.Conn.
func (g *greeting) Read(p []byte) (int, error) {
	n, err := g.Conn.Read(p)
	if n > 0 && !g.over.Load() {
		g.over.Store(true)
	}
	return n, err
}

// Write implements net.Conn.
func (g *greeting) Write(p []byte) (int, error) {
	n, err := g.Conn.Write(p)
	if err != nil && !g.over.Load() {
		_ = g.SetReadDeadline(time.Now().Add(refusalPatience))
		if _, refusal := g.Conn.Read(make([]byte, 1)); refusal != nil && strings.Contains(refusal.Error(), alertPrefix) {
			err = refusal
		}
	}
	return n, err
}

// Clone implements credentials.TransportCredentials.
func (h handshakes) Clone() credentials.TransportCredentials {
	h.TransportCredentials = h.TransportCredentials.Clone()
	return h
}

// explain is the error of a connection to address that was not made.
func (h handshakes) explain(address string, err error) error {
	reason := h.failure.Load()
	if reason == nil {
		// A server that refuses the client's certificate says so after the handshake.
		reason = &err
	}
	if errors.Is(*reason, tranship.ErrInvalid) {
		return *reason
	}
	if untrusted := distrust(*reason); untrusted != nil {
		return untrusted
	}
	inHandshake := reason != &err
	hint := h.hint(*reason, inHandshake)
	explained := fmt.Errorf("%w: cannot connect to a gRPC server at %s: %w%s", tranship.ErrUnavailable, address, err, hint)
	if inHandshake && !isClosed(*reason) || strings.Contains((*reason).Error(), "http2: ") {
		// The other end is there, and speaks something else than this client.
		return failure.Mark(explained, failure.Final)
	}
	return explained
}

// isClosed reports whether the other end closed the connection: as one that does not
// understand what it gets, or as a gateway whose server is away.
func isClosed(err error) bool {
	return slices.ContainsFunc([]string{"EOF", "connection reset", "broken pipe", "forcibly closed"}, func(words string) bool {
		return strings.Contains(err.Error(), words)
	})
}

// alertPrefix is how crypto/tls begins what the other end complains of.
const alertPrefix = "remote error: tls: "

// distrust is the error of a connection that one end refused because it does not trust
// the other; nil if that is not why.
func distrust(failure error) error {
	if errors.Is(failure, tranship.ErrUnauthenticated) {
		return failure
	}
	if untrusted, ok := errors.AsType[*tls.CertificateVerificationError](failure); ok {
		return fmt.Errorf("%w: the server is not trusted: %w", tranship.ErrUnauthenticated, untrusted.Err)
	}
	_, alert, _ := strings.Cut(failure.Error(), alertPrefix)
	switch alert {
	case "certificate required":
		return fmt.Errorf("%w: the server wants a client certificate", tranship.ErrUnauthenticated)
	case "bad certificate", "unsupported certificate", "revoked certificate", "expired certificate",
		"unknown certificate", "unknown certificate authority", "access denied":
		return fmt.Errorf("%w: the server refuses the client certificate: %s", tranship.ErrUnauthenticated, alert)
	}
	return nil
}

// hint is what may be wrong when a connection fails, in or after the handshake. Who does
// not understand what it gets mostly closes the connection.
func (h handshakes) hint(reason error, inHandshake bool) string {
	text := reason.Error()
	closed := isClosed(reason)
	_, plain := errors.AsType[tls.RecordHeaderError](reason)
	switch {
	case plain, h.secure && inHandshake && closed:
		return "; perhaps it is a server without TLS, grpc://"
	case h.secure && (closed || strings.Contains(text, alertPrefix+"handshake failure")):
		return "; perhaps it wants a client certificate"
	case strings.Contains(text, "protocol version not supported"):
		return "; it does not speak the least version of TLS that is allowed here"
	case !h.secure && closed:
		return "; perhaps it is a server with TLS, grpcs://"
	}
	return ""
}
