package server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"

	"github.com/tranship/tranship/internal/tlstransport"
	"github.com/tranship/tranship/server/internal/grpcadmission"
	"github.com/tranship/tranship/server/internal/lanes"
	"github.com/tranship/tranship/server/internal/native"
)

var (
	// ErrStopped is the error of Serve when Stop has cut off transfers.
	ErrStopped = errors.New("server: stopped at once, with transfers under way")
	// ErrDrainTimeout is the error of Serve when transfers under way did not finish
	// within Config.DrainTimeout and were cut off.
	ErrDrainTimeout = errors.New("server: stopped with transfers under way that did not finish in time")
)

// Serve serves all protocols, health checks and reflection on listeners, and files over HTTP on
// those that are an HTTPListener, until ctx ends. It
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
	ends, err := s.prepare(ctx, adapter, listeners)
	if err != nil {
		for _, listener := range listeners {
			err = errors.Join(err, listener.Close())
		}
		return err
	}
	endHealth := s.keepHealth(ctx, ends.grpc, ends.probes.Server)
	defer endHealth()
	defer s.keepExpiring(ctx)()
	defer func() {
		if err := s.quota.Close(); err != nil {
			s.config.Logger.Warn("what this server has used of quotas could not be reported to the others, who count the files again", "error", err)
		}
	}()
	failed := make(chan error, len(listeners))
	for _, listener := range listeners {
		protocol := "grpc"
		if _, ok := listener.(HTTPListener); ok {
			protocol = "http"
		}
		s.config.Logger.Info("serving", "address", listener.Addr().String(), "protocol", protocol)
		go func() { failed <- s.serveListener(ends, listener) }()
	}
	defer s.door.Flush()
	defer s.waitForHandlers(adapter, ends.http.adapter)
	return s.run(ctx, ends, failed)
}

// serveListener serves the connections of a listener until it fails or the server stops.
func (s *Server) serveListener(ends ends, listener net.Listener) error {
	if over, ok := listener.(HTTPListener); ok {
		return ends.http.serve(ends.http.adapter.Listener(over.Listener, s.config.TLS))
	}
	return ends.grpc.Serve(ends.adapter.Listener(listener))
}

// ends are the servers of all connections of Serve, and what they share.
type ends struct {
	adapter *grpcadmission.Adapter
	grpc    *grpc.Server
	lanes   *lanes.Server
	http    httpEnd
	probes  *probes
}

// stop cuts off all calls. It does not wait for their handlers.
func (e ends) stop() {
	e.lanes.Stop()
	e.http.stop()
	e.grpc.Stop()
}

// drain finishes the calls under way. It returns early when stop is called.
func (e ends) drain() {
	var draining sync.WaitGroup
	draining.Go(e.lanes.GracefulStop)
	draining.Go(e.http.drain)
	e.grpc.GracefulStop()
	draining.Wait()
}

// handlerTime is how long Serve waits for handlers whose calls were cut off. They end when
// the store has done what it does for them at the moment.
const handlerTime = 5 * time.Second

// waitForHandlers waits for handlers that run longer than their calls, so that the program
// can close the store.
func (s *Server) waitForHandlers(adapters ...interface{ Wait() }) {
	ended := make(chan struct{})
	go func() {
		for _, adapter := range adapters {
			adapter.Wait()
		}
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

// prepare makes the servers of Serve. It fails if Serve was called before, or must not listen at an
// address.
func (s *Server) prepare(ctx context.Context, adapter *grpcadmission.Adapter, listeners []net.Listener) (ends, error) {
	again := true
	s.serveOnce.Do(func() { again = false })
	switch {
	case again:
		return ends{}, errors.New("server: Serve was called a second time: make a new Server")
	case len(listeners) == 0:
		return ends{}, errors.New("server: Serve needs a listener")
	}
	for _, listener := range listeners {
		if err := s.config.listenPolicy().Check(listener.Addr()); err != nil {
			return ends{}, err
		}
	}
	transport := native.Transport{MinPingInterval: minPingInterval}
	if !s.config.NoLanes {
		transport.LaneInstance = s.laneInstance(ctx)
	}
	laneServer := lanes.New(lanes.Options{
		Instance:        transport.LaneInstance,
		MaxMessageBytes: s.config.MaxMessageBytes,
		Limits:          s.door.Limits(),
		Unknown:         adapter.Unknown,
		Logger:          s.config.Logger,
	})
	s.lanes.Store(laneServer)
	grpcServer := grpc.NewServer(slices.Concat(transportOptions(s.config.MaxMessageBytes), adapter.ServerOptions(), []grpc.ServerOption{
		grpc.Creds(s.credentials(adapter, laneServer)),
	})...)
	registrar := adapter.Registrar(grpcServer)
	s.native.RegisterOn(registrar, transport)
	s.native.RegisterLanes(adapter.Registrar(laneServer))
	s.registerOthers(registrar)
	probes := newProbes()
	registrar.RegisterService(&healthv1.Health_ServiceDesc, probes)
	return ends{adapter, grpcServer, laneServer, s.newHTTPEnd(), probes}, registerReflection(adapter.IdleRegistrar(grpcServer), grpcServer)
}

// credentials returns the credentials of gRPC, which pass lanes to laneServer unless the server
// refuses them.
func (s *Server) credentials(adapter *grpcadmission.Adapter, laneServer *lanes.Server) credentials.TransportCredentials {
	transport := insecure.NewCredentials()
	if s.config.TLS != nil {
		config := s.config.TLS
		if !s.config.NoLanes {
			config = lanes.TLS(config)
		}
		transport = tlstransport.New(config)
	}
	if s.config.NoLanes {
		return adapter.Credentials(transport)
	}
	return adapter.LaneCredentials(transport, laneServer.Take)
}

// run waits for the end of serving: of the context, of a listener, or by Stop.
func (s *Server) run(ctx context.Context, ends ends, failed <-chan error) error {
	select {
	case err := <-failed:
		ends.stop()
		return fmt.Errorf("server: cannot serve: %w", err)
	case <-s.stopped:
		ends.stop()
		return ErrStopped
	case <-ctx.Done():
		return s.drain(ends)
	}
}

// drain finishes what is under way. It fails if something had to be cut off.
func (s *Server) drain(ends ends) error {
	timeout := max(s.config.DrainTimeout, 0)
	s.config.Logger.Info("draining", "timeout", timeout)
	ends.probes.drain()
	s.Shutdown()
	ends.adapter.Drain()
	drained := make(chan struct{})
	go func() {
		ends.drain()
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
	ends.stop()
	<-drained
	return cut
}

// Stop makes Serve cut off what is under way and return ErrStopped. It does not wait for
// that. It does nothing to mounted services.
func (s *Server) Stop() {
	s.stopOnce.Do(func() { close(s.stopped) })
}
