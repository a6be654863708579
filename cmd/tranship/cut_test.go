package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// cutter forwards connections to a server, and cuts each of the first ones after a number of
// bytes in either direction. It returns its address.
func cutter(t *testing.T, server string, connections int, after int64) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	t.Cleanup(func() {
		_ = listener.Close()
		all.Wait()
	})
	all.Go(func() {
		for n := 0; ; n++ {
			from, err := listener.Accept()
			if err != nil {
				return
			}
			to, err := net.Dial("tcp", server)
			if err != nil {
				_ = from.Close()
				return
			}
			limit := after
			if n >= connections {
				limit = 1 << 40
			}
			end := func() { _, _ = from.Close(), to.Close() }
			pass := func(to, from net.Conn) {
				_, _ = io.CopyN(to, from, limit)
				end()
			}
			all.Go(func() { pass(to, from) })
			all.Go(func() { pass(from, to) })
		}
	})
	return listener.Addr().String()
}

// A copy completes although connections are cut.
func TestCopyThroughCuts(t *testing.T) {
	_, root, server := serveFor(t.Context(), t)
	local := t.TempDir()
	for i := range 20 {
		if err := os.WriteFile(filepath.Join(local, fmt.Sprint(i)), make([]byte, 1000*i), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(local, "large"), make([]byte, 9<<20), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"cp", "-r", local, "grpc://" + cutter(t, server, 2, 5<<20) + "/tree"},
		{"cp", "-r", "grpc://" + cutter(t, server, 2, 5<<20) + "/tree", filepath.Join(t.TempDir(), "back")},
	} {
		c := start(t.Context(), nil, args...)
		if code := <-c.code; code != 0 {
			t.Fatalf("%q: exit code %d: %s", args, code, c.err.String())
		}
		to := args[3]
		if strings.HasPrefix(to, "grpc:") {
			to = filepath.Join(root, "tree")
		}
		entries, err := os.ReadDir(to)
		if err != nil || len(entries) != 21 {
			t.Errorf("%q: %d files, %v", args, len(entries), err)
		}
		if info, err := os.Stat(filepath.Join(to, "large")); err != nil || info.Size() != 9<<20 {
			t.Errorf("%q: %v, %v", args, info, err)
		}
	}
}

// An interrupted upload from a pipe leaves nothing behind.
func TestCopyInterrupted(t *testing.T) {
	_, root, address := serveFor(t.Context(), t)
	reader, writer := io.Pipe()
	ctx, interrupt := context.WithCancelCause(t.Context())
	c := start(ctx, reader, "cp", "-", "grpc://"+address+"/file")
	if _, err := writer.Write(make([]byte, 8<<20)); err != nil {
		t.Fatal(err)
	}
	interrupt(errors.New("interrupted"))
	if code := <-c.code; code != 1 || c.err.String() != "tranship: interrupted\n" {
		t.Errorf("exit code %d: %s", code, c.err.String())
	}
	_ = writer.Close()
	if _, err := os.Stat(filepath.Join(root, "file")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the file is there: %v", err)
	}
}
