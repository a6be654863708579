// Command writer writes a file whose size it does not know in advance, and then reads the
// end of the file:
//
//	writer grpc://host:port/path LINES
//
// The file becomes visible only when it is complete.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"strconv"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client"
	"github.com/tranship/tranship/transfer"
)

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: writer grpc://host:port/path LINES")
	}
	lines, err := strconv.Atoi(os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	if err := write(context.Background(), os.Args[1], lines); err != nil {
		log.Fatal(err)
	}
}

func write(ctx context.Context, to string, lines int) error {
	u, err := client.ParseURL(to)
	if err != nil {
		return err
	}
	server, err := client.Dial(ctx, u.Server(), client.Options{})
	if err != nil {
		return err
	}
	defer server.Close()
	w, err := transfer.NewWriter(ctx, server, tranship.Spec{Path: u.Path})
	if err != nil {
		return err
	}
	defer func() { _ = w.Abort() }() // does nothing after Close
	for n := range lines {
		if _, err := fmt.Fprintf(w, "line %07d\n", n+1); err != nil {
			return err
		}
	}
	if err := w.Close(); err != nil {
		return err
	}
	return printTail(ctx, server, w.File())
}

// printTail prints the last line of a file without reading the rest.
func printTail(ctx context.Context, server tranship.Reader, file tranship.File) error {
	r, err := transfer.NewReader(ctx, server, file.Path, transfer.ReaderOptions{Version: file.Version})
	if err != nil {
		return err
	}
	defer r.Close()
	if _, err := r.Seek(-min(13, r.Size()), io.SeekEnd); err != nil {
		return err
	}
	_, err = io.Copy(os.Stdout, r)
	return err
}
