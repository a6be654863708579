package tranship_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"path/filepath"

	"google.golang.org/grpc"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/disk"
	"github.com/tranship/tranship/store/localdir"
	"github.com/tranship/tranship/transfer"
)

// An existing grpc.Server serves files beside its other services.
func Example_mount() {
	directory, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(directory)
	store, err := disk.Open(directory, disk.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer store.Close()

	files, err := server.New(context.Background(), server.Config{
		Store:     store,
		Anonymous: server.AnonymousRead, // or Authenticators, or Caller
		// For existing clients of the tutorial protocols:
		Protocols: server.Protocols{Filesrv: &server.Filesrv{}, Filetransfer: true},
	})
	if err != nil {
		log.Fatal(err)
	}
	grpcServer := grpc.NewServer( /* the options and services that you have */ )
	files.Mount(grpcServer)

	fmt.Println(len(grpcServer.GetServiceInfo()), "services")
	// Output: 5 services
}

// A client is a store. Put uploads small content in one call.
func Example_upload() {
	address, stop := startServer()
	defer stop()
	ctx := context.Background()

	files, err := client.Dial(ctx, address, client.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer files.Close()

	file, err := files.Put(ctx, tranship.Spec{
		Path:         "notes/today.txt",
		Precondition: tranship.Precondition{MustNotExist: true},
	}, []byte("small files need no round trip each\n"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(file.Path, file.Size)
	// Output: notes/today.txt 36
}

// Package transfer copies files of any size and whole directories, here from this machine
// to a server. It transfers many files at the same time and verifies each end to end.
func Example_uploadDirectory() {
	address, stop := startServer()
	defer stop()
	ctx := context.Background()
	local, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(local)
	if err := os.WriteFile(filepath.Join(local, "large.txt"), make([]byte, 20_000_000), 0o600); err != nil {
		log.Fatal(err)
	}

	files, err := client.Dial(ctx, address, client.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer files.Close()
	directory, err := localdir.Open(local)
	if err != nil {
		log.Fatal(err)
	}
	defer directory.Close()

	err = transfer.Copy(ctx, files, transfer.Walk(ctx, directory, "", "backup"), transfer.Options{
		Report: func(result transfer.Result) { fmt.Println(result.Path, result.SentBytes, result.Err) },
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output: backup/large.txt 20000000 <nil>
}

// An open Content is an io.Reader. It returns io.EOF only if every byte is as the server
// has it.
func Example_download() {
	address, stop := startServer()
	defer stop()
	ctx := context.Background()
	files, err := client.Dial(ctx, address, client.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer files.Close()
	if _, err := files.Put(ctx, tranship.Spec{Path: "greeting"}, []byte("hello, wire")); err != nil {
		log.Fatal(err)
	}

	content, err := files.Open(ctx, "greeting", tranship.OpenOptions{Offset: 7})
	if err != nil {
		log.Fatal(err)
	}
	defer content.Close()
	if _, err := io.Copy(os.Stdout, content); err != nil {
		log.Fatal(err)
	}
	// Output: wire
}

// startServer serves an empty directory on a free port.
func startServer() (address string, stop func()) {
	directory, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	store, err := disk.Open(directory, disk.Options{})
	if err != nil {
		log.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	files, err := server.New(context.Background(), server.Config{Store: store, Anonymous: server.AnonymousWrite})
	if err != nil {
		log.Fatal(err)
	}
	ctx, end := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- files.Serve(ctx, listener) }()
	return listener.Addr().String(), func() {
		end()
		if err := errors.Join(<-served, store.Close(), os.RemoveAll(directory)); err != nil {
			log.Fatal(err)
		}
	}
}
