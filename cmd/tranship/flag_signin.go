package main

import (
	"fmt"
	"log/slog"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tranship/tranship/access/oidc"
	"github.com/tranship/tranship/cmd/tranship/internal/usage"
	"github.com/tranship/tranship/internal/configfile"
	"github.com/tranship/tranship/server"
)

// signInFlags are the flags of serve for users of browsers who sign in.
type signInFlags struct {
	client, secretFile string
	scopes             []string
}

func (f *signInFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.client, "oidc-client-id", "", "`id` by which the issuer knows this server, to let users of browsers sign in there; it is usually the audience, too")
	flags.StringVar(&f.secretFile, "oidc-client-secret-file", "", "`file` with the secret of the client, if it has one; it is read when a user signs in")
	flags.StringSliceVar(&f.scopes, "oidc-scopes", nil, "`scopes` to ask the issuer for beside openid, such as profile,email,groups")
}

// validate returns all mistakes in the values of the flags.
func (f *signInFlags) validate(httpURL, issuer string) error {
	var m usage.Mistakes
	if f.client == "" {
		m.If(f.secretFile != "", "oidc-client-secret-file", "--oidc-client-secret-file needs --oidc-client-id")
		m.If(len(f.scopes) > 0, "oidc-scopes", "--oidc-scopes needs --oidc-client-id")
		return m.Err()
	}
	m.If(issuer == "", "oidc-client-id", "--oidc-client-id needs --oidc-issuer")
	m.If(server.CheckHTTPURL(httpURL) == nil && httpURL != "" && server.CheckSignInURL(httpURL) != nil, "http-url", "--http-url %q %v", httpURL, server.CheckSignInURL(httpURL))
	m.If(httpURL == "", "oidc-client-id", "--oidc-client-id needs --http-url, to which the issuer leads users back")
	if issuer != "" {
		_, err := oidc.NewClient(oidc.ClientOptions{Issuer: issuer, ID: f.client, Scopes: f.scopes})
		m.If(err != nil, "oidc-scopes", "--oidc-scopes %s: %v", strings.Join(f.scopes, ","), err)
	}
	return m.Err()
}

// secret returns the secret of the client.
func (f *signInFlags) secret() (string, error) {
	content, _, err := configfile.New(f.secretFile, configfile.Options{Guard: configfile.GuardPath, MaxBytes: maxSecretBytes}).Read()
	if err != nil {
		return "", err
	}
	text := strings.TrimSpace(string(content))
	if text == "" || strings.ContainsAny(text, "\r\n") {
		return "", fmt.Errorf("%s: it must have the secret, on one line, and nothing else", f.secretFile)
	}
	return text, nil
}

// checkFiles returns the mistakes in the files that the flags name.
func (f *signInFlags) checkFiles() error {
	if f.secretFile == "" {
		return nil
	}
	if _, err := f.secret(); err != nil {
		return usage.AtFlag("oidc-client-secret-file", fmt.Errorf("--oidc-client-secret-file: %w", err))
	}
	return nil
}

// settings returns how users of browsers sign in.
func (f *signInFlags) settings(issuer string, log *slog.Logger) (server.SignIn, error) {
	if f.client == "" {
		return server.SignIn{}, nil
	}
	if err := f.checkFiles(); err != nil {
		return server.SignIn{}, err
	}
	options := oidc.ClientOptions{Issuer: issuer, ID: f.client, Scopes: f.scopes, Logger: log}
	if f.secretFile != "" {
		options.Secret = f.secret
	}
	client, err := oidc.NewClient(options)
	if err != nil {
		return server.SignIn{}, fmt.Errorf("--oidc-client-id: %w", err)
	}
	return server.SignIn{Issuer: client}, nil
}
