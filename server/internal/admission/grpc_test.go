package admission_test

import (
	"context"
	"net"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/tranship/tranship/internal/rpcstatus"
	"github.com/tranship/tranship/server/internal/admission"
	"github.com/tranship/tranship/server/internal/grpcadmission"
)

// grpcTransport is gRPC.
type grpcTransport struct{}

func (grpcTransport) serve(t *testing.T, door *admission.Door) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	adapter := grpcadmission.New(door, grpcadmission.Options{})
	server := grpc.NewServer(append(adapter.ServerOptions(), grpc.Creds(adapter.Credentials(insecure.NewCredentials())))...)
	description := &grpc.ServiceDesc{ServiceName: "Test", HandlerType: (*any)(nil)}
	for _, method := range []string{echo, fail, crash} {
		description.Methods = append(description.Methods, grpc.MethodDesc{
			MethodName: method,
			Handler: func(_ any, ctx context.Context, decode func(any) error, intercept grpc.UnaryServerInterceptor) (any, error) {
				request := &wrapperspb.StringValue{}
				if err := decode(request); err != nil {
					return nil, err
				}
				return intercept(ctx, request, &grpc.UnaryServerInfo{FullMethod: "/Test/" + method}, func(ctx context.Context, _ any) (any, error) {
					text, err := unary(ctx, method)
					return wrapperspb.String(text), rpcstatus.Error(err)
				})
			},
		})
	}
	for _, method := range []string{chat, upload} {
		description.Streams = append(description.Streams, grpc.StreamDesc{
			StreamName: method, ClientStreams: true, ServerStreams: method == chat,
			Handler: func(_ any, stream grpc.ServerStream) error { return streaming(method, grpcServing{stream}) },
		})
	}
	adapter.Registrar(server).RegisterService(description, nil)
	done := make(chan error, 1)
	go func() { done <- server.Serve(adapter.Listener(listener)) }()
	t.Cleanup(func() {
		server.Stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return listener.Addr().String()
}

// grpcServing is the service's end of a stream.
type grpcServing struct{ grpc.ServerStream }

func (s grpcServing) receive() error         { return s.RecvMsg(&wrapperspb.StringValue{}) }
func (s grpcServing) send(text string) error { return s.SendMsg(wrapperspb.String(text)) }

func (grpcTransport) connect(t *testing.T, address string) connection {
	t.Helper()
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return grpcConnection{conn}
}

type grpcConnection struct{ conn *grpc.ClientConn }

func (c grpcConnection) close() { c.conn.Close() }

func withToken(ctx context.Context, token string) context.Context {
	if token == "" {
		return ctx
	}
	return metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+token)
}

func (c grpcConnection) call(ctx context.Context, method, token string) (string, error) {
	reply := &wrapperspb.StringValue{}
	err := c.conn.Invoke(withToken(ctx, token), "/Test/"+method, wrapperspb.String("x"), reply)
	return reply.GetValue(), rpcstatus.FromError(err)
}

func (c grpcConnection) open(ctx context.Context, method, token string) (stream, error) {
	s, err := c.conn.NewStream(withToken(ctx, token), &grpc.StreamDesc{ClientStreams: true, ServerStreams: true}, "/Test/"+method)
	return grpcStream{s}, rpcstatus.FromError(err)
}

type grpcStream struct{ grpc.ClientStream }

func (s grpcStream) exchange() (string, error) {
	_ = s.SendMsg(wrapperspb.String("x")) // receiving tells why it failed
	return s.receive()
}

func (s grpcStream) receive() (string, error) {
	reply := &wrapperspb.StringValue{}
	err := s.RecvMsg(reply)
	return reply.GetValue(), rpcstatus.FromError(err)
}

func (s grpcStream) end() error { return s.CloseSend() }
