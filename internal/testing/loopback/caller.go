package loopback

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"

	"github.com/tranship/tranship/access"
)

// The request metadata with which a test's client names its principal.
const (
	nameKey  = "test-name-bin"
	groupKey = "test-group-bin"
)

// Believing returns options of a server that trusts the principals of As without
// credentials.
func Believing() []grpc.ServerOption {
	return []grpc.ServerOption{
		grpc.ChainUnaryInterceptor(func(ctx context.Context, request any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
			return handler(withCaller(ctx), request)
		}),
		grpc.ChainStreamInterceptor(func(server any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
			return handler(server, callerStream{stream, withCaller(stream.Context())})
		}),
	}
}

// As returns options of a connection that makes all calls as p.
func As(p access.Principal) []grpc.DialOption {
	var pairs []string
	if p.Name != "" {
		pairs = append(pairs, nameKey, p.Name)
	}
	for _, group := range p.Groups {
		pairs = append(pairs, groupKey, group)
	}
	withMetadata := func(ctx context.Context) context.Context { return metadata.AppendToOutgoingContext(ctx, pairs...) }
	return []grpc.DialOption{
		grpc.WithChainUnaryInterceptor(func(ctx context.Context, method string, request, reply any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, options ...grpc.CallOption) error {
			return invoke(withMetadata(ctx), method, request, reply, conn, options...)
		}),
		grpc.WithChainStreamInterceptor(func(ctx context.Context, desc *grpc.StreamDesc, conn *grpc.ClientConn, method string, stream grpc.Streamer, options ...grpc.CallOption) (grpc.ClientStream, error) {
			return stream(withMetadata(ctx), desc, conn, method, options...)
		}),
	}
}

// Caller returns the principal that As put into a call.
func Caller(ctx context.Context) (access.Principal, error) {
	incoming, _ := metadata.FromIncomingContext(ctx)
	p := access.Principal{Groups: incoming.Get(groupKey)}
	for _, name := range incoming.Get(nameKey) {
		p.Name, p.Source = name, "test"
	}
	return p, nil
}

func withCaller(ctx context.Context) context.Context {
	if from, ok := peer.FromContext(ctx); ok {
		ctx = access.NewPeerContext(ctx, from.Addr)
	}
	p, _ := Caller(ctx)
	return access.NewContext(ctx, p)
}

// callerStream is a stream with the context of withCaller.
type callerStream struct {
	grpc.ServerStream
	ctx context.Context
}

func (c callerStream) Context() context.Context { return c.ctx }
