// Package oidc authenticates by the tokens of an OpenID Connect issuer: JSON Web Tokens
// (RFC 7519), signed with one of the keys that the issuer publishes.
//
// What may be checked without the issuer's keys is checked before they are asked for.
// The issuer is asked only when it is needed, and at most every ten seconds, whatever
// tokens arrive: who sends forged ones cannot make a server knock at its door.
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
	"github.com/go-jose/go-jose/v4/json" // Names of claims are case-sensitive, and none is there twice.
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/access/authn"
)

// Source is the Principal.Source of who has a token of an issuer.
const Source = "oidc"

// prefix is what names and groups from an issuer begin with.
const prefix = "oidc:"

// Leeway is how much the clocks of issuer and server may differ.
const Leeway = time.Minute

// Options of an Authenticator. Issuer and Audience are required.
type Options struct {
	// Issuer is the URL of the issuer, as in the claim iss. It begins with https://,
	// or with http:// if it is on this machine.
	Issuer string
	// Audience is who the tokens must be for: one value of the claim aud.
	Audience string
	// NameClaim is the claim that names the principal; "": sub, which no issuer gives
	// to somebody else later. With email, the claim email_verified must be true.
	NameClaim string
	// GroupsClaim is the claim that has the groups, a string or several; "": tokens
	// tell none.
	GroupsClaim string
	// Transport makes requests to the issuer; nil: one of its own, which uses the
	// system's roots and the proxy of the environment.
	Transport http.RoundTripper
	// Logger is told when the issuer cannot be asked; nil: nobody is.
	Logger *slog.Logger
	// Now is the time; nil: time.Now.
	Now func() time.Time
}

// Authenticator authenticates by the tokens of one issuer. It is safe for concurrent
// use.
//
// The name of a principal is "oidc:" and the claim, its groups are "oidc:" and each.
// While the issuer's keys cannot be had, calls fail with tranship.ErrUnavailable.
type Authenticator struct {
	options Options
	keys    *keySet
}

var _ authn.Authenticator = (*Authenticator)(nil)

// New returns an authenticator. It does not ask the issuer yet. The error says which
// option is wrong.
func New(options Options) (*Authenticator, error) {
	issuer, err := url.Parse(options.Issuer)
	switch {
	case err != nil || issuer.Host == "" || issuer.User != nil || issuer.RawQuery != "" || issuer.Fragment != "":
		return nil, fmt.Errorf("the issuer %q must be a URL as https://issuer.example.org, without query or fragment", options.Issuer)
	case issuer.Scheme != "https" && (issuer.Scheme != "http" || !isLoopback(issuer.Hostname())):
		return nil, fmt.Errorf("the issuer %q must begin with https://: anybody on the way could replace its keys", options.Issuer)
	case options.Audience == "":
		return nil, errors.New("the audience is missing: tokens for other services of the issuer would do, too")
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

// algorithms are those that tokens may be signed with: only with a key that nobody but
// the issuer has. "none", and HS256 with what is public for a secret, cannot be.
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

// precheck refuses what no key of the issuer can make good, so that its keys are not
// fetched for it. What it reads is not verified yet.
func (a *Authenticator) precheck(token *jwt.JSONWebToken) error {
	// A token for another use, such as to log out, must not be one to log in with. See
	// RFC 8725, section 3.11.
	if kind, ok := token.Headers[0].ExtraHeaders[jose.HeaderType]; ok {
		kind, _ := kind.(string)
		switch strings.TrimPrefix(strings.ToLower(kind), "application/") {
		case "jwt", "at+jwt":
		default:
			return fmt.Errorf("a token of type %q is not for this", kind)
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
		return errors.New("the token does not say when it expires")
	}
	return claims.ValidateWithLeeway(jwt.Expected{
		Issuer:      a.options.Issuer,
		AnyAudience: jwt.Audience{a.options.Audience},
		Time:        a.options.Now(),
	}, Leeway)
}

// identity is whose a verified token is.
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
		return access.Principal{}, fmt.Errorf("the claim %q, for the name, is missing or no string", a.options.NameClaim)
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

// stringsOf reads a claim that has a string or several; nil if it is not there.
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

// refuse tells the client no more than its token says itself.
func refuse(reason error) error {
	text := "the token is not valid"
	if errors.Is(reason, jwt.ErrExpired) {
		text = "the token has expired"
	}
	return &authn.Refusal{Text: text, Reason: reason}
}
