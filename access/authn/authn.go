// Package authn finds the principal of a call from its credentials: a bearer token, or
// the certificate of its connection. An Authenticator does that for one kind of
// credentials. A server calls its authenticators (server.Config.Authenticators) in turn
// and puts the principal into the context of the call, where access.FromContext finds it.
// The package does not depend on a transport.
//
// The names of principals from different sources never collide: a name from a token file
// has no colon, a name from a certificate begins with "cert:", and a name from an OpenID
// Connect issuer with "oidc:". The same holds for groups.
package authn

import (
	"context"
	"crypto/tls"
	"errors"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
)

// Credentials are one proof of identity that a call has. Exactly one field is set.
type Credentials struct {
	// Token is a bearer token.
	Token string
	// TLS is the state of a connection whose client has sent a certificate.
	TLS *tls.ConnectionState
}

// Authenticator finds the principal of one kind of credentials. It is safe for
// concurrent use.
type Authenticator interface {
	// Authenticate returns the identity that the credentials prove. It returns ErrNotMine
	// for credentials of another kind, a *Refusal for credentials that are not valid, and
	// tranship.ErrUnavailable if it cannot decide at the moment. Any other error is an
	// internal failure, whose text the server does not send to clients. No error may
	// contain the token or a part of it.
	Authenticate(ctx context.Context, credentials Credentials) (Identity, error)
}

// ErrNotMine is the error of an Authenticator for credentials of another kind.
var ErrNotMine = errors.New("credentials of another kind")

// Identity is the principal that credentials prove, and the time until which they do.
type Identity struct {
	access.Principal
	// Expires is when the credentials stop being valid; the zero time means never.
	Expires time.Time
}

// Refusal is the error for credentials that are missing or not valid. It matches
// tranship.ErrUnauthenticated.
type Refusal struct {
	// Text is the message for the caller. It must not contain anything that helps to guess
	// credentials.
	Text string
	// Reason is for the server's log; nil if it has nothing to add to Text.
	Reason error
	// Missing names the credentials that a call without any would need; nil for
	// credentials that are not valid.
	Missing *tranship.CredentialsError
}

// Error implements error. The message does not contain Reason.
func (r *Refusal) Error() string { return tranship.ErrUnauthenticated.Error() + ": " + r.Text }

// Unwrap returns Missing, or nil if that is nil.
func (r *Refusal) Unwrap() error {
	if r.Missing == nil {
		return nil
	}
	return r.Missing
}

// Is reports whether target is tranship.ErrUnauthenticated.
func (r *Refusal) Is(target error) bool { return target == tranship.ErrUnauthenticated }
