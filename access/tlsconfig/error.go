package tlsconfig

import (
	"crypto/x509"
	"errors"
	"fmt"
	"strings"

	"github.com/tranship/tranship"
)

// UnknownServerError means that no authority that the client trusts has signed a
// server's certificate, and that its key is not known either. It matches
// tranship.ErrUnauthenticated.
type UnknownServerError struct {
	// Address is the server's, "host:port".
	Address string
	// Fingerprint is that of the key it has.
	Fingerprint Fingerprint
}

// Error implements error.
func (e *UnknownServerError) Error() string {
	return fmt.Sprintf("the server at %s is not known: its certificate is signed by no authority that this machine trusts, and its fingerprint is %v",
		e.Address, e.Fingerprint)
}

// Is implements the matching of tranship.ErrUnauthenticated.
func (e *UnknownServerError) Is(target error) bool { return target == tranship.ErrUnauthenticated }

// ChangedKeyError means that a server has another key than it is known to have. It
// matches tranship.ErrUnauthenticated.
type ChangedKeyError struct {
	// Address is the server's, "host:port".
	Address string
	// Fingerprint is that of the key it has.
	Fingerprint Fingerprint
	// Known are the keys that it should have; there is at least one.
	Known []KnownHost
}

// Error implements error.
func (e *ChangedKeyError) Error() string {
	var known []string
	for _, key := range e.Known {
		known = append(known, fmt.Sprintf("%v (%s:%d)", key.Fingerprint, key.File, key.Line))
	}
	return fmt.Sprintf("THE KEY OF THE SERVER AT %s HAS CHANGED: its fingerprint is %v, and was %s. "+
		"Somebody may be between you and the server. Only if you know that it has a new key, remove that line",
		e.Address, e.Fingerprint, strings.Join(known, " or "))
}

// Is implements the matching of tranship.ErrUnauthenticated.
func (e *ChangedKeyError) Is(target error) bool { return target == tranship.ErrUnauthenticated }

// untrustedError means that a server is not trusted for another reason.
type untrustedError struct {
	address string
	reason  error
}

// Error implements error.
func (e *untrustedError) Error() string {
	return fmt.Sprintf("the server at %s is not trusted: %v", e.address, e.reason)
}

// Unwrap is the reason.
func (e *untrustedError) Unwrap() error { return e.reason }

// Is implements the matching of tranship.ErrUnauthenticated.
func (e *untrustedError) Is(target error) bool { return target == tranship.ErrUnauthenticated }

// explain says what is wrong with a certificate that an authority has signed.
func explain(err error) error {
	text := strings.TrimPrefix(err.Error(), "x509: ")
	if _, wrong := errors.AsType[x509.HostnameError](err); wrong {
		return fmt.Errorf("%s; use a name that it is for", text)
	}
	if invalid, ok := errors.AsType[x509.CertificateInvalidError](err); ok && invalid.Reason == x509.Expired {
		return fmt.Errorf("%s; it must be renewed, unless the clock of this machine is wrong", text)
	}
	return fmt.Errorf("its certificate cannot be used: %s", text)
}
