package server

import (
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// unknownMethod handles calls of methods that no service has. grpc-go would answer them
// by itself, and the audit log would have no line of them.
func unknownMethod(_ any, stream grpc.ServerStream) error {
	full, _ := grpc.MethodFromServerStream(stream)
	service, method := "", strings.TrimPrefix(full, "/")
	if i := strings.LastIndexByte(method, '/'); i >= 0 {
		service, method = method[:i], method[i+1:]
	}
	return status.Errorf(codes.Unimplemented, "unknown method %s of service %s", method, service)
}
