package grpcadmission

import (
	"context"

	"google.golang.org/grpc"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"

	"github.com/tranship/tranship/internal/rpcstatus"
	"github.com/tranship/tranship/server/internal/admission"
)

// unaryCall is a call with one message.
type unaryCall struct {
	*admission.Call
	// byContext: the principal is known only when the interceptors of the grpc.Server
	// have run.
	byContext bool
	// mayBeOpen: the call needs no credentials if its message says so.
	mayBeOpen bool
	// decode and interceptor are those of the grpc.Server.
	decode      func(any) error
	interceptor grpc.UnaryServerInterceptor

	request any
}

// run runs the handler of the service's description.
func (u *unaryCall) run(ctx context.Context, service any, handler grpc.MethodHandler) (response any, err error) {
	if !u.byContext {
		if err := u.Authenticate(presented(ctx), u.mayBeOpen); err != nil {
			u.Done(err, admission.Names{})
			return nil, rpcstatus.Error(err)
		}
	}
	err = u.Handle(func() error {
		var err error
		response, err = handler(service, u.Context(), u.receive, u.intercept)
		return handled(err)
	})
	if err == nil {
		u.Done(nil, admission.Names{})
		return response, nil
	}
	err = statusOf(err)
	var names admission.Names
	if u.Audited() {
		names = namesOf(u.request)
	}
	u.Done(rpcstatus.FromError(err), names)
	return nil, err
}

// receive receives the message.
func (u *unaryCall) receive(message any) error {
	err := u.Receive(func() error { return handled(u.decode(message)) })
	if err == nil {
		u.request = message
	}
	return statusOf(err)
}

// intercept is the interceptor around the service's method: the grpc.Server's own, and
// after it what is left to check.
func (u *unaryCall) intercept(ctx context.Context, request any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	admitted := func(ctx context.Context, request any) (any, error) {
		u.Continue(ctx)
		if err := u.admit(ctx, request); err != nil {
			return nil, rpcstatus.Error(err)
		}
		return handler(u.Context(), request)
	}
	if u.interceptor != nil {
		return u.interceptor(ctx, request, info, admitted)
	}
	return admitted(ctx, request)
}

// admit checks what could not be checked before the message was there.
func (u *unaryCall) admit(ctx context.Context, request any) error {
	open := u.mayBeOpen && isOpen(request)
	switch {
	case u.byContext:
		if err := u.Authenticate(admission.Presented{Metadata: metadataOf(ctx)}, open); err != nil {
			return err
		}
	case u.mayBeOpen && !open:
		if err := u.RequireCredentials(); err != nil {
			return err
		}
	}
	return u.Turn()
}

// isOpen reports whether a health check is about the whole server.
func isOpen(message any) bool {
	check, ok := message.(*healthv1.HealthCheckRequest)
	return ok && check.GetService() == ""
}

// handlerError is an error of gRPC or of a handler, which gRPC gets as it is.
type handlerError struct{ error }

func handled(err error) error {
	if err == nil {
		return nil
	}
	return handlerError{err}
}

// statusOf returns the status that a call ends with: a handlerError's own, or the
// translation of the Door's error.
func statusOf(err error) error {
	if err == nil {
		return nil
	}
	if own, ok := err.(handlerError); ok { //nolint:errorlint // only an error that is not wrapped is the handler's
		return own.error
	}
	return rpcstatus.Error(err)
}
