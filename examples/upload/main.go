// Command upload copies a file or directory to a server:
//
//	upload LOCAL grpc://host:port/path
//
// After an interruption, the same command continues the upload.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"os/signal"

	"github.com/tranship/tranship/client"
	"github.com/tranship/tranship/transfer"
)

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: upload LOCAL grpc://host:port/path")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := upload(ctx, os.Args[1], os.Args[2]); err != nil {
		log.Fatal(err)
	}
}

func upload(ctx context.Context, local, to string) error {
	u, err := client.ParseURL(to)
	if err != nil {
		return err
	}
	server, err := client.Dial(ctx, u.Server(), client.Options{})
	if err != nil {
		return err
	}
	defer server.Close()
	summary, err := transfer.Upload(ctx, server, local, u.Path, transfer.UploadOptions{})
	fmt.Println(summary.Files, "files,", summary.Bytes, "bytes")
	return err
}
