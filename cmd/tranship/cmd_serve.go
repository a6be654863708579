package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/cmd/tranship/internal/copycmd"
	"github.com/tranship/tranship/cmd/tranship/internal/usage"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/disk"
	"github.com/tranship/tranship/store/s3"
)

// serveFlags are the flags of serve.
type serveFlags struct {
	root          string
	rootMustExist bool
	store         storeFlags
	listen        string
	insecure      bool
	noLanes       bool
	anonymous     anonymousFlag
	tls           serverTLSFlags
	readyFile     string
	drainTimeout  time.Duration
	durability    durabilityFlag
	minDurability durabilityFlag
	filesrv       struct {
		uploadSuffix string
		revision     int
	}
	minFree      byteSize
	memoryLimit  byteSize
	uploadExpiry time.Duration
	modeMask     modeMask
	limits       serveLimitFlags
	logFormat    string
	logLevel     string
	identity     identityFlags
	protection   protectionFlags
	proxies      proxyFlags
}

// garbagePercent is GOGC of a server: its heap is few large buffers, which cost little to
// scan and much to keep.
const garbagePercent = 50

// otherMemory is the memory, in bytes, that a server needs beside --memory-limit, with a
// margin.
const otherMemory = 64 << 20

func newServe(g *globals) *cobra.Command {
	var flags serveFlags
	cmd := &cobra.Command{
		Use:   "serve --root DIR | --store s3://BUCKET/PREFIX",
		Short: "Serve the files of a directory or a bucket",
		Long: `Serve the files of a directory or a bucket over gRPC, to tranship and to clients of the
filesrv and filetransfer protocols, with health checking and reflection, until
SIGTERM, SIGINT or SIGHUP. The server then finishes the transfers under way, for
at most --drain-timeout; a second signal stops it at once. Under nohup, SIGHUP is
ignored. It does not reload: files such as --tokens and --tls-cert are read again
when they change.

The server refuses to listen beyond this machine without TLS unless --insecure
allows it, and without authentication unless --anonymous allows it.`,
		Example: `  tranship serve --root /srv/files
  tranship serve --root /srv/files --listen :50051 --tls self-signed --anonymous write
  tranship serve --root /srv/files --listen :443 --tls-cert server.pem --tls-key server.key --client-ca clients.pem
  tranship serve --root /srv/files --listen :443 --tls-cert server.pem --tls-key server.key --tokens tokens
  tranship serve --store s3://bucket/prefix --s3-endpoint https://s3.example.com --s3-path-style`,
		Args: arguments(0, 0, "tranship serve --root DIR"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return g.serve(cmd.Context(), flags)
		},
	}
	f := cmd.Flags()
	f.StringVar(&flags.root, "root", "", "`directory` to serve; created if missing")
	f.BoolVar(&flags.rootMustExist, "root-must-exist", false, "fail unless --root has been served before, so that an unmounted file system is not taken for an empty store")
	flags.store.add(cmd)
	f.StringVar(&flags.listen, "listen", "127.0.0.1:50051", "`address` to listen on, host:port; port 0 picks a free port")
	f.BoolVar(&flags.insecure, "insecure", false, "allow connections from other machines without TLS")
	f.BoolVar(&flags.noLanes, "no-lanes", false, "refuse lanes, connections that carry uploads and downloads without HTTP/2 and cost less; clients then use gRPC")
	f.Var(&flags.anonymous, "anonymous", "what clients without credentials may do: `read|write` (default: write if the server listens on this machine only and has no authentication, otherwise nothing)")
	flags.tls.add(cmd)
	f.StringVar(&flags.readyFile, "ready-file", "", "`file` to write host:port to once the server accepts connections; removed when it stops; one of a server that was killed is removed before the start")
	f.Var(span(&flags.drainTimeout, 30*time.Second), "drain-timeout", "how long transfers under way may take to finish after a signal")
	f.Var(&flags.durability, "durability", "durability of files for clients that do not ask for one: `durable|written` (default durable)")
	f.Var(&flags.minDurability, "min-durability", "minimum durability of every file, even if its client asks for less: `durable|written`")
	f.Var(&flags.memoryLimit, "memory-limit", "`size` of memory that transfers under way may use; the server needs about 30MiB more (default 512MiB)")
	f.Var(&flags.minFree, "min-free", "`size` of space that uploads must leave free on the file system, such as 10GiB")
	f.Var(timespan(&flags.uploadExpiry, disk.DefaultUploadExpiry), "upload-expiry", "how long an unfinished upload is kept after its last write")
	f.Var(&flags.modeMask, "mode-mask", "permission bits in `octal` that clients cannot give a file, such as 022 (default none)")
	f.StringVar(&flags.filesrv.uploadSuffix, "filesrv-upload-suffix", "", "`text` to insert between name and extension of files uploaded by filesrv, such as _recv")
	f.IntVar(&flags.filesrv.revision, "filesrv-revision", 1, "revision of filesrv for clients that do not send theirs: 1 or 2")
	f.StringVar(&flags.logFormat, "log-format", "text", "format of the log: `text|json`")
	f.StringVar(&flags.logLevel, "log-level", "info", "lowest level of the messages in the log: `debug|info|warn|error`")
	completeValues(cmd, "anonymous", string(anonymousRead), string(anonymousWrite))
	flags.identity.add(cmd)
	flags.protection.add(cmd)
	flags.limits.add(cmd)
	flags.proxies.add(cmd)
	completeValues(cmd, "durability", durabilities()...)
	completeValues(cmd, "min-durability", durabilities()...)
	completeValues(cmd, "log-format", "text", "json")
	completeValues(cmd, "log-level", "debug", "info", "warn", "error")
	return cmd
}

func (f serveFlags) validate() error {
	switch {
	case f.filesrv.revision != 1 && f.filesrv.revision != 2:
		return usage.Errorf("--filesrv-revision %d: it must be 1 or 2", f.filesrv.revision)
	case f.memoryLimit != 0 && f.memoryLimit < server.MinMemoryLimit:
		return usage.Errorf("--memory-limit %d bytes: it must be at least 32MiB", f.memoryLimit)
	case f.drainTimeout < 0:
		return usage.Errorf("--drain-timeout %v: it must not be negative", f.drainTimeout)
	}
	if f.filesrv.uploadSuffix != "" {
		if strings.Contains(f.filesrv.uploadSuffix, "/") || tranship.ValidatePath("a"+f.filesrv.uploadSuffix) != nil {
			return usage.Errorf("--filesrv-upload-suffix %q: it must be valid as part of a file name", f.filesrv.uploadSuffix)
		}
	}
	_, proxies := f.proxies.proxies()
	return errors.Join(f.validateStore(), f.identity.validate(), f.tls.validate(), f.limits.validate(), proxies)
}

func (g *globals) serve(ctx context.Context, flags serveFlags) (err error) {
	if err := flags.validate(); err != nil {
		return err
	}
	// The server must continue when the reader of its log ends.
	signal.Ignore(syscall.SIGPIPE)
	ready := &readyFile{name: flags.readyFile}
	if err := ready.removeStale(); err != nil {
		return err
	}
	limit := cmp.Or(int64(flags.memoryLimit), server.DefaultMemoryLimit)
	debug.SetGCPercent(garbagePercent)
	if flags.store.enabled() {
		limit += cmp.Or(int64(flags.store.memory), s3.DefaultMemory)
	}
	debug.SetMemoryLimit(limit + otherMemory)
	logger, err := newLogger(g.Streams, flags.logFormat, flags.logLevel)
	if err != nil {
		return err
	}
	address, err := listenAddress(flags.listen)
	if err != nil {
		return err
	}
	flags.anonymous, err = permitListening(flags.listen, address, server.ListenPolicy{
		Encrypted:     flags.tls.encrypted(),
		Insecure:      flags.insecure,
		Authenticated: flags.tls.authenticated() || flags.identity.enabled(),
		Tokens:        flags.identity.enabled(),
	}, flags.anonymous)
	if err != nil {
		return err
	}
	if err := flags.findRoot(); err != nil {
		return err
	}
	// This comes before disk.Open, which hides the state directory that holds the key.
	tlsFiles, err := flags.tls.files(flags.root, address, logger)
	if err != nil {
		return fmt.Errorf("TLS: %w", err)
	}
	store, err := flags.openStore(ctx, logger)
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
	proxies, err := flags.proxies.proxies()
	if err != nil {
		return err
	}
	config := server.Config{
		Store:           store,
		Insecure:        flags.insecure,
		Authenticators:  authenticators,
		Anonymous:       flags.anonymous.permission(),
		Policy:          rules,
		Quota:           flags.limits.quotas(),
		Proxies:         proxies,
		Limits:          flags.limits.limits(),
		MemoryLimit:     int64(flags.memoryLimit),
		MaxMessageBytes: int(g.maxMessage.byteSize),
		ListPage:        flags.limits.listPage,
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
	if tlsFiles != nil {
		config.TLS = tlsFiles.Config()
		config.Health = append(config.Health, tlsFiles)
	}
	service, err := server.New(ctx, config)
	if err != nil {
		return serveFlagError(err)
	}
	listener, err := net.ListenTCP("tcp", address)
	if err != nil {
		return fmt.Errorf("--listen %s: %w", flags.listen, err)
	}
	return runService(ctx, service, zonedListener{listener, address.Zone}, flags.drainTimeout, ready)
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
func (f serveFlags) findRoot() error {
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

// listenAddress resolves the value of --listen.
func listenAddress(listen string) (*net.TCPAddr, error) {
	address, err := net.ResolveTCPAddr("tcp", listen)
	if err != nil {
		return nil, usage.Errorf("--listen %s: it must be host:port: %v", listen, err)
	}
	return address, nil
}
