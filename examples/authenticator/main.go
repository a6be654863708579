// Command authenticator serves files with an authenticator of its own. Here it
// authenticates callers by a list of keys.
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

// keys maps the SHA-256 hash of each key to the name of its principal. The time of a lookup
// by hash does not reveal how much of a guessed key is right.
type keys map[[sha256.Size]byte]string

// Authenticate implements authn.Authenticator.
func (k keys) Authenticate(_ context.Context, credentials authn.Credentials) (authn.Identity, error) {
	if !strings.HasPrefix(credentials.Token, "key-") {
		return authn.Identity{}, authn.ErrNotMine // another authenticator may accept it
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
