package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/cmd/tranship/internal/copycmd"
	"github.com/tranship/tranship/internal/codepages"
	"github.com/tranship/tranship/internal/heapfloor"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/disk"
	"github.com/tranship/tranship/store/s3"
)

// garbagePercent is GOGC of a server: its heap is few large buffers, which cost little to
// scan and much to keep. A heap of less than garbageFloor bytes is not worth collecting: a server that
// stores small files would do it every few milliseconds.
const garbagePercent, garbageFloor = 50, 8 << 20

// otherMemory is the memory, in bytes, that a server needs beside --memory-limit, with a
// margin.
const otherMemory = 64 << 20

// serveName is the name of the command.
const serveName = "serve"

func newServe(g *globals) *cobra.Command {
	cmd := &cobra.Command{
		Use:   serveName + " --root DIR | --store s3://BUCKET/PREFIX",
		Short: "Serve the files of a directory or a bucket",
		Long: `Serve the files of a directory or a bucket over gRPC, to tranship and to clients of the
filesrv and filetransfer protocols, with health checking and reflection, until
SIGTERM or SIGINT. The server then finishes the transfers under way, for at most
--drain-timeout; a second signal stops it at once.

Each flag is also a key of the YAML file of --config and an environment variable:
--max-uploads 5 is max-uploads: 5 and TRANSHIP_MAX_UPLOADS=5. SIGHUP makes the server
read the file again and change limits, quotas and the log level, without an effect on
transfers under way; the log names what needs a restart. A mistake changes nothing.
Files such as --tokens, --policy and --tls-cert are also read when they change.

The server refuses to listen beyond this machine without TLS unless --insecure
allows it, and without authentication unless --anonymous allows it.`,
		Example: `  tranship serve --root /srv/files
  tranship serve --config /etc/tranship/server.yaml
  tranship serve --root /srv/files --listen :50051 --tls self-signed --anonymous write
  tranship serve --root /srv/files --listen :443 --tls-cert server.pem --tls-key server.key --client-ca clients.pem
  tranship serve --root /srv/files --listen :443 --tls-cert server.pem --tls-key server.key --tokens tokens
  tranship serve --store s3://bucket/prefix --s3-endpoint https://s3.example.com --s3-path-style`,
		Args: arguments(0, 0, "tranship serve --root DIR"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return g.serve(cmd.Context(), cmd)
		},
	}
	g.addServerFlags(cmd)
	return cmd
}

func (g *globals) serve(ctx context.Context, cmd *cobra.Command) (err error) {
	// The default action of a signal that comes during the start would end the server.
	reloads := make(chan os.Signal, 1)
	signal.Notify(reloads, syscall.SIGHUP)
	defer signal.Stop(reloads)
	flags, settings, err := g.loadServer(cmd)
	if err != nil {
		return err
	}
	// The server must continue when the reader of its log ends.
	signal.Ignore(syscall.SIGPIPE)
	ready := &readyFile{name: flags.readyFile}
	if err := ready.removeStale(); err != nil {
		return err
	}
	limit := cmp.Or(int64(flags.memoryLimit), server.DefaultMemoryLimit)
	defer heapfloor.Set(garbagePercent, garbageFloor)()
	if flags.store.enabled() {
		limit += cmp.Or(int64(flags.store.memory), s3.DefaultMemory)
	}
	debug.SetMemoryLimit(limit + otherMemory)
	level := &slog.LevelVar{}
	flags.setLevel(level)
	logger := newLogger(g.Streams, flags.logFormat, level)
	for _, unknown := range settings.Unknown() {
		logger.Warn(unknown)
	}
	exports := serverTelemetry(ctx, logger)
	defer exports.Close(ctx)
	address, err := flags.permitListening()
	if err != nil {
		return settings.Locate(err)
	}
	if err := flags.findRoot(); err != nil {
		return err
	}
	// This comes before disk.Open, which hides the state directory that holds the key.
	tlsFiles, err := flags.tls.files(flags.root, address, logger)
	if err != nil {
		return fmt.Errorf("TLS: %w", err)
	}
	store, err := flags.openStore(ctx, logger, exports)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()

	rules, auditLog, err := flags.protection.open(g.Out, logger)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, auditLog.Close()) }()
	authenticators, err := flags.identity.authenticators(flags.tls.certificates(tlsFiles), logger)
	if err != nil {
		return err
	}
	signIn, err := flags.signIn.settings(flags.identity.oidc.Issuer, logger)
	if err != nil {
		return err
	}
	proxies, err := flags.proxies.proxies()
	if err != nil {
		return err
	}
	config := server.Config{
		Store:           store,
		Insecure:        flags.insecure,
		Authenticators:  authenticators,
		SignIn:          signIn,
		Anonymous:       flags.anonymous.permission(),
		Policy:          guardPolicy(rules),
		PrincipalLimits: principalLimits(rules),
		Quota:           flags.limits.quotas(flags.store.enabled()),
		Proxies:         proxies,
		Limits:          flags.limits.limits(),
		MemoryLimit:     int64(flags.memoryLimit),
		MaxMessageBytes: int(g.maxMessage.byteSize),
		ListPage:        flags.limits.listPage,
		HTTPURL:         flags.http.url,
		HTTPOrigins:     flags.http.origins,
		Links:           flags.http.links,
		MinDurability:   tranship.Durability(flags.minDurability),
		Protocols: server.Protocols{
			Filesrv:      &server.Filesrv{UploadSuffix: flags.filesrv.uploadSuffix, Revision: flags.filesrv.revision},
			Filetransfer: true,
		},
		NoLanes:      flags.noLanes,
		Audit:        auditLog,
		Logger:       logger,
		DrainTimeout: negativeIfZero(flags.drainTimeout),
		Version:      softwareVersion(),
	}
	hooks, endHooks, err := flags.hooks.open(ctx, store, !flags.store.enabled(), logger)
	if err != nil {
		return settings.Locate(err)
	}
	defer func() { err = errors.Join(err, endHooks()) }()
	config.Hooks = hooks
	config.Quota.Count = rules != nil && rules.Policy().LimitsFiles()
	flags.administered(&config, rules)
	if tlsFiles != nil {
		config.TLS = tlsFiles.Config()
		config.Health = append(config.Health, tlsFiles)
	}
	counted := observe(&config, exports, flags.admin.enabled())
	service, err := server.New(ctx, config)
	if err != nil {
		return serveFlagError(err)
	}
	checkPolicies(rules, store, config.Quota.Count || config.Quota.Bytes > 0 || config.Quota.Files > 0)
	reloader := &reloader{arguments: g.arguments, flags: flags, settings: settings, level: level, log: logger, service: service}
	listener, err := net.ListenTCP("tcp", address)
	if err != nil {
		return fmt.Errorf("--listen %s: %w", flags.listen, err)
	}
	listeners := []net.Listener{zonedListener{listener, address.Zone}}
	overHTTP, err := flags.http.listen()
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	if overHTTP != nil {
		listeners = append(listeners, overHTTP)
	}
	scrubbing, err := flags.verify.start(store, logger)
	if err != nil {
		return errors.Join(err, closeAll(listeners))
	}
	if scrubbing != nil {
		defer scrubbing.Close()
	}
	watch(counted, exports, service, store, config, scrubbing)
	endAdmin, err := flags.admin.serve(service, config, counted, scrubbing)
	if err != nil {
		return errors.Join(err, closeAll(listeners))
	}
	defer func() { err = errors.Join(err, endAdmin()) }()
	if err := codepages.Release(); err != nil {
		logger.Debug("the pages of the start stay in memory", "error", err)
	}
	return runService(ctx, service, listeners, flags.drainTimeout, ready, reloads, reloader.reload)
}

// zonedListener is a listener whose address has the zone that it was given. The one that the
// system returns has none, and clients cannot connect to it.
type zonedListener struct {
	*net.TCPListener
	zone string
}

// Addr implements net.Listener.
func (l zonedListener) Addr() net.Addr {
	address, ok := l.TCPListener.Addr().(*net.TCPAddr)
	if !ok || l.zone == "" || address.Zone != "" {
		return l.TCPListener.Addr()
	}
	return &net.TCPAddr{IP: address.IP, Port: address.Port, Zone: l.zone}
}

// findRoot makes the root if it is missing. With --root-must-exist it fails unless the root
// has a store; nothing must be written there before.
func (f *serveFlags) findRoot() error {
	if f.store.enabled() {
		return nil
	}
	var err error
	if f.rootMustExist {
		err = disk.CheckExists(f.root)
	} else {
		err = os.MkdirAll(f.root, 0o777)
	}
	if err != nil {
		return fmt.Errorf("--root %s: %w", f.root, copycmd.LocalError(err))
	}
	return nil
}
