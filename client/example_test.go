package client_test

import (
	"context"
	"fmt"
	"log"
	"net"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access/tlsconfig"
	"github.com/tranship/tranship/client"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/mem"
)

// serveExample serves an empty store at a free port, and returns its URL.
func serveExample() (url string, stop func()) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	s, err := server.New(context.Background(), server.Config{Store: &mem.Store{}, Anonymous: server.AnonymousWrite})
	if err != nil {
		log.Fatal(err)
	}
	done := make(chan error)
	go func() { done <- s.Serve(context.Background(), listener) }()
	return "grpc://" + listener.Addr().String(), func() { s.Stop(); <-done }
}

// Dial accepts the URLs of the tranship command, and trusts the same servers.
func ExampleDial() {
	url, stop := serveExample() // such as grpcs://files.example:50051
	defer stop()
	ctx := context.Background()

	files, err := client.Dial(ctx, url, client.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer files.Close()
	file, err := files.Put(ctx, tranship.Spec{Path: "notes/today.txt"}, []byte("hello\n"))
	fmt.Println(file.Path, file.Size, err)
	// Output: notes/today.txt 6 <nil>
}

// Over TLS, Dial verifies the server before it sends a token.
func ExampleDial_tls() {
	fingerprint, err := tlsconfig.ParseFingerprint("sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824")
	if err != nil {
		log.Fatal(err)
	}
	options := client.Options{
		Trust:     tlsconfig.ClientOptions{Fingerprints: []tlsconfig.Fingerprint{fingerprint}},
		TokenFile: "/etc/uploader/token",
	}
	_, err = client.Dial(context.Background(), "grpc://files.example:50051", options)
	fmt.Println(err)
	// Output: connecting to files.example:50051: Fingerprints must not be set for a connection without TLS; write grpcs://files.example:50051
}

func ExampleParseURL() {
	u, err := client.ParseURL("grpcs://files.example:50051/reports/2026%20Q1/")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(u.Server(), u.TLS)
	fmt.Printf("%q %v\n", u.Path, u.Directory)
	// Output:
	// grpcs://files.example:50051 true
	// "reports/2026 Q1" true
}
