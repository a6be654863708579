package grpcadmission

import (
	"context"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"

	"github.com/tranship/tranship/internal/grpcdesc"
	"github.com/tranship/tranship/internal/rpcstatus"
	"github.com/tranship/tranship/server/internal/admission"
)

// Registrar returns a registrar whose services' calls pass the Door.
func (a *Adapter) Registrar(inner grpc.ServiceRegistrar) grpc.ServiceRegistrar {
	return registrar{inner, a}
}

type registrar struct {
	grpc.ServiceRegistrar
	adapter *Adapter
}

// RegisterService implements grpc.ServiceRegistrar.
func (r registrar) RegisterService(description *grpc.ServiceDesc, service any) {
	r.ServiceRegistrar.RegisterService(r.adapter.Wrap(description), service)
}

// Wrap returns a copy of a service's description whose handlers pass the Door first.
//
// A call with one message is authenticated when its headers are there. gRPC runs
// interceptors only when the message has arrived, so that a caller without credentials
// could hold a message's memory by never sending it.
//
// Health.Check of the whole server, without a service's name, needs no credentials.
func (a *Adapter) Wrap(description *grpc.ServiceDesc) *grpc.ServiceDesc {
	wrapped := grpcdesc.WrapMethods(description, func(name string, handler grpc.MethodHandler) grpc.MethodHandler {
		return func(service any, ctx context.Context, decode func(any) error, interceptor grpc.UnaryServerInterceptor) (any, error) {
			return a.unary(ctx, name, decode, func(ctx context.Context, decode func(any) error) (any, error) {
				return handler(service, ctx, decode, interceptor)
			})
		}
	})
	wrapped.Streams = make([]grpc.StreamDesc, len(description.Streams))
	for i, stream := range description.Streams {
		name, handler := "/"+description.ServiceName+"/"+stream.StreamName, stream.Handler
		owes, oneMessage := !stream.ClientStreams || !stream.ServerStreams, !stream.ClientStreams
		stream.Handler = func(service any, inner grpc.ServerStream) error {
			return a.stream(inner, name, owes, oneMessage, func(admitted grpc.ServerStream) error { return handler(service, admitted) })
		}
		wrapped.Streams[i] = stream
	}
	return wrapped
}

// unary runs the handler of a call with one message.
func (a *Adapter) unary(ctx context.Context, name string, decode func(any) error, handler func(context.Context, func(any) error) (any, error)) (response any, err error) {
	call, err := a.call(ctx, name)
	if err != nil {
		return nil, rpcstatus.Error(err)
	}
	// Whether this method needs credentials depends on what it asks for.
	mayBeOpen := name == healthv1.Health_Check_FullMethodName
	if err := call.Authenticate(presented(ctx), mayBeOpen); err != nil {
		return nil, rpcstatus.Error(err)
	}
	var request any
	receive := func(message any) error {
		err := call.Receive(func() error { return handled(decode(message)) })
		if err == nil {
			request = message
			if mayBeOpen && !isOpen(message) {
				err = call.RequireCredentials()
			}
		}
		if err == nil {
			err = call.Turn()
		}
		return statusOf(err)
	}
	err = call.Handle(func() (err error) {
		response, err = handler(call.Context(), receive)
		return handled(err)
	})
	if err == nil {
		return response, nil
	}
	err = statusOf(err)
	if call.Audited() {
		call.Failed(rpcstatus.FromError(err), namesOf(request))
	}
	return nil, err
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

// stream runs the handler of a call that streams.
func (a *Adapter) stream(inner grpc.ServerStream, name string, owes, oneMessage bool, handler func(grpc.ServerStream) error) error {
	call, err := a.call(inner.Context(), name)
	if err != nil {
		return rpcstatus.Error(err)
	}
	if err := call.Authenticate(presented(inner.Context()), false); err != nil {
		return rpcstatus.Error(err)
	}
	s := &admittedStream{ServerStream: inner, call: call, named: !oneMessage || !call.Audited()}
	err = call.Run(admission.Stream{MessageBytes: a.messageBytes, Owes: owes}, func() error { return handled(handler(s)) })
	if err == nil {
		return nil
	}
	err = statusOf(err)
	names, _ := s.names.Load().(admission.Names)
	call.Failed(rpcstatus.FromError(err), names)
	return err
}

// unknown answers calls of methods that no service has. gRPC would answer them itself,
// so that the audit log had no line about them.
func (a *Adapter) unknown(_ any, stream grpc.ServerStream) error {
	method, _ := grpc.MethodFromServerStream(stream)
	call, err := a.call(stream.Context(), method)
	if err != nil {
		return rpcstatus.Error(err)
	}
	if err := call.Authenticate(presented(stream.Context()), false); err != nil {
		return rpcstatus.Error(err)
	}
	err = errUnknown(method)
	call.Failed(rpcstatus.FromError(err), admission.Names{})
	return err
}

func errUnknown(full string) error {
	service, method := "", strings.TrimPrefix(full, "/")
	if i := strings.LastIndexByte(method, '/'); i >= 0 {
		service, method = method[:i], method[i+1:]
	}
	return status.Errorf(codes.Unimplemented, "unknown method %s of service %s", method, service)
}

// presented is what a call presents: its authorization headers, and the TLS connection
// whose client has shown a certificate.
func presented(ctx context.Context) admission.Presented {
	p := admission.Presented{Authorization: metadata.ValueFromIncomingContext(ctx, "authorization")}
	if from, ok := peer.FromContext(ctx); ok {
		if info, ok := from.AuthInfo.(credentials.TLSInfo); ok && len(info.State.PeerCertificates) > 0 {
			p.TLS = &info.State
		}
	}
	return p
}

// isOpen reports whether a health check is about the whole server.
func isOpen(message any) bool {
	check, ok := message.(*healthv1.HealthCheckRequest)
	return ok && check.GetService() == ""
}
