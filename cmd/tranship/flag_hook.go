package main

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/cmd/tranship/internal/config"
	"github.com/tranship/tranship/cmd/tranship/internal/usage"
	"github.com/tranship/tranship/internal/configfile"
	"github.com/tranship/tranship/store/hook"
)

// hookKey is the name of the flag.
const hookKey = "hooks"

// hookFlags are the flags of serve for the hooks.
type hookFlags struct{ texts []string }

func (f *hookFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringArrayVar(&f.texts, hookKey, nil, "`hook` that is asked before a file becomes visible or told of changes, such as \"name=scan url=https://hooks.example.com events=before-commit\"; may be repeated; see docs/operate/hooks.md")
	config.MarkMapping(flags, hookKey)
}

// settings returns the hooks. The error has all mistakes.
func (f *hookFlags) settings() ([]hookSetting, error) {
	var all []hookSetting
	var m usage.Mistakes
	names := map[string]bool{}
	for i, text := range f.texts {
		setting, err := parseHook(text)
		if err == nil && names[setting.Name] {
			err = usage.New("two hooks must not have the same name")
		}
		if err != nil {
			m.Add(usage.AtItem(hookKey, i, fmt.Errorf("--%s %s: %w", hookKey, hookName(setting, text), err)))
		}
		names[setting.Name] = true
		all = append(all, setting)
	}
	m.If(len(all) > hook.MaxHooks, hookKey, "--%s: there must be at most %d hooks", hookKey, hook.MaxHooks)
	return all, m.Err()
}

// checkFiles returns the mistakes in the files that hooks name.
func (f *hookFlags) checkFiles() error {
	settings, err := f.settings()
	if err != nil {
		return nil //nolint:nilerr // validate has reported it
	}
	var m usage.Mistakes
	for i, s := range settings {
		check := func(key string, err error) {
			if err != nil {
				m.Add(usage.AtItem(hookKey, i, fmt.Errorf("--%s %s: %s: %w", hookKey, s.Name, key, err)))
			}
		}
		if s.secretFile != "" {
			_, _, err := s.secret().Read()
			check("secret-file", err)
		}
		if s.ca != "" {
			check("ca", checkAuthorities(s.ca))
		}
	}
	return m.Err()
}

// open opens the hooks of a store; nil without --hooks. exclusive means that no other server uses
// the store. The caller must call end after the server has stopped, before it closes the store.
func (f *hookFlags) open(ctx context.Context, store tranship.Store, exclusive bool, logger *slog.Logger) (hooks *hook.Hooks, end func() error, err error) {
	settings, err := f.settings()
	if err == nil {
		err = f.checkFiles()
	}
	if err != nil {
		return nil, nil, err
	}
	options := hook.Options{Exclusive: exclusive, Logger: logger}
	var carriers []closingCarrier
	closeAll := func() error {
		var err error
		for _, carrier := range carriers {
			err = errors.Join(err, carrier.Close())
		}
		return err
	}
	for _, s := range settings {
		var authorities *x509.CertPool
		if s.ca != "" {
			text, _, err := configfile.New(s.ca, configfile.Options{Streams: true}).Read()
			if err != nil {
				return nil, nil, errors.Join(err, closeAll())
			}
			authorities = x509.NewCertPool()
			authorities.AppendCertsFromPEM(text)
		}
		carrier, err := s.carrier(authorities)
		if err != nil {
			return nil, nil, errors.Join(err, closeAll())
		}
		carriers = append(carriers, carrier)
		s.Carrier = carrier
		options.Hooks = append(options.Hooks, s.Hook)
	}
	hooks, err = hook.Open(ctx, store, options)
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("--%s: %w", hookKey, err), closeAll())
	}
	return hooks, func() error { return errors.Join(hooks.Close(), closeAll()) }, nil
}
