package server_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"

	"google.golang.org/grpc"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/access/authn"
	"github.com/tranship/tranship/access/policy"
	"github.com/tranship/tranship/client"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/mem"
)

// One Config is a whole server. It serves until the context ends, and then finishes the
// files under way.
func Example() {
	ctx, stop := context.WithCancel(context.Background())
	files, err := server.New(ctx, server.Config{
		Store:     &mem.Store{},
		Anonymous: server.AnonymousWrite,
	})
	if err != nil {
		log.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- files.Serve(ctx, listener) }()

	connected, err := client.Dial(ctx, listener.Addr().String(), client.Options{})
	if err != nil {
		log.Fatal(err)
	}
	file, err := connected.Put(ctx, tranship.Spec{Path: "greeting"}, []byte("hello"))
	fmt.Println(file.Path, file.Size, err)
	connected.Close()
	stop()
	fmt.Println("served:", <-served)
	// Output:
	// greeting 5 <nil>
	// served: <nil>
}

// A Config that would let strangers in is refused.
func ExampleNew() {
	_, err := server.New(context.Background(), server.Config{Store: &mem.Store{}})
	wrong, _ := errors.AsType[*server.ConfigError](err)
	fmt.Println(wrong.Field)
	// Output: Authenticators
}

// Serve refuses to listen where other machines could connect without encryption.
func ExampleServer_Serve() {
	files, err := server.New(context.Background(), server.Config{Store: &mem.Store{}, Anonymous: server.AnonymousRead})
	if err != nil {
		log.Fatal(err)
	}
	listener, err := net.Listen("tcp", ":0")
	if err != nil {
		log.Fatal(err)
	}
	err = files.Serve(context.Background(), listener)
	refused, _ := errors.AsType[*server.ListenError](err)
	fmt.Println(refused.Reason == server.ListenPlaintext)
	// Output: true
}

// A grpc.Server that a program has already serves files, too. Its interceptors find who
// makes a call, and Caller tells the services of files.
func ExampleServer_Mount() {
	rules, err := policy.Parse("policy", []byte("allow * read,write,delete,list home/{principal}\n"))
	if err != nil {
		log.Fatal(err)
	}
	config := server.Config{
		Store:  &mem.Store{},
		Policy: rules,
		Caller: func(ctx context.Context) (access.Principal, error) {
			return access.Principal{Name: userOf(ctx), Source: "gateway"}, nil
		},
	}
	files, err := server.New(context.Background(), config)
	if err != nil {
		log.Fatal(err)
	}
	grpcServer := grpc.NewServer(server.GRPCOptions(config)...) // and options of your own
	files.Mount(grpcServer)
	for name := range grpcServer.GetServiceInfo() {
		fmt.Println(name)
	}
	// Unordered output: tranship.v1.FileService
	// tranship.admin.v1.AdminService
	// tranship.share.v1.LinkService
}

// userOf is what a program has already.
func userOf(context.Context) string { return "ann" }

// keyList knows principals by their keys.
type keyList map[string]string

// Authenticate implements authn.Authenticator.
func (k keyList) Authenticate(_ context.Context, credentials authn.Credentials) (authn.Identity, error) {
	name, ok := k[credentials.Token]
	if !ok {
		return authn.Identity{}, &authn.Refusal{Text: "the key is not valid"}
	}
	return authn.Identity{Principal: access.Principal{Name: name, Source: "key"}}, nil
}

// Any type with the method Authenticate can find the principals of calls.
func ExampleConfig_authenticators() {
	_, err := server.New(context.Background(), server.Config{
		Store:          &mem.Store{},
		Authenticators: []authn.Authenticator{keyList{"key-of-ann": "ann"}},
	})
	fmt.Println(err)
	// Output: <nil>
}
