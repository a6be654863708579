package server_test

import (
	"context"
	"errors"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	healthv1 "google.golang.org/grpc/health/grpc_health_v1"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access/authn"
	"github.com/tranship/tranship/internal/testing/loopback"
	"github.com/tranship/tranship/internal/testing/storeserver"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/audit"
	"github.com/tranship/tranship/store/mem"
)

// patient is a store, or another part of a server, whose health the test decides.
type patient struct {
	mem.Store

	mu      sync.Mutex
	err     error
	hang    chan struct{}
	running int
	most    int
}

func (p *patient) CheckHealth(context.Context) error {
	p.mu.Lock()
	p.running++
	p.most = max(p.most, p.running)
	hang := p.hang
	p.mu.Unlock()
	if hang != nil {
		<-hang // ignores the context, as a hanging file system does
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.running--
	return p.err
}

func (p *patient) set(err error, hang chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.hang != nil {
		close(p.hang)
	}
	p.err, p.hang = err, hang
}

// checked is a server whose health is checked every few milliseconds.
type checked struct {
	log    lockedText
	health healthv1.HealthClient
	// watches is the context of the streams of watch. stop ends them and the server.
	watches context.Context
	stop    func() error
}

func serveChecked(t *testing.T, store tranship.Store, config server.Config, timeout time.Duration) *checked {
	t.Helper()
	c := &checked{}
	config.Logger = slog.New(slog.NewTextHandler(&c.log, nil))
	s := storeserver.New(t, store, config)
	s.SetHealth(5*time.Millisecond, timeout)
	listener := listen(t)
	served := make(chan error, 1)
	ctx, stop := context.WithCancel(t.Context())
	go func() { served <- s.Serve(ctx, listener) }()
	var endWatches context.CancelFunc
	c.watches, endWatches = context.WithCancel(testContext(t))
	c.stop = sync.OnceValue(func() error {
		endWatches()
		stop()
		return <-served
	})
	t.Cleanup(func() { _ = c.stop() })
	c.health = healthv1.NewHealthClient(loopback.Dial(t, listener.Addr().String()))
	return c
}

// watch returns a function that waits for the next status of a service, and checks it.
func (c *checked) watch(t *testing.T, service string) func(want healthv1.HealthCheckResponse_ServingStatus) {
	t.Helper()
	stream, err := c.health.Watch(c.watches, &healthv1.HealthCheckRequest{Service: service})
	if err != nil {
		t.Fatal(err)
	}
	return func(want healthv1.HealthCheckResponse_ServingStatus) {
		t.Helper()
		if got, err := stream.Recv(); err != nil || got.GetStatus() != want {
			t.Fatalf("%q is %v, %v; want %v", service, got.GetStatus(), err, want)
		}
	}
}

const (
	serving    = healthv1.HealthCheckResponse_SERVING
	notServing = healthv1.HealthCheckResponse_NOT_SERVING
)

// Health checks of the server and of each service follow the health of the store, also to
// clients that watch; the log has one line for each change.
func TestHealthFollowsStore(t *testing.T) {
	store := &patient{}
	c := serveChecked(t, store, server.Config{}, time.Minute)
	services := []string{"", transhipv1.FileService_ServiceDesc.ServiceName, "filesrv.FileService", "grpc.health.v1.Health"}
	known, err := c.health.List(testContext(t), &healthv1.HealthListRequest{})
	if err != nil {
		t.Fatal(err)
	}
	services = services[:2]
	for name := range known.GetStatuses() {
		if name != "" && name != services[1] {
			services = append(services, name)
		}
	}
	if len(services) < 5 {
		t.Errorf("the health service knows only %q", services)
	}
	var watches []func(healthv1.HealthCheckResponse_ServingStatus)
	for _, service := range services {
		watch := c.watch(t, service)
		watch(serving)
		watches = append(watches, watch)
	}
	for round := range 3 {
		for _, want := range []healthv1.HealthCheckResponse_ServingStatus{notServing, serving} {
			var err error
			if want == notServing {
				err = errors.New("the disk is broken")
			}
			store.set(err, nil)
			for _, watch := range watches {
				watch(want)
			}
			for _, service := range services {
				if got, err := c.health.Check(testContext(t), &healthv1.HealthCheckRequest{Service: service}); err != nil || got.GetStatus() != want {
					t.Errorf("%q is %v, %v; want %v", service, got.GetStatus(), err, want)
				}
			}
		}
		if errs, infos := strings.Count(c.log.String(), "level=ERROR"), strings.Count(c.log.String(), "healthy again"); errs != round+1 || infos != round+1 {
			t.Errorf("after %d failures: %d errors, %d ends", round+1, errs, infos)
		}
	}
	if strings.Count(c.log.String(), "store: the disk is broken") != 3 {
		t.Error("the log does not say what is wrong")
	}
	watches[0] = c.watch(t, "")
	watches[0](serving)
	if err := c.stop(); err != nil {
		t.Error(err)
	}
}

// A store that does not answer is not healthy. Its checks do not pile up, and do not delay the
// end of the server forever.
func TestHealthHangs(t *testing.T) {
	store := &patient{}
	c := serveChecked(t, store, server.Config{}, 20*time.Millisecond)
	watch := c.watch(t, "")
	watch(serving)
	before := runtime.NumGoroutine()
	for range 2 {
		hang := make(chan struct{})
		store.set(nil, hang)
		watch(notServing)
		for range 20 {
			// Each is answered at once, from what is known.
			if got, err := c.health.Check(testContext(t), &healthv1.HealthCheckRequest{}); err != nil || got.GetStatus() != notServing {
				t.Errorf("%v, %v", got.GetStatus(), err)
			}
		}
		store.set(nil, nil)
		watch(serving)
	}
	store.mu.Lock()
	most := store.most
	store.mu.Unlock()
	if most != 1 {
		t.Errorf("%d checks ran at the same time", most)
	}
	if now := runtime.NumGoroutine(); now > before+5 {
		t.Errorf("%d goroutines, %d before", now, before)
	}
	store.set(nil, make(chan struct{}))
	watch(notServing)
	if err := c.stop(); err != nil {
		t.Error(err)
	}
	store.set(nil, nil)
}

// A store that fails from the start is never reported as serving.
func TestHealthFailsFirst(t *testing.T) {
	store := &patient{err: errors.New("broken")}
	c := serveChecked(t, store, server.Config{}, time.Minute)
	watch := c.watch(t, "")
	watch(notServing)
	store.set(nil, nil)
	watch(serving)
}

// unwell is an authenticator whose health the test decides.
type unwell struct {
	names
	*patient
}

// The server is healthy as long as some calls can succeed.
func TestCheckHealth(t *testing.T) {
	broken := &patient{err: errors.New("broken")}
	well := &patient{}
	full := &fullDisk{}
	log := audit.NewLog(full, nil)
	for name, c := range map[string]struct {
		store   tranship.Store
		config  server.Config
		healthy bool
	}{
		"no ability":              {&mem.Store{}, server.Config{}, true},
		"a store":                 {well, server.Config{}, true},
		"a broken store":          {broken, server.Config{}, false},
		"another part":            {well, server.Config{Health: []tranship.HealthChecker{well}}, true},
		"a broken part":           {well, server.Config{Health: []tranship.HealthChecker{well, broken}}, false},
		"a broken authenticator":  {well, server.Config{Authenticators: []authn.Authenticator{unwell{names{"a"}, broken}}}, false},
		"broken and anonymous":    {well, server.Config{Anonymous: server.AnonymousRead, Authenticators: []authn.Authenticator{unwell{names{"a"}, broken}}}, true},
		"one of two":              {well, server.Config{Authenticators: []authn.Authenticator{unwell{names{"a"}, broken}, unwell{names{"a"}, well}}}, true},
		"one of two, unknown":     {well, server.Config{Authenticators: []authn.Authenticator{unwell{names{"a"}, broken}, names{"a"}}}, true},
		"two of two":              {well, server.Config{Authenticators: []authn.Authenticator{unwell{names{"a"}, broken}, unwell{names{"a"}, broken}}}, false},
		"an audit log that fails": {well, server.Config{Audit: log}, false},
	} {
		t.Run(name, func(t *testing.T) {
			full.full = true
			log.Refused("127.0.0.1:1", "no")
			s := storeserver.New(t, c.store, c.config)
			err := s.CheckHealth(t.Context())
			if (err == nil) != c.healthy {
				t.Errorf("%v", err)
			}
			if c.config.Audit != nil {
				full.full = false
				if err := s.CheckHealth(t.Context()); err != nil {
					t.Errorf("an audit log that can be written again: %v", err)
				}
			}
		})
	}
	if _, err := server.New(t.Context(), server.Config{Store: well, Anonymous: server.AnonymousRead, Health: []tranship.HealthChecker{nil}}); err == nil {
		t.Error("a part that is nil is accepted")
	}
}

// fullDisk is a writer that fails while it is full.
type fullDisk struct{ full bool }

func (d *fullDisk) Write(data []byte) (int, error) {
	if d.full {
		return 0, errors.New("no space left on device")
	}
	return len(data), nil
}
