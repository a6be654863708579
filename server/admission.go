package server

import (
	"context"
	"log/slog"

	"google.golang.org/grpc"

	"github.com/tranship/tranship/access/authn"
	"github.com/tranship/tranship/internal/grpcdesc"
	"github.com/tranship/tranship/internal/observation"
	"github.com/tranship/tranship/server/limit"
	"github.com/tranship/tranship/store/audit"
)

// admission is what every call passes on its way to a service. It is part of the
// description of each service, not of the grpc.Server: it holds on every grpc.Server,
// whatever interceptors that has.
type admission struct {
	limiter  *limit.Limiter
	identity identity
	audit    *audit.Log
	memory   *Memory
	observed *observation.Batch
	log      *slog.Logger
	// weight is for how many calls a stream counts.
	weight int64
}

// newAdmission returns the admission of a Config that has its defaults.
func newAdmission(config Config, limits limit.Options) *admission {
	a := &admission{
		limiter:  limit.New(limits),
		audit:    config.Audit,
		memory:   NewMemory(config.MemoryLimit),
		observed: observation.New(config.Observer),
		log:      config.Logger,
		weight:   weight(config.MaxMessageBytes),
	}
	anonymous := config.Anonymous != AnonymousNone
	if config.Caller != nil {
		a.identity = &callerHook{find: config.Caller, anonymous: anonymous, audit: config.Audit, log: config.Logger}
		return a
	}
	authenticates := authn.New(authn.Options{
		Authenticators: config.Authenticators,
		Anonymous:      anonymous,
		Recheck:        config.Recheck,
		Refused:        config.Audit.Refused,
		Logger:         config.Logger,
	})
	if authenticates.Authenticates() {
		a.memory.PreferPrincipals()
	}
	a.identity = credentialIdentity{authenticates}
	return a
}

// registrar returns a registrar whose services are behind the admission.
func (a *admission) registrar(inner grpc.ServiceRegistrar) grpc.ServiceRegistrar {
	return admittingRegistrar{inner, a}
}

type admittingRegistrar struct {
	grpc.ServiceRegistrar
	admission *admission
}

// RegisterService implements grpc.ServiceRegistrar.
func (r admittingRegistrar) RegisterService(description *grpc.ServiceDesc, service any) {
	r.ServiceRegistrar.RegisterService(r.admission.admit(description), service)
}

// admit returns a copy of a description whose calls pass the admission.
//
// A caller without good credentials must cost nothing, so credentials are verified
// first; only calls that exceed a limit of their peer are refused before that. The audit
// log comes next, so that it has a line of what limits and services refuse. Calls wait
// for their turn and for memory last, when it is known for whom they count.
func (a *admission) admit(description *grpc.ServiceDesc) *grpc.ServiceDesc {
	admitted := interceptUnary(description, a.identity.Unary, a.limiter.UnaryInterceptor(), a.recoverUnary)
	admitted = a.memory.Guard(admitted)
	admitted = a.observe(admitted)
	admitted = a.audit.Guard(admitted)
	admitted = a.identity.Guard(admitted)
	admitted = a.observeRefused(admitted)
	admitted = a.limiter.Guard(admitted)
	return interceptStreams(admitted, a.streamChain(a.limiter.StreamInterceptor(), a.memoryStream)...)
}

// streamChain are the interceptors of streams, with others at the end.
func (a *admission) streamChain(last ...grpc.StreamServerInterceptor) []grpc.StreamServerInterceptor {
	chain := []grpc.StreamServerInterceptor{a.limiter.Stream}
	if a.observed != nil {
		chain = append(chain, a.observeRefusedStream)
	}
	chain = append(chain, a.identity.Stream, a.audit.Stream)
	if a.observed != nil {
		chain = append(chain, a.observeStream)
	}
	return append(chain, last...)
}

// unknown handles calls of unknown methods. No limit counts them.
func (a *admission) unknown() grpc.StreamHandler {
	chain := a.streamChain()
	return func(service any, stream grpc.ServerStream) error {
		method, _ := grpc.MethodFromServerStream(stream)
		info := &grpc.StreamServerInfo{FullMethod: method, IsClientStream: true, IsServerStream: true}
		return chainStream(chain, info, unknownMethod)(service, stream)
	}
}

// memoryStream runs a stream when there is memory for it.
func (a *admission) memoryStream(service any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
	return a.memory.stream(stream, a.weight, func(stream grpc.ServerStream) (err error) {
		defer recoverPanic(stream.Context(), a.log, info.FullMethod, &err)
		return handler(service, stream)
	})
}

func (a *admission) recoverUnary(ctx context.Context, request any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (response any, err error) {
	defer recoverPanic(ctx, a.log, info.FullMethod, &err)
	return handler(ctx, request)
}

// interceptUnary returns a copy of a description whose calls of one message run
// interceptors, after those of the grpc.Server.
func interceptUnary(description *grpc.ServiceDesc, chain ...grpc.UnaryServerInterceptor) *grpc.ServiceDesc {
	return grpcdesc.WrapMethods(description, func(_ string, handler grpc.MethodHandler) grpc.MethodHandler {
		return func(service any, ctx context.Context, decode func(any) error, outer grpc.UnaryServerInterceptor) (any, error) {
			return handler(service, ctx, decode, func(ctx context.Context, request any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
				for i := len(chain) - 1; i >= 0; i-- {
					interceptor, next := chain[i], handler
					handler = func(ctx context.Context, request any) (any, error) { return interceptor(ctx, request, info, next) }
				}
				if outer != nil {
					return outer(ctx, request, info, handler)
				}
				return handler(ctx, request)
			})
		}
	})
}

// interceptStreams does for streams what interceptUnary does for other calls.
func interceptStreams(description *grpc.ServiceDesc, chain ...grpc.StreamServerInterceptor) *grpc.ServiceDesc {
	intercepted := *description
	intercepted.Streams = make([]grpc.StreamDesc, len(description.Streams))
	for i, stream := range description.Streams {
		stream.Handler = chainStream(chain, &grpc.StreamServerInfo{
			FullMethod:     "/" + description.ServiceName + "/" + stream.StreamName,
			IsClientStream: stream.ClientStreams,
			IsServerStream: stream.ServerStreams,
		}, stream.Handler)
		intercepted.Streams[i] = stream
	}
	return &intercepted
}

// chainStream returns a handler that runs interceptors, the first of them outermost.
func chainStream(chain []grpc.StreamServerInterceptor, info *grpc.StreamServerInfo, handler grpc.StreamHandler) grpc.StreamHandler {
	for i := len(chain) - 1; i >= 0; i-- {
		interceptor, next := chain[i], handler
		handler = func(service any, stream grpc.ServerStream) error { return interceptor(service, stream, info, next) }
	}
	return handler
}
