package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client"
	"github.com/tranship/tranship/transfer"
)

// generated is a source whose only file has a length and no place on a disk: it repeats a
// block.
type generated struct {
	block []byte
	size  int64
}

func (g generated) file(path string) tranship.File {
	return tranship.File{Path: path, Size: g.size, ModTime: time.Unix(1, 0), Mode: tranship.DefaultMode, Version: "1"}
}

// Stat implements transfer.Source.
func (g generated) Stat(_ context.Context, path string) (tranship.File, error) {
	return g.file(path), nil
}

// Open implements transfer.Source.
func (g generated) Open(_ context.Context, path string, options tranship.OpenOptions) (tranship.Content, error) {
	end := g.size
	if options.Length != nil {
		end = min(end, options.Offset+*options.Length)
	}
	return &generatedContent{generated: g, path: path, next: options.Offset, end: end}, nil
}

type generatedContent struct {
	generated
	path      string
	next, end int64
}

// File implements tranship.Content.
func (c *generatedContent) File() tranship.File { return c.file(c.path) }

// Read implements io.Reader.
func (c *generatedContent) Read(p []byte) (int, error) {
	if c.next >= c.end {
		return 0, io.EOF
	}
	at := c.next % int64(len(c.block))
	n := copy(p[:min(int64(len(p)), c.end-c.next)], c.block[at:])
	c.next += int64(n)
	return n, nil
}

// Close implements io.Closer.
func (c *generatedContent) Close() error { return nil }

// upload uploads files of a length to servers in turn, all at once. Each process makes files of
// its own, because a server would recognize those that it has.
func upload(ctx context.Context, addresses []string, files int, size int64) error {
	source := generated{block: newBlock(), size: size}
	results := make(chan error, files)
	for i := range files {
		go func() {
			results <- uploadOne(ctx, source, addresses[i%len(addresses)], fmt.Sprintf("generated/%d/%d", os.Getpid(), i))
		}()
	}
	var failed error
	for range files {
		if err := <-results; err != nil {
			failed = err
		}
	}
	return failed
}

func uploadOne(ctx context.Context, source generated, address, path string) error {
	store, err := client.Dial(ctx, "grpc://"+address, client.Options{ConnectTimeout: time.Minute})
	if err != nil {
		return err
	}
	defer store.Close()
	item := transfer.Item{Source: source, SourcePath: path, Path: path, File: source.file(path), ResumeKey: path}
	items := func(yield func(transfer.Item, error) bool) { yield(item, nil) }
	return transfer.Copy(ctx, store, items, transfer.Options{StallTimeout: 2 * time.Minute, Events: func(event transfer.Event) {
		if event.Err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", path, event.Err)
		}
	}})
}
