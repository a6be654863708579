// Command demo shows that a built tranship works, with real processes: it starts a
// server, copies a large file and a tree of small ones up and down with every protocol,
// compares every byte, prints a table of the copies and their speeds, and stops the
// server. It exits with 1 if a copy differs, and leaves no files behind.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

func main() {
	var options options
	flag.StringVar(&options.binary, "binary", "bin/tranship", "the tranship to run")
	flag.Int64Var(&options.size, "size", 256<<20, "length of the large file in bytes")
	flag.IntVar(&options.files, "files", 200, "number of files in the tree")
	flag.DurationVar(&options.timeout, "timeout", 5*time.Minute, "limit for the whole demo")
	flag.Parse()

	if err := interruptible(options); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

type options struct {
	binary  string
	size    int64
	files   int
	timeout time.Duration
}

func interruptible(options options) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, options.timeout)
	defer cancel()
	return run(ctx, options, os.Stdout)
}

func run(ctx context.Context, options options, out io.Writer) (err error) {
	dir, err := os.MkdirTemp("", "tranship-demo-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()

	source := filepath.Join(dir, "source")
	if err := makeSource(source, options); err != nil {
		return err
	}
	server, err := startServer(ctx, options.binary, dir)
	if err != nil {
		return err
	}
	demo := demo{binary: options.binary, source: source, target: filepath.Join(dir, "target"), server: server}
	rows := demo.copyAll(ctx)

	stopped := server.stop()
	printTable(out, rows)
	for _, row := range rows {
		err = errors.Join(err, row.err)
	}
	if err = errors.Join(err, stopped); err != nil {
		return fmt.Errorf("%w\nthe server said: %q", err, server.output())
	}
	fmt.Fprintln(out, "\nThe server stopped cleanly. All bytes are the same on both sides.")
	return nil
}
