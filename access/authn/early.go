package authn

import (
	"context"
	"time"

	"google.golang.org/grpc"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"

	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/internal/grpcdesc"
)

// admittedKey is the key, in a call's context, of what its headers were found to be.
type admittedKey struct{}

// admitted is a call whose credentials were checked before its message had arrived.
type admitted struct {
	found Identity
	at    time.Time
}

// Guard returns a copy of a service's description in which the credentials of calls of
// one message are checked as soon as their headers are there. gRPC runs interceptors
// only when the message has arrived: without Guard, a caller without credentials can
// hold as much as a caller with them, by never sending the message. The context of what
// the description's handlers do, receiving the message included, has the principal.
//
// It changes nothing for streams, whose interceptors run first anyway. Interceptors are
// needed as well.
func (i *Interceptor) Guard(description *grpc.ServiceDesc) *grpc.ServiceDesc {
	return grpcdesc.WrapMethods(description, func(name string, handler grpc.MethodHandler) grpc.MethodHandler {
		// Whether this one needs credentials depends on what it asks: see isOpen.
		mayBeOpen := name == healthv1.Health_Check_FullMethodName
		return func(service any, ctx context.Context, decode func(any) error, interceptor grpc.UnaryServerInterceptor) (any, error) {
			_, found, err := i.admit(ctx, name, mayBeOpen)
			if err != nil {
				return nil, err
			}
			return handler(service, i.withAdmitted(ctx, found), decode, interceptor)
		}
	})
}

// withAdmitted returns the context of a call that was let in.
func (i *Interceptor) withAdmitted(ctx context.Context, found Identity) context.Context {
	ctx = context.WithValue(ctx, admittedKey{}, admitted{found, i.now()})
	return access.NewContext(ctx, found.Principal)
}
