package main

import (
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/tranship/tranship/access/authn"
	"github.com/tranship/tranship/server/limit"
	"github.com/tranship/tranship/store/audit"
)

// guardedRegistrar registers services whose calls of one message are authenticated, and
// audited, from their headers on.
type guardedRegistrar struct {
	grpc.ServiceRegistrar
	limiter  *limit.Limiter
	identity *authn.Interceptor
	log      *audit.Log
}

// RegisterService implements grpc.ServiceRegistrar.
func (r guardedRegistrar) RegisterService(description *grpc.ServiceDesc, service any) {
	r.ServiceRegistrar.RegisterService(r.limiter.Guard(r.identity.Guard(r.log.Guard(description))), service)
}

// unknownMethod handles calls of methods that no service has. gRPC would answer them
// before any interceptor, so that the audit log had no line of them.
func unknownMethod(_ any, stream grpc.ServerStream) error {
	method, _ := grpc.MethodFromServerStream(stream)
	return errUnknown(method)
}

// refuseUnknown answers calls of unknown methods, which have no server, before any limit
// counts them.
func refuseUnknown(server any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
	if server == nil {
		return errUnknown(info.FullMethod)
	}
	return handler(server, stream)
}

func errUnknown(full string) error {
	service, method := "", strings.TrimPrefix(full, "/")
	if i := strings.LastIndexByte(method, '/'); i >= 0 {
		service, method = method[:i], method[i+1:]
	}
	return status.Errorf(codes.Unimplemented, "unknown method %s of service %s", method, service)
}
