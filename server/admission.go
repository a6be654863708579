package server

import (
	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/server/internal/admission"
	"github.com/tranship/tranship/server/internal/grpcadmission"
	"github.com/tranship/tranship/server/limit"
)

const (
	// DefaultMemoryLimit is Config.MemoryLimit by default, 512 MiB.
	DefaultMemoryLimit = admission.DefaultMemoryLimit
	// MinMemoryLimit is the least Config.MemoryLimit, 32 MiB.
	MinMemoryLimit = admission.MinMemoryLimit
	// DefaultMaxMessageBytes is Config.MaxMessageBytes by default, 2 MiB: twice a chunk.
	DefaultMaxMessageBytes = admission.DefaultMaxMessageBytes
)

// newDoor returns the Door of a Config that has its defaults: what every call passes,
// whatever its transport.
func newDoor(config Config, limits limit.Options) *admission.Door {
	options := admission.Options{
		Authenticators: config.Authenticators,
		Caller:         config.Caller,
		Anonymous:      config.Anonymous != AnonymousNone,
		Recheck:        config.Recheck,
		Proxies:        config.Proxies.origin(),
		Limits:         limits,
		Memory:         admission.NewMemory(config.MemoryLimit),
		Observer:       config.Observer,
		CallContext:    config.CallContext,
		Logger:         config.Logger,
	}
	if config.PrincipalLimits != nil {
		options.Principal = func(p access.Principal) limit.Principal { return networkLimits(config.PrincipalLimits(p)) }
	}
	if config.Audit != nil {
		options.Audit = config.Audit
	}
	return admission.New(options)
}

// newAdapter returns the gRPC side of a Door.
func newAdapter(door *admission.Door, config Config) *grpcadmission.Adapter {
	return grpcadmission.New(door, grpcadmission.Options{MaxMessageBytes: config.MaxMessageBytes})
}
