package client

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/reflection/grpc_reflection_v1"

	"github.com/tranship/tranship"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// ServiceError is the error of Dial for a gRPC server that does not serve the native
// protocol. It matches tranship.ErrUnsupported.
type ServiceError struct {
	// Address is the "host:port" of the server.
	Address string
	// Services are the names of the services that the server's reflection lists, in ascending
	// order, at most 16; nil if it has no reflection.
	Services []string
}

// Error implements error.
func (e *ServiceError) Error() string {
	text := fmt.Sprintf("%v: the gRPC server at %s does not serve %s", tranship.ErrUnsupported, e.Address, transhipv1.FileService_ServiceDesc.ServiceName)
	if len(e.Services) > 0 {
		text += ", but " + strings.Join(e.Services, ", ")
	}
	return text
}

// Is implements the matching of tranship.ErrUnsupported.
func (e *ServiceError) Is(target error) bool { return target == tranship.ErrUnsupported }

const (
	maxServices    = 16
	maxServiceName = 100
)

// servicesOf asks the server for its services. It returns nil if the server does not answer.
func servicesOf(ctx context.Context, conn grpc.ClientConnInterface) []string {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := grpc_reflection_v1.NewServerReflectionClient(conn).ServerReflectionInfo(ctx)
	if err != nil {
		return nil
	}
	if err := stream.Send(&grpc_reflection_v1.ServerReflectionRequest{
		MessageRequest: &grpc_reflection_v1.ServerReflectionRequest_ListServices{},
	}); err != nil {
		return nil
	}
	response, err := stream.Recv()
	if err != nil {
		return nil
	}
	var names []string
	for _, service := range response.GetListServicesResponse().GetService() {
		name := service.GetName()
		if isServiceName(name) && !strings.HasPrefix(name, "grpc.") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	names = slices.Compact(names)
	return names[:min(len(names), maxServices)]
}

// isServiceName reports whether a server's text can be the name of a service.
func isServiceName(name string) bool {
	isPart := func(r rune) bool {
		return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '_' || r == '.'
	}
	return name != "" && len(name) <= maxServiceName && !strings.ContainsFunc(name, func(r rune) bool { return !isPart(r) })
}
