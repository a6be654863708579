package loopback

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"

	"github.com/tranship/tranship/access"
)

// The request metadata in which a client of a test says who it is.
const (
	nameKey  = "test-name-bin"
	groupKey = "test-group-bin"
)

// Believing are options of a server that takes callers for who they say they are,
// with As.
func Believing() []grpc.ServerOption {
	return []grpc.ServerOption{
		grpc.ChainUnaryInterceptor(func(ctx context.Context, request any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
			return handler(believe(ctx), request)
		}),
		grpc.ChainStreamInterceptor(func(server any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
			return handler(server, called{stream, believe(stream.Context())})
		}),
	}
}

// As are the options of a connection whose calls p makes.
func As(p access.Principal) []grpc.DialOption {
	var pairs []string
	if p.Name != "" {
		pairs = append(pairs, nameKey, p.Name)
	}
	for _, group := range p.Groups {
		pairs = append(pairs, groupKey, group)
	}
	say := func(ctx context.Context) context.Context { return metadata.AppendToOutgoingContext(ctx, pairs...) }
	return []grpc.DialOption{
		grpc.WithChainUnaryInterceptor(func(ctx context.Context, method string, request, reply any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, options ...grpc.CallOption) error {
			return invoke(say(ctx), method, request, reply, conn, options...)
		}),
		grpc.WithChainStreamInterceptor(func(ctx context.Context, desc *grpc.StreamDesc, conn *grpc.ClientConn, method string, stream grpc.Streamer, options ...grpc.CallOption) (grpc.ClientStream, error) {
			return stream(say(ctx), desc, conn, method, options...)
		}),
	}
}

// Caller returns the principal that a call of As names.
func Caller(ctx context.Context) (access.Principal, error) {
	incoming, _ := metadata.FromIncomingContext(ctx)
	p := access.Principal{Groups: incoming.Get(groupKey)}
	for _, name := range incoming.Get(nameKey) {
		p.Name, p.Source = name, "test"
	}
	return p, nil
}

func believe(ctx context.Context) context.Context {
	if from, ok := peer.FromContext(ctx); ok {
		ctx = access.NewPeerContext(ctx, from.Addr)
	}
	p, _ := Caller(ctx)
	return access.NewContext(ctx, p)
}

// called is a stream of who was believed.
type called struct {
	grpc.ServerStream
	ctx context.Context
}

func (c called) Context() context.Context { return c.ctx }
