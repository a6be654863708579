package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os/signal"
	"syscall"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"

	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/disk"
)

// transhipServe is tranship serve with TLS, made of the same parts, for as long as
// the command cannot do it itself.
func transhipServe(flags copyFlags) error {
	secret, err := flags.keys.serverTLS()
	if err != nil {
		return err
	}
	store, err := disk.Open(flags.root, disk.Options{})
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return errors.Join(err, store.Close())
	}
	options := server.GRPCOptions(server.Options{})
	if secret != nil {
		options = append(options, grpc.Creds(credentials.NewTLS(secret)))
	}
	grpcServer := grpc.NewServer(options...)
	server.New(store, server.Options{}).Register(grpcServer)
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, grpcServer.Stop)
	fmt.Println(listener.Addr())
	return errors.Join(grpcServer.Serve(listener), store.Close())
}
