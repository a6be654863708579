package client

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
)

// callMetadata is Options.CallMetadata; nil for none.
type callMetadata func(ctx context.Context) map[string]string

// options returns the options for a connection.
func (m callMetadata) options() []grpc.DialOption {
	if m == nil {
		return nil
	}
	return []grpc.DialOption{grpc.WithChainUnaryInterceptor(m.unary), grpc.WithChainStreamInterceptor(m.stream)}
}

// outgoing returns the context of a call, with the metadata.
func (m callMetadata) outgoing(ctx context.Context) context.Context {
	if m == nil {
		return ctx
	}
	var pairs []string
	for key, value := range m(ctx) {
		pairs = append(pairs, key, value)
	}
	return metadata.AppendToOutgoingContext(ctx, pairs...)
}

// unary implements grpc.UnaryClientInterceptor.
func (m callMetadata) unary(ctx context.Context, method string, request, reply any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, options ...grpc.CallOption) error {
	return invoke(m.outgoing(ctx), method, request, reply, conn, options...)
}

// stream implements grpc.StreamClientInterceptor.
func (m callMetadata) stream(ctx context.Context, desc *grpc.StreamDesc, conn *grpc.ClientConn, method string, open grpc.Streamer, options ...grpc.CallOption) (grpc.ClientStream, error) {
	return open(m.outgoing(ctx), desc, conn, method, options...)
}
