package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/health"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access/authn"
	filesrvv1 "github.com/tranship/tranship/proto/filesrv/v1"
	transferpb "github.com/tranship/tranship/proto/filetransfer"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/server/filesrv"
	"github.com/tranship/tranship/server/filetransfer"
	"github.com/tranship/tranship/server/limit"
	"github.com/tranship/tranship/store/audit"
)

// service is everything that answers on the port of tranship serve.
type service struct {
	limiter      *limit.Limiter
	grpc         *grpc.Server
	native       *server.Server
	health       *health.Server
	drainTimeout time.Duration
	log          *slog.Logger
}

// newService serves a store to the callers that identity lets in, over connections with
// these credentials. auditLog has what is refused before the store is asked for it; it may be
// nil.
func newService(store tranship.Store, identity *authn.Interceptor, auditLog *audit.Log, transport credentials.TransportCredentials, flags serveFlags, maxMessage int, log *slog.Logger) (*service, error) {
	options := server.Options{
		Logger:          log,
		MinDurability:   tranship.Durability(flags.minDurability),
		MaxMessageBytes: maxMessage,
		Memory:          server.NewMemory(int64(flags.memoryLimit)),
		MaxStreams:      none(flags.limits.streams),
		ListPage:        flags.limits.listPage,
		Refused: func(ctx context.Context, r server.Refusal) {
			auditLog.Fail(ctx, r.Action, r.Path, r.Upload, r.Err)
		},
		Version: softwareVersion(),
	}
	if identity.Authenticates() {
		options.Memory.PreferPrincipals()
	}
	// Callers are authenticated first, so that those without good credentials cost nothing
	// else. Then come the audit log and the limits, so that what a limit refuses has its
	// line.
	limiter := flags.limits.limiter(auditLog.RefusedConnection, log)
	settings := slices.Concat(
		[]grpc.ServerOption{grpc.ChainStreamInterceptor(limiter.Stream)}, identity.ServerOptions(), []grpc.ServerOption{grpc.ChainStreamInterceptor(auditLog.Stream, refuseUnknown), grpc.UnknownServiceHandler(unknownMethod)},
		limiter.ServerOptions(), server.GRPCOptions(options), limiter.Settings())
	settings = append(settings, grpc.Creds(limiter.Credentials(transport)))
	s := &service{
		limiter:      limiter,
		grpc:         grpc.NewServer(settings...),
		native:       server.New(store, options),
		health:       health.NewServer(),
		drainTimeout: flags.drainTimeout,
		log:          log,
	}
	registrar := guardedRegistrar{s.grpc, limiter, identity, auditLog}
	s.native.Register(registrar)
	filesrv.New(store, filesrv.Options{
		UploadSuffix: flags.filesrv.uploadSuffix,
		Revision:     flags.filesrv.revision,
		Logger:       log,
	}).Register(registrar)
	filetransfer.New(store, filetransfer.Options{Logger: log}).Register(registrar)
	registrar.RegisterService(options.Memory.Guard(&healthv1.Health_ServiceDesc), s.health)
	for name := range s.grpc.GetServiceInfo() {
		s.health.SetServingStatus(name, healthv1.HealthCheckResponse_SERVING)
	}
	err := server.RegisterReflection(s.grpc, filesrvv1.File_filesrv_proto, transferpb.File_file_transfer_proto)
	return s, err
}

// run serves until the context ends, then drains. It takes the listener over.
func (s *service) run(ctx context.Context, listener net.Listener, readyFile string) (err error) {
	failed := make(chan error, 1)
	go func() { failed <- s.grpc.Serve(s.limiter.Listener(listener)) }()
	address := listener.Addr().String()
	if readyFile != "" {
		if err := writeReady(readyFile, address); err != nil {
			s.grpc.Stop()
			return fmt.Errorf("--ready-file %s: %w", readyFile, localError(err))
		}
		defer func() { err = errors.Join(err, os.Remove(readyFile)) }()
	}
	s.log.Info("serving", "address", address)
	select {
	case err := <-failed:
		return fmt.Errorf("cannot serve: %w", err)
	case <-ctx.Done():
	}
	// Not before now: the signal that ended the context is not the second one.
	again := make(chan os.Signal, 1)
	signal.Notify(again, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(again)
	return s.drain(again)
}

// drain finishes what is under way. It fails if something had to be cut off.
func (s *service) drain(again <-chan os.Signal) error {
	s.log.Info("draining", "timeout", s.drainTimeout)
	s.health.Shutdown()
	s.native.Shutdown()
	drained := make(chan struct{})
	go func() {
		s.grpc.GracefulStop()
		close(drained)
	}()
	timer := time.NewTimer(s.drainTimeout)
	defer timer.Stop()
	var cut error
	select {
	case <-drained:
		s.log.Info("stopped")
		return nil
	case <-timer.C:
		cut = fmt.Errorf("stopped with transfers under way that did not finish in %v", s.drainTimeout)
	case <-again:
		cut = errors.New("stopped at once by a second signal")
	}
	s.grpc.Stop()
	<-drained
	return cut
}

// writeReady writes the file under another name first, so that nobody reads half
// of it.
func writeReady(name, address string) error {
	temporary, err := os.CreateTemp(filepath.Dir(name), ".ready-*")
	if err != nil {
		return err
	}
	_, err = temporary.WriteString(address + "\n")
	err = errors.Join(err, temporary.Chmod(0o644), temporary.Close())
	if err == nil {
		err = os.Rename(temporary.Name(), name)
	}
	if err != nil {
		_ = os.Remove(temporary.Name())
	}
	return err
}
