package server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"

	"github.com/tranship/tranship/internal/tlstransport"
	"github.com/tranship/tranship/server/internal/grpcadmission"
)

var (
	// ErrStopped is the error of Serve when Stop has cut off transfers.
	ErrStopped = errors.New("server: stopped at once, with transfers under way")
	// ErrDrainTimeout is the error of Serve when transfers under way did not finish
	// within Config.DrainTimeout and were cut off.
	ErrDrainTimeout = errors.New("server: stopped with transfers under way that did not finish in time")
)

// Serve serves all protocols, health checks and reflection on listeners until ctx ends. It
// then refuses new files, ends calls that carry no work, such as watches of the health
// service, finishes the files under way for at most Config.DrainTimeout, and returns nil, or
// ErrDrainTimeout if it had to cut some off. Uploads that were cut off can be resumed. Stop
// cuts them off at once.
//
// Serve closes the listeners before it returns. An address at which the server must not
// listen is a *ListenError. If a listener fails, Serve cuts off all transfers and returns
// the error. Serve may be called once.
func (s *Server) Serve(ctx context.Context, listeners ...net.Listener) error {
	adapter := newAdapter(s.door, s.config)
	grpcServer, probes, err := s.prepare(adapter, listeners)
	if err != nil {
		for _, listener := range listeners {
			err = errors.Join(err, listener.Close())
		}
		return err
	}
	endHealth := s.keepHealth(ctx, grpcServer, probes.Server)
	defer endHealth()
	failed := make(chan error, len(listeners))
	for _, listener := range listeners {
		s.config.Logger.Info("serving", "address", listener.Addr().String())
		go func() { failed <- grpcServer.Serve(adapter.Listener(listener)) }()
	}
	defer s.door.Flush()
	defer s.waitForHandlers(adapter)
	return s.run(ctx, adapter, grpcServer, probes, failed)
}

// handlerTime is how long Serve waits for handlers whose calls were cut off. They end when
// the store has done what it does for them at the moment.
const handlerTime = 5 * time.Second

// waitForHandlers waits for handlers that run longer than their calls, so that the program
// can close the store.
func (s *Server) waitForHandlers(adapter *grpcadmission.Adapter) {
	ended := make(chan struct{})
	go func() {
		adapter.Wait()
		close(ended)
	}()
	timer := time.NewTimer(handlerTime)
	defer timer.Stop()
	select {
	case <-ended:
	case <-timer.C:
		s.config.Logger.Warn("the store does not end what it does for calls that were cut off", "timeout", handlerTime)
	}
}

// prepare returns the grpc.Server of Serve and its health service.
func (s *Server) prepare(adapter *grpcadmission.Adapter, listeners []net.Listener) (*grpc.Server, *probes, error) {
	again := true
	s.serveOnce.Do(func() { again = false })
	switch {
	case again:
		return nil, nil, errors.New("server: Serve was called a second time: make a new Server")
	case len(listeners) == 0:
		return nil, nil, errors.New("server: Serve needs a listener")
	}
	for _, listener := range listeners {
		if err := s.config.listenPolicy().Check(listener.Addr()); err != nil {
			return nil, nil, err
		}
	}
	grpcServer := grpc.NewServer(slices.Concat(transportOptions(s.config.MaxMessageBytes), adapter.ServerOptions(), []grpc.ServerOption{
		grpc.Creds(adapter.Credentials(s.transport())),
	})...)
	registrar := adapter.Registrar(grpcServer)
	s.native.RegisterPinged(registrar, minPingInterval)
	s.registerOthers(registrar)
	probes := newProbes()
	registrar.RegisterService(&healthv1.Health_ServiceDesc, probes)
	return grpcServer, probes, registerReflection(adapter.IdleRegistrar(grpcServer), grpcServer)
}

// transport are the credentials of connections.
func (s *Server) transport() credentials.TransportCredentials {
	if s.config.TLS == nil {
		return insecure.NewCredentials()
	}
	return tlstransport.New(s.config.TLS)
}

// run waits for the end of serving: of the context, of a listener, or by Stop.
func (s *Server) run(ctx context.Context, adapter *grpcadmission.Adapter, grpcServer *grpc.Server, probes *probes, failed <-chan error) error {
	select {
	case err := <-failed:
		grpcServer.Stop()
		return fmt.Errorf("server: cannot serve: %w", err)
	case <-s.stopped:
		grpcServer.Stop()
		return ErrStopped
	case <-ctx.Done():
		return s.drain(adapter, grpcServer, probes)
	}
}

// drain finishes what is under way. It fails if something had to be cut off.
func (s *Server) drain(adapter *grpcadmission.Adapter, grpcServer *grpc.Server, probes *probes) error {
	timeout := max(s.config.DrainTimeout, 0)
	s.config.Logger.Info("draining", "timeout", timeout)
	probes.drain()
	s.Shutdown()
	adapter.Drain()
	drained := make(chan struct{})
	go func() {
		grpcServer.GracefulStop()
		close(drained)
	}()
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	var cut error
	select {
	case <-drained:
		s.config.Logger.Info("stopped")
		return nil
	case <-timer.C:
		cut = ErrDrainTimeout
	case <-s.stopped:
		cut = ErrStopped
	}
	s.config.Logger.Warn("cutting off what is under way", "calls", s.door.UnderWay())
	grpcServer.Stop()
	<-drained
	return cut
}

// Stop makes Serve cut off what is under way and return ErrStopped. It does not wait for
// that. It does nothing to mounted services.
func (s *Server) Stop() {
	s.stopOnce.Do(func() { close(s.stopped) })
}
