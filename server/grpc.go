package server

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"math"
	"runtime/debug"
	"time"

	"google.golang.org/grpc"
	_ "google.golang.org/grpc/encoding/gzip" // clients may compress
	"google.golang.org/grpc/experimental"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/reflection"
	reflectionv1 "google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/tranship/tranship/internal/bufferpool"
	"github.com/tranship/tranship/internal/payload"
	"github.com/tranship/tranship/internal/rpcstatus"
)

// Flow-control windows. Both are set: setting one leaves the other at 64 KiB. What a
// stream's window lets in is held until its file takes it; a connection's window does
// not bound memory, for its credit returns on receipt. Clients open more streams on
// links that are too long for one window.
const (
	streamWindow     = 1 << 20
	connectionWindow = 64 << 20
)

// writeBuffer is how much is written to a connection at once, and readBuffer how much is
// read: 16 frames and four, and a fraction of the system calls that grpc-go's defaults
// make. A connection has the one only while it writes; grpc-go shares them.
const (
	writeBuffer = 256 << 10
	readBuffer  = 64 << 10
)

// maxStreams bounds the calls under way on one connection unless Options say otherwise.
const maxStreams = 1000

// maxHeaderBytes bounds the header of a call, as HTTP/2 counts it: 32 bytes a field
// beside name and value. grpc-go would take 16 MiB, and each call under way keeps its
// own.
const maxHeaderBytes = 32 << 10

// handshakeTime is how long a new connection may take until it speaks HTTP/2.
const handshakeTime = 10 * time.Second

// GRPCOptions are the settings for a grpc.Server of this package's services:
// payloads that are not copied, flow-control windows for files, the message limit, keepalive that notices dead
// clients and allows them a ping every 10 s, and recovery from panics.
func GRPCOptions(options Options) []grpc.ServerOption {
	log := options.Logger
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	memory := options.Memory
	if memory == nil {
		memory = NewMemory(0)
	}
	message := cmp.Or(options.MaxMessageBytes, DefaultMaxMessageBytes)
	streams := cmp.Or(options.MaxStreams, maxStreams)
	if streams < 0 {
		streams = math.MaxInt32
	}
	return []grpc.ServerOption{
		grpc.ForceServerCodecV2(payload.Codec{}),
		experimental.BufferPool(&bufferpool.Pool{}),
		grpc.InitialWindowSize(streamWindow),
		grpc.InitialConnWindowSize(connectionWindow),
		grpc.WriteBufferSize(writeBuffer),
		grpc.ReadBufferSize(readBuffer),
		grpc.MaxConcurrentStreams(uint32(min(streams, math.MaxInt32))),
		grpc.MaxHeaderListSize(maxHeaderBytes),
		grpc.ConnectionTimeout(handshakeTime),
		grpc.MaxRecvMsgSize(message),
		grpc.KeepaliveParams(keepalive.ServerParameters{Time: time.Minute, Timeout: 20 * time.Second}),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: 10 * time.Second, PermitWithoutStream: true}),
		grpc.ChainUnaryInterceptor(func(ctx context.Context, request any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (response any, err error) {
			defer recoverPanic(ctx, log, info.FullMethod, &err)
			return handler(ctx, request)
		}),
		grpc.ChainStreamInterceptor(func(server any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
			return memory.stream(stream, weight(message), func(stream grpc.ServerStream) (err error) {
				defer recoverPanic(stream.Context(), log, info.FullMethod, &err)
				return handler(server, stream)
			})
		}),
	}
}

// recoverPanic, deferred, turns a panic into INTERNAL for the one call.
func recoverPanic(ctx context.Context, log *slog.Logger, method string, err *error) {
	if reason := recover(); reason != nil {
		log.ErrorContext(ctx, "panic", "operation", method, "reason", fmt.Sprint(reason), "stack", string(debug.Stack()))
		*err = rpcstatus.Internal().Err()
	}
}

// RegisterReflection adds gRPC server reflection for all services of a server. The
// files are descriptors that are not in protobuf's global registry: those of the
// compatibility protocols.
func RegisterReflection(server *grpc.Server, files ...protoreflect.FileDescriptor) error {
	resolver := &resolver{}
	for _, file := range files {
		if err := resolver.private.RegisterFile(file); err != nil {
			return fmt.Errorf("reflection: %w", err)
		}
	}
	reflectionv1.RegisterServerReflectionServer(server, reflection.NewServerV1(reflection.ServerOptions{
		Services:           server,
		DescriptorResolver: resolver,
	}))
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
