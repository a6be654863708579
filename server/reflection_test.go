package server_test

import (
	"context"
	"slices"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	grpcmetadata "google.golang.org/grpc/metadata"
	reflectionv1 "google.golang.org/grpc/reflection/grpc_reflection_v1"
	reflectionv1alpha "google.golang.org/grpc/reflection/grpc_reflection_v1alpha"
	"google.golang.org/grpc/status"

	"github.com/tranship/tranship/access/authn"
	"github.com/tranship/tranship/internal/testing/loopback"
	"github.com/tranship/tranship/internal/testing/storeserver"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/mem"
)

// reflected returns the services that a version of reflection lists, and the length of the
// descriptor that it has of a symbol.
type reflected func(ctx context.Context, conn *grpc.ClientConn, symbol string) (services []string, bytes int, err error)

func reflectV1(ctx context.Context, conn *grpc.ClientConn, symbol string) (services []string, bytes int, err error) {
	stream, err := reflectionv1.NewServerReflectionClient(conn).ServerReflectionInfo(ctx)
	if err != nil {
		return nil, 0, err
	}
	_ = stream.Send(&reflectionv1.ServerReflectionRequest{MessageRequest: &reflectionv1.ServerReflectionRequest_ListServices{}})
	response, err := stream.Recv()
	if err != nil {
		return nil, 0, err
	}
	for _, service := range response.GetListServicesResponse().GetService() {
		services = append(services, service.GetName())
	}
	_ = stream.Send(&reflectionv1.ServerReflectionRequest{MessageRequest: &reflectionv1.ServerReflectionRequest_FileContainingSymbol{FileContainingSymbol: symbol}})
	if response, err = stream.Recv(); err != nil {
		return nil, 0, err
	}
	for _, file := range response.GetFileDescriptorResponse().GetFileDescriptorProto() {
		bytes += len(file)
	}
	return services, bytes, nil
}

// reflectV1alpha is what ghz, Evans and older grpcurl call.
func reflectV1alpha(ctx context.Context, conn *grpc.ClientConn, symbol string) (services []string, bytes int, err error) {
	stream, err := reflectionv1alpha.NewServerReflectionClient(conn).ServerReflectionInfo(ctx)
	if err != nil {
		return nil, 0, err
	}
	_ = stream.Send(&reflectionv1alpha.ServerReflectionRequest{MessageRequest: &reflectionv1alpha.ServerReflectionRequest_ListServices{}}) //nolint:staticcheck // it is what is tested
	response, err := stream.Recv()
	if err != nil {
		return nil, 0, err
	}
	for _, service := range response.GetListServicesResponse().GetService() { //nolint:staticcheck // it is what is tested
		services = append(services, service.GetName()) //nolint:staticcheck // it is what is tested
	}
	_ = stream.Send(&reflectionv1alpha.ServerReflectionRequest{MessageRequest: &reflectionv1alpha.ServerReflectionRequest_FileContainingSymbol{FileContainingSymbol: symbol}}) //nolint:staticcheck // it is what is tested
	if response, err = stream.Recv(); err != nil {
		return nil, 0, err
	}
	for _, file := range response.GetFileDescriptorResponse().GetFileDescriptorProto() { //nolint:staticcheck // it is what is tested
		bytes += len(file)
	}
	return services, bytes, nil
}

// Both versions of reflection describe the services of all protocols, and need the same
// credentials as those, also on a grpc.Server of the program.
func TestReflectionVersions(t *testing.T) {
	authenticated := server.Config{Authenticators: []authn.Authenticator{names{"ann"}}}
	mount := func(config server.Config, reflection func(*server.Server, *grpc.Server) error) string {
		return loopback.Serve(t, func(registrar grpc.ServiceRegistrar) {
			s := storeserver.New(t, &mem.Store{}, config)
			s.Mount(registrar)
			if err := reflection(s, registrar.(*grpc.Server)); err != nil {
				t.Fatal(err)
			}
		})
	}
	open := func(_ *server.Server, g *grpc.Server) error { return server.RegisterReflection(g) }
	for name, site := range map[string]struct {
		address string
		guarded bool
	}{
		"Serve":              {storeserver.Serve(t, &mem.Store{}, server.Config{}), false},
		"Serve with tokens":  {storeserver.Serve(t, &mem.Store{}, authenticated), true},
		"RegisterReflection": {mount(authenticated, open), false},
		"MountReflection":    {mount(authenticated, (*server.Server).MountReflection), true},
	} {
		for version, reflect := range map[string]reflected{"v1": reflectV1, "v1alpha": reflectV1alpha} {
			t.Run(name+" "+version, func(t *testing.T) {
				conn, ctx := loopback.Dial(t, site.address), testContext(t)
				if site.guarded {
					if _, _, err := reflect(ctx, conn, "tranship.v1.FileService"); status.Code(err) != codes.Unauthenticated {
						t.Errorf("without a token: %v", err)
					}
					ctx = grpcmetadata.AppendToOutgoingContext(ctx, "authorization", "Bearer ann")
				}
				for _, symbol := range []string{"tranship.v1.FileService", "tranship.v1.Begin.Mode"} {
					services, bytes, err := reflect(ctx, conn, symbol)
					if err != nil || bytes == 0 {
						t.Errorf("%s: %d bytes, %v", symbol, bytes, err)
					}
					for _, want := range []string{"tranship.v1.FileService", "grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"} {
						if !slices.Contains(services, want) {
							t.Errorf("%s is not among %q", want, services)
						}
					}
					for _, service := range services {
						if _, bytes, err := reflect(ctx, conn, service); err != nil || bytes == 0 {
							t.Errorf("%s: %d bytes, %v", service, bytes, err)
						}
					}
				}
			})
		}
	}
}
