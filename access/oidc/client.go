package oidc

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4/jwt"
	"golang.org/x/oauth2"

	"github.com/tranship/tranship"
)

// ClientOptions configure a Client. Issuer and ID are required.
type ClientOptions struct {
	// Issuer is Options.Issuer of the Authenticator for the tokens.
	Issuer string
	// ID is the id that the issuer knows the server by. The tokens of a user who signs in have it
	// as their audience, which must be that of the Authenticator.
	ID string
	// Secret returns the secret of the client, each time that it is needed; nil means that the
	// client has none, and is a public client. It must be safe for concurrent use.
	Secret func() (string, error)
	// Scopes are asked for beside openid, such as profile, email or groups.
	Scopes []string
	// Transport makes requests to the issuer; nil means as in Options.
	Transport http.RoundTripper
	// Logger receives an error when the issuer does not respond as it should; nil discards it.
	Logger *slog.Logger
	// Now returns the current time; nil means time.Now.
	Now func() time.Time
}

// Client signs users in with their browsers, by the authorization code flow of OpenID Connect with
// PKCE. It is safe for concurrent use. Its errors match tranship.ErrUnavailable if the issuer does
// not respond as it should, and tranship.ErrUnauthenticated if the issuer refuses.
type Client struct {
	options ClientOptions
	issuer  *issuer

	mu sync.Mutex
	// endpoints were fetched at fetched, or failed with failed.
	endpoints endpoints
	fetched   time.Time
	failed    error
}

// NewClient returns a client. It returns an error if an option is invalid. It does not connect to the
// issuer.
func NewClient(options ClientOptions) (*Client, error) {
	if options.ID == "" {
		return nil, errors.New("the id of the client is missing")
	}
	if slices.ContainsFunc(options.Scopes, func(s string) bool { return s == "" || strings.ContainsAny(s, " \"\\") }) {
		return nil, errors.New("a scope must not be empty, and must have no spaces, quotes or backslashes")
	}
	audience := Options{Issuer: options.Issuer, Audience: options.ID, Transport: options.Transport}
	if _, err := New(audience); err != nil {
		return nil, err
	}
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	if options.Now == nil {
		options.Now = time.Now
	}
	return &Client{options: options, issuer: newIssuer(audience)}, nil
}

// Name returns the URL of the issuer.
func (c *Client) Name() string { return c.options.Issuer }

// AuthorizationURL returns the URL at which a user signs in. redirect is the URL to which the issuer
// leads back with state, and the token will have nonce. verifier is the secret of PKCE, of 43 to 128
// letters and digits.
func (c *Client) AuthorizationURL(ctx context.Context, redirect, state, nonce, verifier string) (string, error) {
	config, err := c.config(ctx, redirect)
	if err != nil {
		return "", err
	}
	return config.AuthCodeURL(state, oauth2.SetAuthURLParam("nonce", nonce), oauth2.S256ChallengeOption(verifier)), nil
}

// Token exchanges the code that the issuer has led a user back with for the user's ID token. It checks
// that the token has nonce, and nothing else: an Authenticator must check the token.
func (c *Client) Token(ctx context.Context, redirect, code, nonce, verifier string) (string, error) {
	config, err := c.config(ctx, redirect)
	if err != nil {
		return "", err
	}
	if c.options.Secret != nil {
		if config.ClientSecret, err = c.options.Secret(); err != nil {
			c.options.Logger.ErrorContext(ctx, "the secret for the OpenID Connect issuer cannot be read", "error", err)
			return "", fmt.Errorf("%w: the server cannot read its secret for the issuer", tranship.ErrUnavailable)
		}
	}
	answer, err := config.Exchange(context.WithValue(ctx, oauth2.HTTPClient, c.issuer.client), code, oauth2.VerifierOption(verifier))
	if refused, ok := errors.AsType[*oauth2.RetrieveError](err); ok && refused.ErrorCode != "" && refused.Response.StatusCode < http.StatusInternalServerError {
		c.options.Logger.WarnContext(ctx, "the OpenID Connect issuer gives no token for a code", "error", refused.ErrorCode, "description", refused.ErrorDescription)
		return "", fmt.Errorf("%w: the issuer gives no token: %s", tranship.ErrUnauthenticated, refused.ErrorCode)
	}
	if err != nil {
		return "", c.unavailable(ctx, err)
	}
	token, _ := answer.Extra("id_token").(string)
	if token == "" {
		return "", c.unavailable(ctx, errors.New("the response of the issuer has no ID token"))
	}
	if err := checkNonce(token, nonce); err != nil {
		c.options.Logger.WarnContext(ctx, "a token of the OpenID Connect issuer is not for this sign-in", "error", err)
		return "", refuse(err)
	}
	return token, nil
}

// checkNonce refuses a token without a nonce, which is not of the sign-in that has it.
func checkNonce(text, nonce string) error {
	token, err := jwt.ParseSigned(text, algorithms())
	if err != nil {
		return err
	}
	var claims struct {
		Nonce string `json:"nonce"`
	}
	if err := token.UnsafeClaimsWithoutVerification(&claims); err != nil {
		return err
	}
	if nonce == "" || subtle.ConstantTimeCompare([]byte(claims.Nonce), []byte(nonce)) != 1 {
		return errors.New("the token has another nonce than that of the sign-in")
	}
	return nil
}

// unavailable logs a failure of the issuer, and returns what the user is told.
func (c *Client) unavailable(ctx context.Context, reason error) error {
	if ctx.Err() == nil {
		c.options.Logger.ErrorContext(ctx, "the OpenID Connect issuer cannot sign users in", "error", reason.Error())
	}
	return fmt.Errorf("%w: users cannot sign in at the moment: the issuer does not respond as it should", tranship.ErrUnavailable)
}

// endpoints are where an issuer signs users in.
type endpoints struct {
	Issuer        string   `json:"issuer"`
	Authorization string   `json:"authorization_endpoint"`
	Token         string   `json:"token_endpoint"`
	Methods       []string `json:"token_endpoint_auth_methods_supported"`
}

// config returns what oauth2 has to know of the issuer.
func (c *Client) config(ctx context.Context, redirect string) (*oauth2.Config, error) {
	found, err := c.discover()
	if err != nil {
		return nil, c.unavailable(ctx, err)
	}
	style := oauth2.AuthStyleInHeader // the default of OpenID Connect Discovery
	if c.options.Secret == nil || len(found.Methods) > 0 && !slices.Contains(found.Methods, "client_secret_basic") {
		style = oauth2.AuthStyleInParams
	}
	return &oauth2.Config{
		ClientID:    c.options.ID,
		RedirectURL: redirect,
		Scopes:      append([]string{"openid"}, c.options.Scopes...),
		Endpoint:    oauth2.Endpoint{AuthURL: found.Authorization, TokenURL: found.Token, AuthStyle: style},
	}, nil
}

// discover returns the endpoints of the issuer, which are fetched again as often as its keys:
// whatever clients ask for, at most every fetchInterval. requestTimeout bounds the request.
func (c *Client) discover() (endpoints, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	age := c.options.Now().Sub(c.fetched)
	switch {
	case c.failed == nil && c.endpoints.Token != "" && age < refreshAge:
		return c.endpoints, nil
	case !c.fetched.IsZero() && age < fetchInterval:
		return c.endpoints, c.failed
	}
	c.fetched = c.options.Now()
	// The request is for all users who wait: none of them ends it.
	found, err := c.fetchEndpoints(context.Background())
	if c.failed = err; err == nil {
		c.endpoints = found
	}
	return c.endpoints, c.failed
}

// fetchEndpoints finds the endpoints by OpenID Connect Discovery.
func (c *Client) fetchEndpoints(ctx context.Context) (found endpoints, err error) {
	discovery := strings.TrimSuffix(c.options.Issuer, "/") + "/.well-known/openid-configuration"
	if err := c.issuer.get(ctx, discovery, &found); err != nil {
		return endpoints{}, err
	}
	if found.Issuer != c.options.Issuer {
		return endpoints{}, fmt.Errorf("%s: the issuer is %q, not %q", discovery, found.Issuer, c.options.Issuer)
	}
	for name, endpoint := range map[string]string{"authorization_endpoint": found.Authorization, "token_endpoint": found.Token} {
		parsed, err := url.Parse(endpoint)
		if err != nil || parsed.Host == "" || parsed.Scheme != "https" && (parsed.Scheme != "http" || !isLoopback(parsed.Hostname())) {
			return endpoints{}, fmt.Errorf("%s: %s is %q, which does not begin with https://", discovery, name, endpoint)
		}
	}
	return found, nil
}
