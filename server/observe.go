package server

import (
	"context"
	"sync/atomic"

	"google.golang.org/grpc"

	"github.com/tranship/tranship/internal/grpcdesc"
)

// observe returns a copy of a description whose calls of one message are told to the
// observer.
func (a *admission) observe(description *grpc.ServiceDesc) *grpc.ServiceDesc {
	if a.observed == nil {
		return description
	}
	return grpcdesc.WrapMethods(description, func(name string, handler grpc.MethodHandler) grpc.MethodHandler {
		return func(service any, ctx context.Context, decode func(any) error, interceptor grpc.UnaryServerInterceptor) (any, error) {
			noteAdmitted(ctx)
			ctx, call := a.observed.Begin(ctx, name)
			response, err := handler(service, ctx, decode, interceptor)
			call.End(err)
			return response, err
		}
	})
}

// observeStream does for streams what observe does for other calls.
func (a *admission) observeStream(service any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
	noteAdmitted(stream.Context())
	ctx, call := a.observed.Begin(stream.Context(), info.FullMethod)
	err := handler(service, streamWithContext{stream, ctx})
	call.End(err)
	return err
}

// observeRefused returns a copy of a description whose calls of one message are told to
// the observer if they are refused before observe has seen them.
func (a *admission) observeRefused(description *grpc.ServiceDesc) *grpc.ServiceDesc {
	if a.observed == nil {
		return description
	}
	return grpcdesc.WrapMethods(description, func(name string, handler grpc.MethodHandler) grpc.MethodHandler {
		return func(service any, ctx context.Context, decode func(any) error, interceptor grpc.UnaryServerInterceptor) (any, error) {
			ctx, admitted := withAdmitted(ctx)
			response, err := handler(service, ctx, decode, interceptor)
			if !admitted.Load() {
				a.observed.Refused(ctx, name, err)
			}
			return response, err
		}
	})
}

// observeRefusedStream does for streams what observeRefused does for other calls.
func (a *admission) observeRefusedStream(service any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
	ctx, admitted := withAdmitted(stream.Context())
	err := handler(service, streamWithContext{stream, ctx})
	if !admitted.Load() {
		a.observed.Refused(ctx, info.FullMethod, err)
	}
	return err
}

// admittedKey is the key, in a call's context, of whether it was let in.
type admittedKey struct{}

func withAdmitted(ctx context.Context) (context.Context, *atomic.Bool) {
	admitted := new(atomic.Bool)
	return context.WithValue(ctx, admittedKey{}, admitted), admitted
}

// noteAdmitted notes that a call was let in.
func noteAdmitted(ctx context.Context) {
	if admitted, ok := ctx.Value(admittedKey{}).(*atomic.Bool); ok {
		admitted.Store(true)
	}
}

// streamWithContext is a stream with another context.
type streamWithContext struct {
	grpc.ServerStream
	ctx context.Context
}

// Context implements grpc.ServerStream.
func (s streamWithContext) Context() context.Context { return s.ctx }
