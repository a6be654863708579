package main

import (
	"fmt"
	"log/slog"
	"net"

	"github.com/spf13/cobra"

	"github.com/tranship/tranship/cmd/tranship/internal/admin"
	"github.com/tranship/tranship/cmd/tranship/internal/metrics"
	"github.com/tranship/tranship/cmd/tranship/internal/scrub"
	"github.com/tranship/tranship/cmd/tranship/internal/usage"
	"github.com/tranship/tranship/server"
)

// adminFlags are the flags of serve for the listener for operators.
type adminFlags struct {
	address  string
	insecure bool
	group    string
	profiles bool
}

func (f *adminFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.address, "admin", "", "`address` of a listener for operators, host:port, with /metrics, /healthz and /readyz over HTTP; other machines get only health")
	flags.BoolVar(&f.insecure, "admin-insecure", false, "let the listener for operators serve metrics to other machines without TLS, to principals of --admin-group; their tokens go over the network in the clear")
	flags.StringVar(&f.group, "admin-group", admin.DefaultGroup, "`group` of the principals that may read metrics from other machines")
	flags.BoolVar(&f.profiles, "admin-pprof", false, "serve profiles of the program below /debug/pprof/, too")
}

func (f *adminFlags) enabled() bool { return f.address != "" }

// validate returns all mistakes. tokens says that the server accepts tokens.
func (f *adminFlags) validate(tokens bool) error {
	var m usage.Mistakes
	if !f.enabled() {
		m.If(f.insecure, "admin-insecure", "--admin-insecure needs --admin")
		m.If(f.profiles, "admin-pprof", "--admin-pprof needs --admin")
		m.If(f.group != admin.DefaultGroup, "admin-group", "--admin-group needs --admin")
		return m.Err()
	}
	if _, err := net.ResolveTCPAddr("tcp", f.address); err != nil {
		m.Add(usage.AtFlag("admin", usage.Errorf("--admin %s: it must be host:port: %v", f.address, err)))
	}
	m.If(f.group == "", "admin-group", "--admin-group: it must not be empty")
	m.If(f.insecure && !tokens, "admin-insecure", "--admin-insecure needs --tokens or --oidc-issuer: without them no token is accepted")
	return m.Err()
}

// serve serves operators until the returned function is called. Without --admin it does nothing.
func (f *adminFlags) serve(service *server.Server, config server.Config, counted *metrics.Metrics, scrubbing *scrub.Scrub) (end func() error, err error) {
	if !f.enabled() {
		return func() error { return nil }, nil
	}
	listener, err := net.Listen("tcp", f.address)
	if err != nil {
		return nil, fmt.Errorf("--admin %s: %w", f.address, err)
	}
	config.Logger.Info("serving operators", "address", listener.Addr().String())
	f.warn(listener.Addr(), config.Logger)
	operators := admin.Serve(listener, admin.Options{
		Health: service.Health, Warnings: storeWarnings(config.Store, scrubbing), Metrics: counted.Handler(config.Logger), Profiles: f.profiles,
		Insecure: f.insecure, Authenticators: config.Authenticators, Group: f.group, Logger: config.Logger,
	})
	return operators.Close, nil
}

// warn logs what an address beyond this machine means.
func (f *adminFlags) warn(address net.Addr, logger *slog.Logger) {
	switch {
	case admin.IsLocal(address):
	case f.insecure:
		logger.Warn("the listener for operators can be reached from other machines without encryption: the tokens of operators cross the network in the clear", "address", address.String())
	default:
		logger.Info("the listener for operators can be reached from other machines, so it answers only /healthz and /readyz", "address", address.String())
	}
}
