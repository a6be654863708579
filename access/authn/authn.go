// Package authn finds the principal of a call from what the call presents: a bearer
// token, or the certificate of its connection. An Authenticator does that for one kind
// of credentials; a server (server.Config.Authenticators) asks them, and puts the
// principal into the call's context, where access.FromContext has it. The package knows
// no transport.
//
// Names tell sources apart, so that none can pass for another's: the name of a
// principal from a token file has no colon, that from a certificate begins with
// "cert:", that from an OpenID Connect issuer with "oidc:"; so do the groups.
package authn

import (
	"context"
	"crypto/tls"
	"errors"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
)

// Credentials are one thing that a call presents to show who makes it. One field is set.
type Credentials struct {
	// Token is a bearer token.
	Token string
	// TLS is the state of a connection whose client has shown a certificate.
	TLS *tls.ConnectionState
}

// Authenticator finds the principal of one kind of credentials. It is safe for
// concurrent use.
type Authenticator interface {
	// Authenticate returns the identity that the credentials prove. The error is
	// ErrNotMine for credentials of another kind, a *Refusal for credentials that are
	// not good, and tranship.ErrUnavailable when the Authenticator cannot decide at the
	// moment. Any other error is an internal failure, of which clients are told nothing.
	// No error may contain the token or a part of it.
	Authenticate(ctx context.Context, credentials Credentials) (Identity, error)
}

// ErrNotMine is the error of an Authenticator for credentials of another kind.
var ErrNotMine = errors.New("credentials of another kind")

// Identity is the principal that credentials prove, and for how long they do.
type Identity struct {
	access.Principal
	// Expires is when the credentials stop being good; the zero time means never.
	Expires time.Time
}

// Refusal is why credentials are not good. It matches tranship.ErrUnauthenticated.
type Refusal struct {
	// Text is for the caller. It must not help a caller that guesses.
	Text string
	// Reason is for the server's log; nil if it has nothing to add to Text.
	Reason error
	// Missing is what a call without credentials would need; nil for credentials that
	// are not good.
	Missing *tranship.CredentialsError
}

// Error implements error. It does not have the reason.
func (r *Refusal) Error() string { return tranship.ErrUnauthenticated.Error() + ": " + r.Text }

// Unwrap is Missing.
func (r *Refusal) Unwrap() error {
	if r.Missing == nil {
		return nil
	}
	return r.Missing
}

// Is implements the matching of tranship.ErrUnauthenticated.
func (r *Refusal) Is(target error) bool { return target == tranship.ErrUnauthenticated }
