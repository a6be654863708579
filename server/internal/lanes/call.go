package lanes

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/tap"

	"github.com/tranship/tranship/internal/lane"
)

// call serves a call, and reports whether the lane can have another.
func (s *Server) call(l *served, headers lane.Headers) bool {
	ctx, cancel := context.WithCancel(s.ctx)
	defer cancel()
	if headers.Timeout > 0 {
		ctx, cancel = context.WithTimeout(ctx, headers.Timeout)
		defer cancel()
	}
	ctx = peer.NewContext(ctx, &peer.Peer{Addr: l.Conn.RemoteAddr(), LocalAddr: l.Conn.LocalAddr(), AuthInfo: l.Info})
	ctx = metadata.NewIncomingContext(ctx, headers.Metadata)
	ctx, err := s.adapter.Tap(ctx, &tap.Info{FullMethodName: headers.Method, Header: headers.Metadata})
	if err != nil {
		return l.conn.Serve(ctx).Finish(err)
	}
	transport := &transportStream{method: headers.Method}
	stream := l.conn.Serve(grpc.NewContextWithServerTransportStream(ctx, transport))
	transport.ServerStream = stream
	found, ok := s.services[headers.Method]
	if !ok {
		found = method{nil, s.adapter.Unknown}
	}
	return stream.Finish(found.handler(found.service, stream))
}

// transportStream is the stream of a call as functions of package grpc find it in its context.
type transportStream struct {
	*lane.ServerStream
	method string
}

// Method implements grpc.ServerTransportStream.
func (t *transportStream) Method() string { return t.method }

// SetTrailer implements grpc.ServerTransportStream.
func (t *transportStream) SetTrailer(md metadata.MD) error {
	t.ServerStream.SetTrailer(md)
	return nil
}
