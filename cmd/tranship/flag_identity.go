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

// identityFlags are the flags of serve that say how it knows who makes a call.
type identityFlags struct {
	tokens string
	oidc   oidc.Options
}

func (f *identityFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.tokens, "tokens", "", "`file` of the bearer tokens that are good, which tranship token makes; changes take effect within a second")
	flags.StringVar(&f.oidc.Issuer, "oidc-issuer", "", "`URL` of an OpenID Connect issuer whose tokens are good")
	flags.StringVar(&f.oidc.Audience, "oidc-audience", "", "`name` that tokens of the issuer must be for")
	flags.StringVar(&f.oidc.NameClaim, "oidc-name-claim", "", "`claim` of the issuer's tokens that names who has them (default sub)")
	flags.StringVar(&f.oidc.GroupsClaim, "oidc-groups-claim", "", "`claim` of the issuer's tokens that has the groups")
}

// has reports whether anybody's tokens are good.
func (f *identityFlags) has() bool { return f.tokens != "" || f.oidc.Issuer != "" }

func (f *identityFlags) validate() error {
	if f.oidc.Issuer == "" {
		for name, value := range map[string]string{"audience": f.oidc.Audience, "name-claim": f.oidc.NameClaim, "groups-claim": f.oidc.GroupsClaim} {
			if value != "" {
				return usage.Errorf("--oidc-%s needs --oidc-issuer", name)
			}
		}
		return nil
	}
	if f.oidc.Audience == "" {
		return usage.New("--oidc-issuer needs --oidc-audience: tokens that the issuer made for others would do, too")
	}
	if _, err := oidc.New(f.oidc); err != nil {
		return usage.Errorf("--oidc-issuer: %v", err)
	}
	return nil
}

// authenticators are those of the flags. certificates authenticates clients by certificates
// that TLS has verified; nil: no certificate is believed.
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
