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
	return registrar{inner, a, false}
}

// IdleRegistrar is Registrar for services whose streams carry no work, such as reflection:
// they end when the Door drains.
func (a *Adapter) IdleRegistrar(inner grpc.ServiceRegistrar) grpc.ServiceRegistrar {
	return registrar{inner, a, true}
}

type registrar struct {
	grpc.ServiceRegistrar
	adapter *Adapter
	idle    bool
}

// RegisterService implements grpc.ServiceRegistrar.
func (r registrar) RegisterService(description *grpc.ServiceDesc, service any) {
	r.ServiceRegistrar.RegisterService(r.adapter.wrap(description, r.idle), service)
}

// Wrap returns a copy of a service's description whose handlers pass the Door first.
//
// A call with one message is authenticated when its headers are there. gRPC runs
// interceptors only when the message has arrived, so that a caller without credentials
// could hold a message's memory by never sending it.
//
// Health.Check of the whole server, without a service's name, needs no credentials.
func (a *Adapter) Wrap(description *grpc.ServiceDesc) *grpc.ServiceDesc {
	return a.wrap(description, false)
}

func (a *Adapter) wrap(description *grpc.ServiceDesc, idle bool) *grpc.ServiceDesc {
	wrapped := grpcdesc.WrapMethods(description, func(name string, handler grpc.MethodHandler) grpc.MethodHandler {
		return func(service any, ctx context.Context, decode func(any) error, interceptor grpc.UnaryServerInterceptor) (any, error) {
			call, done, err := a.call(ctx, name)
			if err != nil {
				return nil, rpcstatus.Error(err)
			}
			defer done()
			u := &unaryCall{Call: call, byContext: a.door.FindsCallerInContext(), decode: decode, interceptor: interceptor}
			// Whether this method needs credentials depends on what it asks for.
			u.mayBeOpen = name == healthv1.Health_Check_FullMethodName
			return u.run(ctx, service, handler)
		}
	})
	wrapped.Streams = make([]grpc.StreamDesc, len(description.Streams))
	for i, stream := range description.Streams {
		name, handler := "/"+description.ServiceName+"/"+stream.StreamName, stream.Handler
		settings := admission.Stream{
			MessageBytes: a.messageBytes,
			Handlers:     &a.handlers,
			Owes:         !stream.ClientStreams || !stream.ServerStreams,
			Idle:         idle,
		}
		oneMessage := !stream.ClientStreams
		stream.Handler = func(service any, inner grpc.ServerStream) error {
			return a.stream(inner, name, settings, oneMessage, func(admitted grpc.ServerStream) error { return handler(service, admitted) })
		}
		wrapped.Streams[i] = stream
	}
	return wrapped
}

// stream runs the handler of a call that streams.
func (a *Adapter) stream(inner grpc.ServerStream, name string, settings admission.Stream, oneMessage bool, handler func(grpc.ServerStream) error) error {
	call, done, err := a.call(inner.Context(), name)
	if err != nil {
		return rpcstatus.Error(err)
	}
	defer done()
	if err := call.Authenticate(presented(inner.Context()), false); err != nil {
		call.Done(err, admission.Names{})
		return rpcstatus.Error(err)
	}
	s := &admittedStream{ServerStream: inner, call: call, named: !oneMessage || !call.Audited()}
	err = call.Run(settings, func() error { return handled(handler(s)) })
	if err != nil {
		err = statusOf(err)
	}
	names, _ := s.names.Load().(admission.Names)
	call.Done(rpcstatus.FromError(err), names)
	return err
}

// Unknown answers calls of methods that no service has. gRPC would answer them itself,
// so that the audit log had no line about them.
func (a *Adapter) Unknown(_ any, stream grpc.ServerStream) error {
	method, _ := grpc.MethodFromServerStream(stream)
	call, done, err := a.call(stream.Context(), method)
	if err != nil {
		return rpcstatus.Error(err)
	}
	defer done()
	if err := call.Authenticate(presented(stream.Context()), false); err != nil {
		call.Done(err, admission.Names{})
		return rpcstatus.Error(err)
	}
	err = errUnknown(method)
	call.Done(rpcstatus.FromError(err), admission.Names{})
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
	p := admission.Presented{Authorization: metadata.ValueFromIncomingContext(ctx, "authorization"), Metadata: metadataOf(ctx)}
	if from, ok := peer.FromContext(ctx); ok {
		if info, ok := from.AuthInfo.(credentials.TLSInfo); ok && len(info.State.PeerCertificates) > 0 {
			p.TLS = &info.State
		}
	}
	return p
}

// metadataOf returns a function that returns the values of a key of a call's metadata.
func metadataOf(ctx context.Context) func(key string) []string {
	return func(key string) []string { return metadata.ValueFromIncomingContext(ctx, key) }
}
