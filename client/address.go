package client

import (
	"context"
	"fmt"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access/bearer"
	"github.com/tranship/tranship/access/tlsconfig"
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
	return address, o, nil
}
