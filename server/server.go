package server

import (
	"context"
	"sync"
	"sync/atomic"

	"google.golang.org/grpc"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/server/internal/admission"
	"github.com/tranship/tranship/server/internal/filesrv"
	"github.com/tranship/tranship/server/internal/filetransfer"
	"github.com/tranship/tranship/server/internal/lanes"
	"github.com/tranship/tranship/server/internal/native"
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
	// services are the services of files beside the native one.
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

// service is one of files.
type service interface{ Register(grpc.ServiceRegistrar) }

// New returns a server. ctx governs only the counting of what is in the store, which a
// Quota needs. A field of config that has no good value is a *ConfigError.
func New(ctx context.Context, config Config) (*Server, error) {
	if err := config.validate(); err != nil {
		return nil, err
	}
	config = config.withDefaults()
	limits, files := boundDescriptors(config.Descriptors, config.Limits, config.Logger)
	quotas, err := config.quotas(ctx)
	if err != nil {
		return nil, err
	}
	store := config.decorate(quotas, files)
	door := newDoor(config, limits)
	s := &Server{
		config: config, quota: quotas, store: store, door: door, stopped: make(chan struct{}),
		health: &healthChecks{parts: config.healthParts(), interval: healthInterval, timeout: healthTimeout},
	}
	s.native = native.New(store, native.Options{
		Logger:          config.Logger,
		MinDurability:   config.MinDurability,
		MaxMessageBytes: config.MaxMessageBytes,
		Memory:          door.Memory(),
		ListPage:        config.ListPage,
		Version:         config.Version,
		Refused: func(ctx context.Context, r native.Refusal) {
			config.Audit.Fail(ctx, r.Action, r.Path, r.Upload, r.Err)
		},
	})
	durability := config.commitDurability()
	if f := config.Protocols.Filesrv; f != nil {
		s.services = append(s.services, filesrv.New(store, filesrv.Options{
			UploadSuffix: f.UploadSuffix, Revision: f.Revision, Durability: durability, Logger: config.Logger,
		}))
	}
	if config.Protocols.Filetransfer {
		s.services = append(s.services, filetransfer.New(store, filetransfer.Options{Durability: durability, Logger: config.Logger}))
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

// registerOthers adds the services of files beside the native one to a registrar.
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
