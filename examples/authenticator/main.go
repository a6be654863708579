// Command authenticator serves files to principals that an authenticator of its own
// knows: here, to those with a key of a list.
package main

import (
	"context"
	"crypto/sha256"
	"flag"
	"log"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"strings"

	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/access/authn"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/mem"
)

// keys are the SHA-256 hashes of keys, with the name of each key's principal. A lookup by
// hash takes no longer for a key that is nearly right.
type keys map[[sha256.Size]byte]string

// Authenticate implements authn.Authenticator.
func (k keys) Authenticate(_ context.Context, credentials authn.Credentials) (authn.Identity, error) {
	if !strings.HasPrefix(credentials.Token, "key-") {
		return authn.Identity{}, authn.ErrNotMine // another authenticator may know it
	}
	name, ok := k[sha256.Sum256([]byte(credentials.Token))]
	if !ok {
		return authn.Identity{}, &authn.Refusal{Text: "the key is not valid"}
	}
	return authn.Identity{Principal: access.Principal{Name: name, Source: "key"}}, nil
}

func main() {
	listen := flag.String("listen", "127.0.0.1:50051", "address to listen on")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()

	files, err := server.New(ctx, server.Config{
		Store:          &mem.Store{},
		Authenticators: []authn.Authenticator{keys{sha256.Sum256([]byte("key-of-ann")): "ann"}},
		Logger:         slog.Default(),
	})
	check(err)
	listener, err := net.Listen("tcp", *listen)
	check(err)
	check(files.Serve(ctx, listener))
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
