// Command download copies a file or directory from a server:
//
//	download grpc://host:port/path LOCAL
//
// It skips files that exist already with the same size and modified time.
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
		log.Fatal("usage: download grpc://host:port/path LOCAL")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := download(ctx, os.Args[1], os.Args[2]); err != nil {
		log.Fatal(err)
	}
}

func download(ctx context.Context, from, local string) error {
	u, err := client.ParseURL(from)
	if err != nil {
		return err
	}
	server, err := client.Dial(ctx, u.Server(), client.Options{})
	if err != nil {
		return err
	}
	defer server.Close()
	summary, err := transfer.Download(ctx, server, u.Path, local, transfer.DownloadOptions{Update: true})
	fmt.Println(summary.Files, "files,", summary.Bytes, "bytes,", summary.Skipped, "skipped")
	return err
}
