package server

import (
	"context"
	"sync"
	"sync/atomic"

	"google.golang.org/grpc"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/server/internal/admission"
	"github.com/tranship/tranship/server/internal/expiry"
	"github.com/tranship/tranship/server/internal/filesrv"
	"github.com/tranship/tranship/server/internal/filetransfer"
	"github.com/tranship/tranship/server/internal/lanes"
	"github.com/tranship/tranship/server/internal/links"
	"github.com/tranship/tranship/server/internal/native"
	"github.com/tranship/tranship/server/internal/running"
	"github.com/tranship/tranship/server/limit"
	"github.com/tranship/tranship/store/quota"
)

// Server serves one store. Serve listens with it, Mount adds it to a grpc.Server that the
// program has; both may be used, and share all limits. It is safe for concurrent use.
type Server struct {
	config Config
	quota  *quota.Store
	// store is what clients have: Config.Store with all decorators.
	store  tranship.Store
	door   *admission.Door
	native *native.Service
	health *healthChecks
	// running has the transfers of all services.
	running *running.Registry
	// expiry removes what is old; nil without rules.
	expiry *expiry.Expiry
	// links are the sharing links.
	links *links.Book
	// services are the services beside the native one.
	services []service

	// lanes is set by Serve.
	lanes atomic.Pointer[lanes.Server]
	// reconfiguring is locked by Reconfigure.
	reconfiguring sync.Mutex
	serveOnce     sync.Once
	stopOnce      sync.Once
	// stopped is closed by Stop.
	stopped chan struct{}
}

// service is one that registers itself.
type service interface{ Register(grpc.ServiceRegistrar) }

// New returns a server. ctx governs only the counting of what is in the store, which a
// Quota needs. A field of config that has no good value is a *ConfigError.
func New(ctx context.Context, config Config) (*Server, error) {
	if err := config.validate(); err != nil {
		return nil, err
	}
	config = config.withDefaults()
	if config.Expiries != nil {
		if err := CheckExpiries(config.Store, config.Expiries()); err != nil {
			return nil, &ConfigError{Field: "Expiries", Err: err}
		}
	}
	limits, files := boundDescriptors(config.Descriptors, config.Limits, config.Logger)
	quotas, err := config.quotas(ctx)
	if err != nil {
		return nil, err
	}
	// Hooks are asked about what the policy has allowed, while nothing is held for them.
	owned := config.Hooks.Store(limit.NewFiles(files).Store(quotas))
	store := config.decorate(owned)
	door := newDoor(config, limits)
	s := &Server{
		config: config, quota: quotas, store: store, door: door, running: running.NewRegistry(), stopped: make(chan struct{}),
		health: &healthChecks{parts: config.healthParts(), interval: healthInterval, timeout: healthTimeout},
	}
	s.native = native.New(store, native.Options{
		Logger:          config.Logger,
		MinDurability:   config.MinDurability,
		MaxMessageBytes: config.MaxMessageBytes,
		Memory:          door.Memory(),
		ListPage:        config.ListPage,
		Version:         config.Version,
		Running:         s.running,
		Refused: func(ctx context.Context, r native.Refusal) {
			config.Audit.Fail(ctx, r.Action, r.Path, r.Upload, r.Err)
		},
	})
	s.links = s.newBook()
	s.expiry = s.newExpiry(owned)
	s.services = append(s.services, s.administration(owned), links.NewRPC(s.links, config.Logger))
	durability := config.commitDurability()
	if f := config.Protocols.Filesrv; f != nil {
		s.services = append(s.services, filesrv.New(store, filesrv.Options{
			UploadSuffix: f.UploadSuffix, Revision: f.Revision, Durability: durability, Logger: config.Logger, Running: s.running,
		}))
	}
	if config.Protocols.Filetransfer {
		s.services = append(s.services, filetransfer.New(store, filetransfer.Options{Durability: durability, Logger: config.Logger, Running: s.running}))
	}
	return s, nil
}

// Mount adds the services to a grpc.Server of the program, before that serves. They keep
// all that the Config says: principals, policy, quota, limits, memory, audit log. They
// depend on no interceptor and no option of the grpc.Server; the interceptors that it has
// run before, and GRPCOptions are the options with which files move fastest.
//
// A program that stops its grpc.Server gracefully calls Shutdown first. Its health checks use
// CheckHealth.
func (s *Server) Mount(registrar grpc.ServiceRegistrar) {
	registrar = newAdapter(s.door, s.config).Registrar(registrar)
	s.native.Register(registrar)
	s.registerOthers(registrar)
}

// registerOthers adds the services beside the native one to a registrar.
func (s *Server) registerOthers(registrar grpc.ServiceRegistrar) {
	for _, service := range s.services {
		service.Register(registrar)
	}
}

// Shutdown makes mounted services refuse new files with UNAVAILABLE, and ends each stream
// with UNAVAILABLE as soon as the files under way on it have ended. A call whose first
// message does not come within a second ends, too. Clients come again. Shutdown does not
// wait for that: grpc.Server.GracefulStop does. Serve calls it by itself.
func (s *Server) Shutdown() {
	s.native.Shutdown()
	s.door.Drain()
}
