package server

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access/authn"
)

const (
	// healthInterval is the time between two checks of a server that serves. Load balancers
	// probe every 5 to 10 s by default.
	healthInterval = 5 * time.Second
	// healthTimeout is how long a check may take. A store that does not answer in this time,
	// such as one on a file system whose server hangs, counts as failing.
	healthTimeout = 5 * time.Second
)

// healthPart is a part of the server that all calls depend on. At most one check of it runs
// at a time, however long that takes.
type healthPart struct {
	name    string
	checker tranship.HealthChecker

	mu sync.Mutex
	// run is the check under way; nil if there is none.
	run *healthRun
}

// healthRun is one check of a part. err is valid once ended is closed.
type healthRun struct {
	ended chan struct{}
	err   error
}

// start begins a check, or joins the one under way.
func (p *healthPart) start(ctx context.Context) *healthRun {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.run != nil {
		return p.run
	}
	run := &healthRun{ended: make(chan struct{})}
	p.run = run
	// A caller that stops waiting must not fail the check for those that join it.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), healthTimeout)
	go func() {
		defer cancel()
		run.err = p.check(ctx)
		p.mu.Lock()
		p.run = nil
		p.mu.Unlock()
		close(run.ended)
	}()
	return run
}

// check fails also if the check panics: as a panic of a call does, that must not end the
// server.
func (p *healthPart) check(ctx context.Context) (err error) {
	defer func() {
		if reason := recover(); reason != nil {
			err = fmt.Errorf("%w: its check panicked: %v", tranship.ErrUnavailable, reason)
		}
	}()
	return p.checker.CheckHealth(ctx)
}

// wait returns the result of a check, or that it does not end before ctx does.
func (p *healthPart) wait(ctx context.Context, run *healthRun) error {
	var err error
	select {
	case <-run.ended:
		err = run.err
	case <-ctx.Done():
		err = fmt.Errorf("%w: its check does not end", tranship.ErrUnavailable)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", p.name, err)
	}
	return nil
}

// serverPart names the parts of a server that have no name of their own.
const serverPart = "server"

// healthParts returns the parts of a Config that can be checked.
func (c Config) healthParts() []*healthPart {
	var parts []*healthPart
	add := func(name string, checker tranship.HealthChecker) {
		parts = append(parts, &healthPart{name: name, checker: checker})
	}
	if store, ok := tranship.As[tranship.HealthChecker](c.Store); ok {
		add("store", store)
	}
	if c.Audit != nil {
		add("audit log", c.Audit)
	}
	if checkers := c.authenticatorChecks(); len(checkers) > 0 {
		add("authentication", checkers)
	}
	for _, checker := range c.Health {
		add(serverPart, checker)
	}
	return parts
}

// authenticatorChecks returns the checks of all authenticators; nil if one of them has none,
// or clients need no credentials, because then calls succeed even if the others fail.
func (c Config) authenticatorChecks() anyHealthy {
	if c.Anonymous != AnonymousNone {
		return nil
	}
	var checkers anyHealthy
	for _, authenticator := range c.Authenticators {
		checker, ok := authenticator.(interface {
			authn.Authenticator
			tranship.HealthChecker
		})
		if !ok {
			return nil
		}
		checkers = append(checkers, checker)
	}
	return checkers
}

// anyHealthy is healthy if one of its parts is.
type anyHealthy []tranship.HealthChecker

// CheckHealth implements tranship.HealthChecker.
func (a anyHealthy) CheckHealth(ctx context.Context) error {
	var errs []error
	for _, checker := range a {
		err := checker.CheckHealth(ctx)
		if err == nil {
			return nil
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// healthChecks are the checks of a server.
type healthChecks struct {
	parts             []*healthPart
	interval, timeout time.Duration
}

// keepHealth checks the server, and again every interval, and reports the results to the health
// service, until ctx ends or the returned function is called. The function waits for checks
// under way, so that the program can close the store.
func (s *Server) keepHealth(ctx context.Context, grpcServer *grpc.Server, probes *health.Server) (end func()) {
	reporter := &healthReporter{server: s, probes: probes, services: []string{""}}
	for name := range grpcServer.GetServiceInfo() {
		reporter.services = append(reporter.services, name)
	}
	reporter.setStatus(healthv1.HealthCheckResponse_SERVING)
	reporter.report(ctx)
	ctx, cancel := context.WithCancel(ctx)
	var watching sync.WaitGroup
	watching.Go(func() { reporter.watch(ctx) })
	return func() {
		cancel()
		watching.Wait()
		s.health.awaitRuns()
	}
}

// awaitRuns waits for checks under way, for healthTimeout at most.
func (h *healthChecks) awaitRuns() {
	ctx, cancel := context.WithTimeout(context.Background(), h.timeout)
	defer cancel()
	for _, part := range h.parts {
		part.mu.Lock()
		run := part.run
		part.mu.Unlock()
		if run != nil {
			_ = part.wait(ctx, run)
		}
	}
}

// healthReporter reports the results of a server's checks to a health service.
type healthReporter struct {
	server   *Server
	probes   *health.Server
	services []string
	// failing is whether the last check failed.
	failing bool
}

// setStatus sets the status of all services.
func (r *healthReporter) setStatus(status healthv1.HealthCheckResponse_ServingStatus) {
	for _, service := range r.services {
		r.probes.SetServingStatus(service, status)
	}
}

// report checks the server once. When the result changes, it updates the health service, and
// logs it.
func (r *healthReporter) report(ctx context.Context) {
	err := r.server.CheckHealth(ctx)
	if ctx.Err() != nil || r.failing == (err != nil) {
		return
	}
	r.failing = err != nil
	if err != nil {
		r.server.config.Logger.Error("the server is not healthy: health checks get NOT_SERVING", "error", err)
		r.setStatus(healthv1.HealthCheckResponse_NOT_SERVING)
		return
	}
	r.server.config.Logger.Info("the server is healthy again: health checks get SERVING")
	r.setStatus(healthv1.HealthCheckResponse_SERVING)
}

// watch reports every interval until the context ends.
func (r *healthReporter) watch(ctx context.Context) {
	ticker := time.NewTicker(r.server.health.interval)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			r.report(ctx)
		case <-ctx.Done():
			return
		}
	}
}
