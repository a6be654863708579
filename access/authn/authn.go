// Package authn finds out who makes a gRPC call. Its interceptors, for any
// grpc.Server, take what a call brings, a bearer token or the certificate of its
// connection, and put the principal that an Authenticator finds into the call's
// context, where access.FromContext has it; or they end the call with
// UNAUTHENTICATED.
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

// Credentials is one thing that a call brings to say who makes it. One field is set.
type Credentials struct {
	// Token is a bearer token.
	Token string
	// TLS is the connection, whose client has shown a certificate.
	TLS *tls.ConnectionState
}

// Authenticator finds who has credentials. It is safe for concurrent use.
type Authenticator interface {
	// Authenticate returns whose the credentials are. The error is ErrNotMine for
	// those of another kind; a *Refusal for those that are not good;
	// tranship.ErrUnavailable when that cannot be told at the moment; any other is
	// an internal failure, of which clients are told nothing. No error may have the
	// token in it, or parts of it.
	Authenticate(ctx context.Context, credentials Credentials) (Identity, error)
}

// ErrNotMine is what an Authenticator says of credentials of another kind.
var ErrNotMine = errors.New("credentials of another kind")

// Identity is who has credentials, and for how long.
type Identity struct {
	access.Principal
	// Expires is when the credentials are no longer good; the zero time: never.
	Expires time.Time
}

// Refusal is why credentials are not good. It matches tranship.ErrUnauthenticated.
type Refusal struct {
	// Text is for whoever sent them, and so tells nothing that these do not know
	// who guess.
	Text string
	// Reason is for the server's log; nil if there is nothing to add.
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
