// Package oidc authenticates callers by the tokens of an OpenID Connect issuer: JSON Web
// Tokens (RFC 7519), signed with one of the keys that the issuer publishes.
//
// The package fetches the issuer's keys only when it needs them, and at most every ten
// seconds. It first checks everything in a token that does not need a key. A client with
// forged tokens therefore cannot make a server flood the issuer with requests.
package oidc

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/json" // Compares names of claims case-sensitively, and refuses duplicates.
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/access/authn"
)

// Source is the access.Principal.Source of callers with a token of an issuer.
const Source = "oidc"

// prefix is the prefix of names and groups from an issuer.
const prefix = "oidc:"

// Leeway is how much the clocks of the issuer and the server may differ.
const Leeway = time.Minute

// Options configure an Authenticator. Issuer and Audience are required.
type Options struct {
	// Issuer is the URL of the issuer, exactly as in the claim iss. It begins with
	// https://, or with http:// if the issuer is on this machine.
	Issuer string
	// Audience is a value that the claim aud of a token must contain.
	Audience string
	// NameClaim is the claim that names the principal; "" means sub, which an issuer never
	// assigns to another user later. With email, the claim email_verified must be true.
	NameClaim string
	// GroupsClaim is the claim with the groups, a string or a list of strings; "" means
	// that principals have no groups.
	GroupsClaim string
	// Transport makes requests to the issuer; nil means a transport of the Authenticator,
	// which uses the system's roots and the proxy of the environment.
	Transport http.RoundTripper
	// Logger receives an error when the keys of the issuer cannot be fetched; nil discards
	// it.
	Logger *slog.Logger
	// Now returns the current time; nil means time.Now.
	Now func() time.Time
}

// Authenticator authenticates callers by the tokens of one issuer. It is safe for
// concurrent use.
//
// The name of a principal is "oidc:" followed by the claim for the name, and its groups
// are "oidc:" followed by each group. Authenticate returns tranship.ErrUnavailable if it
// needs keys of the issuer that cannot be fetched.
type Authenticator struct {
	options Options
	keys    *keySet
}

var (
	_ authn.Authenticator    = (*Authenticator)(nil)
	_ tranship.HealthChecker = (*Authenticator)(nil)
)

// New returns an authenticator. It returns an error if an option is invalid. It does not
// connect to the issuer.
func New(options Options) (*Authenticator, error) {
	issuer, err := url.Parse(options.Issuer)
	switch {
	case err != nil || issuer.Host == "" || issuer.User != nil || issuer.RawQuery != "" || issuer.Fragment != "":
		return nil, fmt.Errorf("the issuer %q must be a URL such as https://issuer.example.org, without user, query or fragment", options.Issuer)
	case issuer.Scheme != "https" && (issuer.Scheme != "http" || !isLoopback(issuer.Hostname())):
		return nil, fmt.Errorf("the issuer %q must begin with https://: without TLS an attacker in the network could replace its keys", options.Issuer)
	case options.Audience == "":
		return nil, errors.New("the audience is missing: without it the server would accept tokens for other services of the issuer")
	}
	if options.NameClaim == "" {
		options.NameClaim = "sub"
	}
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	if options.Now == nil {
		options.Now = time.Now
	}
	return &Authenticator{options: options, keys: newKeySet(options)}, nil
}

func isLoopback(host string) bool {
	return host == "localhost" || net.ParseIP(host).IsLoopback()
}

// algorithms returns the signature algorithms that tokens may have. All of them need a
// private key. "none" needs no key, and with HS256 an attacker could use the issuer's
// public key as the secret.
func algorithms() []jose.SignatureAlgorithm {
	return []jose.SignatureAlgorithm{
		jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512,
		jose.ES256, jose.ES384, jose.ES512, jose.EdDSA,
	}
}

// Authenticate implements authn.Authenticator.
func (a *Authenticator) Authenticate(ctx context.Context, credentials authn.Credentials) (authn.Identity, error) {
	if strings.Count(credentials.Token, ".") != 2 {
		return authn.Identity{}, authn.ErrNotMine
	}
	token, err := jwt.ParseSigned(credentials.Token, algorithms())
	if err == nil {
		err = a.precheck(token)
	}
	if err != nil {
		return authn.Identity{}, refuse(err)
	}
	claims, err := a.keys.verify(ctx, token)
	if err != nil {
		return authn.Identity{}, err
	}
	return a.identity(claims)
}

// CheckHealth implements tranship.HealthChecker. It fails with tranship.ErrUnavailable while
// the authenticator has no keys because the issuer does not respond. It then makes the
// authenticator ask the issuer again, and does not wait for that.
func (a *Authenticator) CheckHealth(context.Context) error { return a.keys.checkHealth() }

// precheck refuses tokens that are invalid whatever the keys of the issuer are, so that
// the keys are not fetched for them. It reads claims that are not verified yet.
func (a *Authenticator) precheck(token *jwt.JSONWebToken) error {
	// A token for another purpose, such as to log out, must not authenticate a caller. See
	// RFC 8725, section 3.11.
	if kind, ok := token.Headers[0].ExtraHeaders[jose.HeaderType]; ok {
		kind, _ := kind.(string)
		switch strings.TrimPrefix(strings.ToLower(kind), "application/") {
		case "jwt", "at+jwt":
		default:
			return fmt.Errorf("a token of type %q is not for authentication", kind)
		}
	}
	var claims jwt.Claims
	if err := token.UnsafeClaimsWithoutVerification(&claims); err != nil {
		return err
	}
	return a.validate(claims)
}

func (a *Authenticator) validate(claims jwt.Claims) error {
	if claims.Expiry == nil {
		return errors.New("the token has no time of expiry")
	}
	return claims.ValidateWithLeeway(jwt.Expected{
		Issuer:      a.options.Issuer,
		AnyAudience: jwt.Audience{a.options.Audience},
		Time:        a.options.Now(),
	}, Leeway)
}

// identity returns the identity in the claims of a verified token.
func (a *Authenticator) identity(payload []byte) (authn.Identity, error) {
	var claims jwt.Claims
	var others map[string]json.RawMessage
	if err := errors.Join(json.Unmarshal(payload, &claims), json.Unmarshal(payload, &others)); err != nil {
		return authn.Identity{}, refuse(err)
	}
	if err := a.validate(claims); err != nil {
		return authn.Identity{}, refuse(err)
	}
	principal, err := a.principal(others)
	if err != nil {
		return authn.Identity{}, refuse(err)
	}
	return authn.Identity{Principal: principal, Expires: claims.Expiry.Time().Add(Leeway + time.Second)}, nil
}

func (a *Authenticator) principal(claims map[string]json.RawMessage) (access.Principal, error) {
	var name string
	if err := json.Unmarshal(claims[a.options.NameClaim], &name); err != nil || name == "" {
		return access.Principal{}, fmt.Errorf("the claim %q, for the name, is missing, empty or not a string", a.options.NameClaim)
	}
	if a.options.NameClaim == "email" && string(claims["email_verified"]) != "true" {
		return access.Principal{}, errors.New("the email address is not verified")
	}
	groups, err := stringsOf(claims[a.options.GroupsClaim])
	if err != nil {
		return access.Principal{}, fmt.Errorf("the claim %q, for the groups, is neither a string nor a list of strings", a.options.GroupsClaim)
	}
	principal := access.Principal{Name: prefix + name, Source: Source}
	for _, group := range groups {
		principal.Groups = append(principal.Groups, prefix+group)
	}
	for _, name := range append([]string{principal.Name}, principal.Groups...) {
		if err := access.ValidateName(name); err != nil {
			return access.Principal{}, err
		}
	}
	return principal, nil
}

// stringsOf returns the strings in a claim, which must be a string or a list of strings.
// It returns nil if the claim is missing.
func stringsOf(claim json.RawMessage) (all []string, err error) {
	if len(claim) == 0 {
		return nil, nil
	}
	if err := json.Unmarshal(claim, &all); err == nil {
		return all, nil
	}
	var one string
	err = json.Unmarshal(claim, &one)
	return []string{one}, err
}

// refuse returns a Refusal that tells the client no more than its token does.
func refuse(reason error) error {
	text := "the token is not valid"
	if errors.Is(reason, jwt.ErrExpired) {
		text = "the token has expired"
	}
	return &authn.Refusal{Text: text, Reason: reason}
}
