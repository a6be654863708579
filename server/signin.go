package server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access/authn"
	"github.com/tranship/tranship/server/internal/signin"
)

// SignIn is how the users of browsers sign in over HTTP. The zero value lets them sign in with the
// bearer tokens that Config.Authenticators take.
type SignIn struct {
	// Issuer signs users in by the authorization code flow; nil means that none does. It needs
	// Config.HTTPURL, and one of Config.Authenticators must take its tokens. An oidc.Client of package
	// access/oidc is one.
	Issuer SignInIssuer
}

// SignInIssuer signs users in by the authorization code flow of OpenID Connect, with PKCE. It is safe
// for concurrent use. Its errors match tranship.ErrUnavailable if the issuer does not respond as it
// should, and tranship.ErrUnauthenticated if it refuses.
type SignInIssuer interface {
	// Name returns the URL of the issuer.
	Name() string
	// AuthorizationURL returns the URL at which a user signs in. redirect is the URL to which the
	// issuer leads back with state, the path /session/callback of Config.HTTPURL. The token will have
	// nonce. verifier is the secret of PKCE.
	AuthorizationURL(ctx context.Context, redirect, state, nonce, verifier string) (string, error)
	// Token exchanges a code for the user's token. It checks that the token has nonce, and
	// nothing else: Config.Authenticators do.
	Token(ctx context.Context, redirect, code, nonce, verifier string) (string, error)
}

// issuer returns the issuer as signin knows it.
func (s SignIn) issuer() signin.Issuer {
	if s.Issuer == nil {
		return nil
	}
	return s.Issuer
}

// checkSignIn returns why Config.SignIn is not valid.
func (c Config) checkSignIn() error {
	if c.SignIn.Issuer == nil {
		return nil
	}
	if err := CheckSignInURL(c.HTTPURL); err != nil {
		return &ConfigError{Field: "SignIn.Issuer", Err: fmt.Errorf("%w: an issuer needs HTTPURL, to which it leads users back: %q %w", tranship.ErrInvalid, c.HTTPURL, err)}
	}
	return nil
}

// CheckSignInURL returns why text cannot be Config.HTTPURL if there is a SignIn.Issuer, as the end of
// a sentence that begins with the text; nil if it can.
func CheckSignInURL(text string) error {
	if err := CheckHTTPURL(text); err != nil {
		return err
	}
	known := Config{HTTPURL: text}.httpURL()
	switch {
	case known == nil:
		return errors.New("is not a URL")
	case known.Scheme != "https" && known.Hostname() != "localhost" && !net.ParseIP(known.Hostname()).IsLoopback():
		return errors.New("must begin with https://, or have the host localhost: sessions must not cross a network in plaintext")
	}
	return nil
}

// httpURL returns HTTPURL; nil if it is not known.
func (c Config) httpURL() *url.URL {
	if c.HTTPURL == "" {
		return nil
	}
	known, err := url.Parse(c.HTTPURL)
	if err != nil {
		return nil // which New has refused
	}
	return known
}

// takesTokens reports whether a bearer token can be good.
func (c Config) takesTokens() bool {
	return c.Caller == nil && slices.ContainsFunc(c.Authenticators, func(a authn.Authenticator) bool {
		_, certificates := a.(authn.Certificates)
		return !certificates
	})
}
