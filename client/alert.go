package client

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"reflect"
	"syscall"
)

// The TLS alerts that this package interprets. RFC 8446, section 6.
const (
	alertHandshakeFailure       tls.AlertError = 40
	alertBadCertificate         tls.AlertError = 42
	alertUnsupportedCertificate tls.AlertError = 43
	alertCertificateRevoked     tls.AlertError = 44
	alertCertificateExpired     tls.AlertError = 45
	alertCertificateUnknown     tls.AlertError = 46
	alertUnknownAuthority       tls.AlertError = 48
	alertAccessDenied           tls.AlertError = 49
	alertProtocolVersion        tls.AlertError = 70
	alertCertificateRequired    tls.AlertError = 116
	alertNoApplicationProtocol  tls.AlertError = 120
)

// certificateRefusal returns the text for an alert about a client's certificate, and "" for
// any other alert.
func certificateRefusal(alert tls.AlertError) string {
	switch alert {
	case alertBadCertificate:
		return "bad certificate"
	case alertUnsupportedCertificate:
		return "unsupported certificate"
	case alertCertificateRevoked:
		return "revoked certificate"
	case alertCertificateExpired:
		return "expired certificate"
	case alertCertificateUnknown:
		return "unknown certificate"
	case alertUnknownAuthority:
		return "unknown certificate authority"
	case alertAccessDenied:
		return "access denied"
	}
	return ""
}

// remoteAlert returns the alert by which the other end of a TLS connection ended it.
// crypto/tls keeps that alert in a *net.OpError, as a number of an unexported type; over
// TCP it does not return a tls.AlertError.
func remoteAlert(err error) (tls.AlertError, bool) {
	remote, ok := errors.AsType[*net.OpError](err)
	if !ok || remote.Op != "remote error" {
		return 0, false
	}
	number := reflect.ValueOf(remote.Err)
	if number.Kind() != reflect.Uint8 {
		return 0, false
	}
	return tls.AlertError(number.Uint()), true //nolint:gosec // its kind is uint8
}

// isAlertOf reports whether the other end of a TLS connection ended it by an alert.
func isAlertOf(err error, want tls.AlertError) bool {
	alert, ok := remoteAlert(err)
	return ok && alert == want
}

func isAlert(err error) bool {
	_, ok := remoteAlert(err)
	return ok
}

// windowsConnectionReset is WSAECONNRESET. Package syscall defines it only on Windows,
// where ECONNRESET has another value.
const windowsConnectionReset syscall.Errno = 10054

// isClosed reports whether the other end closed the connection. That is typical of a peer
// that does not understand the bytes it gets, and of a gateway whose server is down.
func isClosed(err error) bool {
	for _, closed := range []error{io.EOF, io.ErrUnexpectedEOF, syscall.ECONNRESET, syscall.EPIPE, windowsConnectionReset} {
		if errors.Is(err, closed) {
			return true
		}
	}
	return false
}
