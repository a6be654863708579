package tlsconfig

import (
	"crypto/x509"
	"errors"
	"fmt"
	"strings"

	"github.com/tranship/tranship"
)

// UnknownServerError means that a server's certificate is not signed by an authority that
// the client trusts, and that the client does not know the server's key. It matches
// tranship.ErrUnauthenticated.
type UnknownServerError struct {
	// Address is the address of the server, "host:port".
	Address string
	// Fingerprint is the fingerprint of the server's key.
	Fingerprint Fingerprint
}

// Error implements error.
func (e *UnknownServerError) Error() string {
	return fmt.Sprintf("the server at %s is not known: its certificate is signed by no authority that this machine trusts, and its fingerprint is %v",
		e.Address, e.Fingerprint)
}

// Is reports whether target is tranship.ErrUnauthenticated.
func (e *UnknownServerError) Is(target error) bool { return target == tranship.ErrUnauthenticated }

// ChangedKeyError means that a server does not have a key that the client knows it by. It
// matches tranship.ErrUnauthenticated.
type ChangedKeyError struct {
	// Address is the address of the server, "host:port".
	Address string
	// Fingerprint is the fingerprint of the key that the server has.
	Fingerprint Fingerprint
	// Known has the keys that the client knows, at least one.
	Known []KnownHost
}

// Error implements error.
func (e *ChangedKeyError) Error() string {
	var known []string
	for _, key := range e.Known {
		known = append(known, fmt.Sprintf("%v (%s:%d)", key.Fingerprint, key.File, key.Line))
	}
	return fmt.Sprintf("THE KEY OF THE SERVER AT %s HAS CHANGED: its fingerprint is %v, and was %s. "+
		"An attacker may be intercepting the connection. Only if you know that the server has a new key, remove that line",
		e.Address, e.Fingerprint, strings.Join(known, " or "))
}

// Is reports whether target is tranship.ErrUnauthenticated.
func (e *ChangedKeyError) Is(target error) bool { return target == tranship.ErrUnauthenticated }

// untrustedError means that the client does not trust a server for another reason.
type untrustedError struct {
	address string
	reason  error
}

// Error implements error.
func (e *untrustedError) Error() string {
	return fmt.Sprintf("the server at %s is not trusted: %v", e.address, e.reason)
}

// Unwrap returns the reason.
func (e *untrustedError) Unwrap() error { return e.reason }

// Is reports whether target is tranship.ErrUnauthenticated.
func (e *untrustedError) Is(target error) bool { return target == tranship.ErrUnauthenticated }

// explain adds advice to the verification error of a certificate that an authority has
// signed.
func explain(err error) error {
	text := strings.TrimPrefix(err.Error(), "x509: ")
	if _, wrong := errors.AsType[x509.HostnameError](err); wrong {
		return fmt.Errorf("%s; connect by a name that the certificate is valid for", text)
	}
	if invalid, ok := errors.AsType[x509.CertificateInvalidError](err); ok && invalid.Reason == x509.Expired {
		return fmt.Errorf("%s; it must be renewed, unless the clock of this machine is wrong", text)
	}
	return fmt.Errorf("its certificate cannot be used: %s", text)
}
