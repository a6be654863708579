package client_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"testing"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client"
	"github.com/tranship/tranship/internal/testing/storeserver"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/mem"
	"github.com/tranship/tranship/transfer"
)

// TestServerRestarts replaces the server, and cuts all connections. Files move on lanes of the
// new server.
func TestServerRestarts(t *testing.T) {
	c := newCrossing(t, client.Options{})
	c.move()
	c.proxy.SetServer(storeserver.Serve(t, c.store, server.Config{}))
	c.proxy.Cut()
	local := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(local, []byte("new"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := transfer.Upload(t.Context(), c.Client, local, "after", transfer.UploadOptions{}); err != nil {
		t.Fatal(err)
	}
	c.expectStored("after", []byte("new"))
	if _, err := transfer.Download(t.Context(), c.Client, "after", local, transfer.DownloadOptions{}); err != nil {
		t.Error(err)
	}
	c.move()
	c.expectUsed(client.TransportLanes)
}

// TestCloseEndsLanes closes a client with lanes that are idle, in a call, and in a call that the
// caller has given up.
func TestCloseEndsLanes(t *testing.T) {
	address := storeserver.Serve(t, &mem.Store{PartSize: 1 << 20}, server.Config{})
	c, err := client.Dial(t.Context(), address, client.Options{Transport: client.TransportLanes})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := transfer.UploadFrom(t.Context(), c, bytes.NewReader(make([]byte, 32<<20)), tranship.Spec{Path: "large"}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for range 3 {
		content, err := c.Open(ctx, "large", tranship.OpenOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := content.Read(make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
	}
	upload, err := c.Begin(t.Context(), tranship.Spec{Path: "open"})
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	_ = c.Close()
	if _, err := upload.Commit(t.Context(), tranship.Commit{}); err == nil {
		t.Error("an upload continues after Close")
	}
	ours := regexp.MustCompile(`tranship/(client|client/internal/lanes|internal/lane)\.\(`)
	stacks := make([]byte, 1<<20)
	for begun := time.Now(); ; runtime.Gosched() {
		left := ours.Find(stacks[:runtime.Stack(stacks, true)])
		if left == nil {
			return
		}
		if time.Since(begun) > 10*time.Second {
			t.Fatalf("a goroutine of %s is left:\n%s", left, stacks)
		}
	}
}
