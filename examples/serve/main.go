// Command serve serves the directory files with TLS. Clients need a token whose hash is in
// the file tokens, and the permissions in the file policy:
//
//	mkdir files
//	tranship token new --file tokens --name ann   # prints ann's token
//	echo 'allow ann read,write,list /' >policy
//	go run ./examples/serve
//
// On an interrupt it finishes the transfers in progress and exits.
package main

import (
	"context"
	"flag"
	"log"
	"log/slog"
	"net"
	"os"
	"os/signal"

	"github.com/tranship/tranship/access/authn"
	"github.com/tranship/tranship/access/policy"
	"github.com/tranship/tranship/access/tlsconfig"
	"github.com/tranship/tranship/access/token"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/disk"
)

func main() {
	listen := flag.String("listen", ":50051", "address to listen on")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()

	tls, err := tlsconfig.Server(tlsconfig.ServerOptions{SelfSigned: &tlsconfig.SelfSigned{Dir: "tls"}})
	check(err)
	tokens, err := token.Open("tokens", token.Options{})
	check(err)
	rules, err := policy.Open("policy", slog.Default())
	check(err)
	store, err := disk.Open("files", disk.Options{})
	check(err)
	files, err := server.New(ctx, server.Config{
		Store: store, TLS: tls, Authenticators: []authn.Authenticator{tokens}, Policy: rules, Logger: slog.Default(),
	})
	check(err)
	listener, err := net.Listen("tcp", *listen)
	check(err)
	check(files.Serve(ctx, listener))
	check(store.Close())
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
