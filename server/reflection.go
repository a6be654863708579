package server

import (
	"fmt"

	"google.golang.org/grpc"
	"google.golang.org/grpc/reflection"
	reflectionv1 "google.golang.org/grpc/reflection/grpc_reflection_v1"
	reflectionv1alpha "google.golang.org/grpc/reflection/grpc_reflection_v1alpha"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	filesrvv1 "github.com/tranship/tranship/proto/filesrv/v1"
	transferpb "github.com/tranship/tranship/proto/filetransfer"
)

// RegisterReflection adds gRPC server reflection for all services of a grpc.Server of the
// program, those of Mount included, in its versions v1 and, for older clients, v1alpha. The
// descriptors of the compatibility protocols are not in protobuf's global registry, so that
// grpc-go's own reflection does not know them. Every client of the grpc.Server may call it: see
// MountReflection. Serve registers reflection itself.
func RegisterReflection(server *grpc.Server) error { return registerReflection(server, server) }

// MountReflection is RegisterReflection with the credentials, limits and audit log of the
// services that Mount adds.
func (s *Server) MountReflection(server *grpc.Server) error {
	return registerReflection(newAdapter(s.door, s.config).IdleRegistrar(server), server)
}

// registerReflection adds reflection of services to a registrar.
func registerReflection(registrar grpc.ServiceRegistrar, services reflection.ServiceInfoProvider) error {
	resolver := &resolver{}
	for _, file := range []protoreflect.FileDescriptor{filesrvv1.File_filesrv_proto, transferpb.File_file_transfer_proto} {
		if err := resolver.private.RegisterFile(file); err != nil {
			return fmt.Errorf("reflection: %w", err)
		}
	}
	options := reflection.ServerOptions{Services: services, DescriptorResolver: resolver}
	reflectionv1.RegisterServerReflectionServer(registrar, reflection.NewServerV1(options))
	reflectionv1alpha.RegisterServerReflectionServer(registrar, reflection.NewServer(options))
	return nil
}

// resolver looks in registries of its own before protobuf's global one.
type resolver struct {
	private protoregistry.Files
}

var _ protodesc.Resolver = (*resolver)(nil)

func (r *resolver) FindFileByPath(path string) (protoreflect.FileDescriptor, error) {
	if file, err := r.private.FindFileByPath(path); err == nil {
		return file, nil
	}
	return protoregistry.GlobalFiles.FindFileByPath(path)
}

func (r *resolver) FindDescriptorByName(name protoreflect.FullName) (protoreflect.Descriptor, error) {
	if descriptor, err := r.private.FindDescriptorByName(name); err == nil {
		return descriptor, nil
	}
	return protoregistry.GlobalFiles.FindDescriptorByName(name)
}
