package server

import (
	"context"

	"google.golang.org/grpc"

	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/access/authn"
	"github.com/tranship/tranship/internal/grpcdesc"
)

// identity finds the principal of a call, and puts it into the call's context.
type identity interface {
	// Guard returns a copy of a description in which the headers of calls of one message
	// are checked before their message arrives.
	Guard(description *grpc.ServiceDesc) *grpc.ServiceDesc
	// Unary and Stream are interceptors.
	Unary(ctx context.Context, request any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error)
	Stream(service any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error
}

// credentialIdentity is the identity of Config.Authenticators. On a grpc.Server of the
// program, interceptors run between Guard and Unary, and may put a principal of their own
// into the context: it keeps the one that Guard has found.
type credentialIdentity struct{ *authn.Interceptor }

var _ identity = credentialIdentity{}

// principalKey is the key, in the context of a call, of the principal that Guard found.
type principalKey struct{}

// Guard implements identity.
func (i credentialIdentity) Guard(description *grpc.ServiceDesc) *grpc.ServiceDesc {
	return i.Interceptor.Guard(grpcdesc.WrapMethods(description, func(_ string, handler grpc.MethodHandler) grpc.MethodHandler {
		return func(service any, ctx context.Context, decode func(any) error, interceptor grpc.UnaryServerInterceptor) (any, error) {
			return handler(service, context.WithValue(ctx, principalKey{}, access.FromContext(ctx)), decode, interceptor)
		}
	}))
}

// Unary implements identity.
func (i credentialIdentity) Unary(ctx context.Context, request any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	if found, ok := ctx.Value(principalKey{}).(access.Principal); ok {
		ctx = access.NewContext(ctx, found)
	}
	return i.Interceptor.Unary(ctx, request, info, handler)
}
