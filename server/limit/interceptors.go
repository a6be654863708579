package limit

import (
	"google.golang.org/grpc"
)

// UnaryInterceptor and StreamInterceptor are the interceptors of ServerOptions, for
// servers that order interceptors themselves.
func (l *Limiter) UnaryInterceptor() grpc.UnaryServerInterceptor { return l.unary }

// StreamInterceptor is for streams what UnaryInterceptor is for other calls.
func (l *Limiter) StreamInterceptor() grpc.StreamServerInterceptor { return l.stream }
