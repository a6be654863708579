package tlsconfig_test

import (
	"context"
	"fmt"
	"log"
	"net"
	"os"
	"path/filepath"

	"github.com/tranship/tranship/access/tlsconfig"
	"github.com/tranship/tranship/client"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/mem"
)

// A server has a self-signed certificate. A client trusts it on first use, and knows its key
// from then on.
func Example() {
	dir, err := os.MkdirTemp("", "tlsconfig")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)

	config, err := tlsconfig.Server(tlsconfig.ServerOptions{
		SelfSigned: &tlsconfig.SelfSigned{Dir: filepath.Join(dir, "tls"), Names: []string{"files.example"}},
	})
	if err != nil {
		log.Fatal(err)
	}
	files, err := server.New(context.Background(), server.Config{
		Store: &mem.Store{}, TLS: config, Anonymous: server.AnonymousWrite,
	})
	if err != nil {
		log.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	go files.Serve(context.Background(), listener)
	defer files.Stop()

	address := listener.Addr().String()
	trust, err := tlsconfig.Client(address, tlsconfig.ClientOptions{
		KnownHostsFile:  filepath.Join(dir, "known_hosts"),
		TrustOnFirstUse: true,
		Trusted:         func(tlsconfig.KnownHost) { fmt.Println("a new server") },
	})
	if err != nil {
		log.Fatal(err)
	}
	for range 2 {
		store, err := client.Dial(context.Background(), address, client.Options{TLS: trust})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println("connected")
		store.Close()
	}
	// Output:
	// a new server
	// connected
	// connected
}
