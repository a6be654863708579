// Command mount serves files on a grpc.Server that has other services and interceptors. The
// interceptors find the user of a call, here in a header that a gateway would set. Each
// user can access the directory with the user's name below home.
package main

import (
	"context"
	"errors"
	"flag"
	"log"
	"net"
	"os"
	"os/signal"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/access/policy"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/mem"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:50051", "address to listen on")
	flag.Parse()

	rules, err := policy.Parse("policy", []byte("allow * read,write,delete,list home/{principal}\n"))
	check(err)
	config := server.Config{Store: &mem.Store{}, Policy: rules, Caller: caller}
	files, err := server.New(context.Background(), config)
	check(err)

	grpcServer := grpc.NewServer(append(server.GRPCOptions(config),
		grpc.ChainUnaryInterceptor(authenticateUnary), grpc.ChainStreamInterceptor(authenticateStream))...)
	healthv1.RegisterHealthServer(grpcServer, health.NewServer()) // and your own services
	files.Mount(grpcServer)

	listener, err := net.Listen("tcp", *listen)
	check(err)
	log.Print("serving address=", listener.Addr())
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	context.AfterFunc(ctx, func() {
		files.Shutdown() // ends streams, so that GracefulStop need not wait for clients
		grpcServer.GracefulStop()
	})
	check(grpcServer.Serve(listener))
}

// caller returns the principal of a call to the services that serve files.
func caller(ctx context.Context) (access.Principal, error) {
	user, ok := ctx.Value(userKey{}).(string)
	if !ok {
		return access.Principal{}, tranship.ErrUnauthenticated
	}
	return access.Principal{Name: user, Source: "gateway"}, nil
}

// The rest stands for the existing code of the program.

type userKey struct{}

func withUser(ctx context.Context) (context.Context, error) {
	users := metadata.ValueFromIncomingContext(ctx, "x-user")
	switch len(users) {
	case 0:
		return ctx, nil
	case 1:
		return context.WithValue(ctx, userKey{}, users[0]), nil
	}
	return nil, errors.New("a call must have only one user")
}

func authenticateUnary(ctx context.Context, request any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	ctx, err := withUser(ctx)
	if err != nil {
		return nil, err
	}
	return handler(ctx, request)
}

func authenticateStream(service any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
	ctx, err := withUser(stream.Context())
	if err != nil {
		return err
	}
	return handler(service, userStream{stream, ctx})
}

type userStream struct {
	grpc.ServerStream
	ctx context.Context
}

func (s userStream) Context() context.Context { return s.ctx }

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
