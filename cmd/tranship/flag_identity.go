package main

import (
	"fmt"
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/tranship/tranship/access/authn"
	"github.com/tranship/tranship/access/oidc"
	"github.com/tranship/tranship/access/token"
	"github.com/tranship/tranship/cmd/tranship/internal/usage"
)

// identityFlags are the flags of serve that select how it authenticates callers by token.
type identityFlags struct {
	tokens string
	oidc   oidc.Options
}

func (f *identityFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.tokens, "tokens", "", "`file` of the accepted bearer tokens, written by tranship token; changes take effect within a second")
	flags.StringVar(&f.oidc.Issuer, "oidc-issuer", "", "`URL` of an OpenID Connect issuer whose tokens are accepted")
	flags.StringVar(&f.oidc.Audience, "oidc-audience", "", "audience `name` that tokens of the issuer must have")
	flags.StringVar(&f.oidc.NameClaim, "oidc-name-claim", "", "`claim` of the issuer's tokens with the name of the principal (default sub)")
	flags.StringVar(&f.oidc.GroupsClaim, "oidc-groups-claim", "", "`claim` of the issuer's tokens with the groups of the principal")
}

// enabled reports whether the server accepts tokens.
func (f *identityFlags) enabled() bool { return f.tokens != "" || f.oidc.Issuer != "" }

func (f *identityFlags) validate() error {
	var m usage.Mistakes
	if f.oidc.Issuer == "" {
		for _, flag := range []struct{ name, value string }{
			{"oidc-audience", f.oidc.Audience}, {"oidc-name-claim", f.oidc.NameClaim}, {"oidc-groups-claim", f.oidc.GroupsClaim},
		} {
			m.If(flag.value != "", flag.name, "--%s needs --oidc-issuer", flag.name)
		}
		return m.Err()
	}
	if f.oidc.Audience == "" {
		return usage.AtFlag("oidc-issuer", usage.New("--oidc-issuer needs --oidc-audience: without it, tokens that the issuer made for other services would be accepted"))
	}
	if _, err := oidc.New(f.oidc); err != nil {
		return usage.AtFlag("oidc-issuer", usage.Errorf("--oidc-issuer: %v", err))
	}
	return nil
}

// authenticators returns the authenticators that the flags select. certificates
// authenticates clients by the certificates that TLS has verified; nil means none is
// accepted.
func (f *identityFlags) authenticators(certificates authn.Authenticator, log *slog.Logger) ([]authn.Authenticator, error) {
	var authenticators []authn.Authenticator
	if f.tokens != "" {
		tokens, err := token.Open(f.tokens, token.Options{Logger: log})
		if err != nil {
			return nil, fmt.Errorf("--tokens %w", err)
		}
		authenticators = append(authenticators, tokens)
	}
	if f.oidc.Issuer != "" {
		options := f.oidc
		options.Logger = log
		issuer, err := oidc.New(options)
		if err != nil {
			return nil, fmt.Errorf("--oidc-issuer: %w", err)
		}
		authenticators = append(authenticators, issuer)
	}
	if certificates != nil {
		authenticators = append(authenticators, certificates)
	}
	return authenticators, nil
}
