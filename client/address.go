package client

import (
	"context"
	"fmt"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access/bearer"
	"github.com/tranship/tranship/access/tlsconfig"
	"github.com/tranship/tranship/client/internal/route"
)

// resolve returns the "host:port" of an address, which may be a URL, and the options of
// connections to it. In the returned options, TLS and Token decide alone.
func (o Options) resolve(ctx context.Context, address string) (string, Options, error) {
	var secure bool // the scheme of the URL
	if isURL(address) {
		u, err := ParseURL(address)
		if err != nil {
			return "", o, err
		}
		if u.Path != "" {
			return "", o, &tranship.InvalidError{Field: "url", Rule: "a server's URL must not have a path: use URL.Server to connect, and URL.Path in calls"}
		}
		if !u.TLS && o.TLS != nil {
			return "", o, &tranship.InvalidError{Field: "url", Rule: "with TLS the scheme must be grpcs"}
		}
		address, secure = u.Address, u.TLS
	} else {
		parsed, err := route.Parse(address)
		if err != nil {
			return "", o, &tranship.InvalidError{Field: "address", Rule: err.Error()}
		}
		address = parsed
	}
	if err := o.checkTransport(); err != nil {
		return "", o, err
	}
	switch {
	case o.TLS != nil:
		if o.Trust.CheckPlaintext() != nil {
			return "", o, &tranship.InvalidError{Field: "tls", Rule: "TLS and Trust must not both be set"}
		}
	case secure:
		config, err := tlsconfig.UserClient(address, o.Trust)
		if err != nil {
			return "", o, fmt.Errorf("connecting to %s: %w", address, err)
		}
		o.TLS = config
	default:
		if err := o.Trust.CheckPlaintext(); err != nil {
			return "", o, fmt.Errorf("connecting to %s: %w; write grpcs://%[1]s", address, err)
		}
	}
	if o.TokenFile != "" {
		if o.Token != nil {
			return "", o, &tranship.InvalidError{Field: "token", Rule: "Token and TokenFile must not both be set"}
		}
		o.Token = bearer.NewFile(o.TokenFile).Token
		if _, err := o.Token(ctx); err != nil { // report a mistake before anything is sent
			return "", o, err
		}
	}
	o.preferred = &route.Preferred{}
	var err error
	if o.proxy, err = o.chooseProxy(address); err != nil {
		return "", o, &tranship.InvalidError{Field: "proxy", Rule: err.Error()}
	}
	return address, o, nil
}

// plaintextToken reports whether the options have a token and no TLS.
func (o Options) plaintextToken() bool { return o.Token != nil && o.TLS == nil }

// chooseProxy returns the proxy for a server; nil if there is none.
func (o Options) chooseProxy(address string) (*route.Proxy, error) {
	switch {
	case o.plaintextToken():
		// A proxy would pass the token on to another machine.
		return nil, nil
	case o.Proxy == nil:
		return route.FromEnvironment(address, o.TLS != nil)
	}
	u, err := o.Proxy(address)
	if err != nil {
		return nil, err
	}
	return route.NewProxy(u, "")
}
