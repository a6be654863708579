// Command fs serves the files of a server to browsers, read-only:
//
//	fs grpc://host:port 127.0.0.1:8080
package main

import (
	"context"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client"
)

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: fs grpc://host:port LISTEN")
	}
	if err := serve(context.Background(), os.Args[1], os.Args[2]); err != nil {
		log.Fatal(err)
	}
}

func serve(ctx context.Context, from, listen string) error {
	server, err := client.Dial(ctx, from, client.Options{})
	if err != nil {
		return err
	}
	defer server.Close()
	listener, err := net.Listen("tcp", listen)
	if err != nil {
		return err
	}
	fmt.Printf("http://%s/\n", listener.Addr())
	files := http.FileServer(http.FS(tranship.FS(ctx, server)))
	web := http.Server{Handler: files, ReadHeaderTimeout: 10 * time.Second}
	return web.Serve(listener)
}
