package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"

	"github.com/tranship/tranship/cmd/tranship/internal/console"
)

// awaitHealth watches the health of a server until it has a status, for a minute at most.
func awaitHealth(t *testing.T, address string, want healthv1.HealthCheckResponse_ServingStatus) {
	t.Helper()
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	poll(t, want.String(), func() bool {
		got, err := healthv1.NewHealthClient(conn).Check(ctx, &healthv1.HealthCheckRequest{})
		return err == nil && got.GetStatus() == want
	})
}

// The health of a real server follows what happens to its files. It refuses uploads while its
// root is another directory, and takes them again afterwards.
func TestServeHealthFollowsFiles(t *testing.T) {
	dir := t.TempDir()
	tokens := filepath.Join(dir, "tokens")
	made, _ := output(t, 0, "token", "new", "--file", tokens, "--name", "alice")
	token, source := filepath.Join(dir, "token"), filepath.Join(dir, "source")
	for name, content := range map[string]string{token: made, source: "content"} {
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	served, root, address := serveFor(ctx, t, "--tokens", tokens)
	awaitHealth(t, address, healthv1.HealthCheckResponse_SERVING)
	cp := []string{"cp", "--token-file", token, source, "grpc://" + address + "/file"}
	output(t, 0, cp...)
	for _, what := range []string{tokens, root} {
		if err := os.Rename(what, what+".away"); err != nil {
			t.Fatal(err)
		}
		if what == root {
			if err := os.Mkdir(root, 0o755); err != nil {
				t.Fatal(err)
			}
		}
		awaitHealth(t, address, healthv1.HealthCheckResponse_NOT_SERVING)
		if what == root {
			if _, text := output(t, console.ExitFailed, cp...); !strings.Contains(text, "mount it again or put it back") {
				t.Error(text)
			}
			if entries, err := os.ReadDir(root); err != nil || len(entries) != 0 {
				t.Errorf("there are %d files in the directory that took its place, %v", len(entries), err)
			}
			if err := os.Remove(root); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.Rename(what+".away", what); err != nil {
			t.Fatal(err)
		}
		awaitHealth(t, address, healthv1.HealthCheckResponse_SERVING)
		output(t, 0, cp...)
	}
	stop()
	<-served.code
	if n := strings.Count(served.err.String(), "get NOT_SERVING"); n != 2 {
		t.Errorf("%d lines say that the server is not healthy:\n%s", n, served.err.String())
	}
}

// With --root-must-exist, serve starts only with a root that has been served before, and makes
// nothing in another.
func TestServeRootMustExist(t *testing.T) {
	root := filepath.Join(t.TempDir(), "root")
	serve := []string{"serve", "--root", root, "--listen", "127.0.0.1:0", "--root-must-exist", "--tls", "self-signed"}
	fails(t, console.ExitNotFound, []string{"--root " + root, ".tranship/lock", "mount"}, serve...)
	if _, err := os.Lstat(root); err == nil {
		t.Error("the root was made")
	}
	if err := os.Mkdir(root, 0o755); err != nil {
		t.Fatal(err)
	}
	fails(t, console.ExitNotFound, []string{"--root " + root, ".tranship/lock", "mount"}, serve...)
	if entries, err := os.ReadDir(root); err != nil || len(entries) != 0 {
		t.Errorf("%d files were made, %v", len(entries), err)
	}
	ctx, stop := context.WithCancel(t.Context())
	first, served, _ := serveFor(ctx, t)
	stop()
	<-first.code
	again, cancel := context.WithCancel(t.Context())
	defer cancel()
	c, _, _ := serveFor(again, t, "--root", served, "--root-must-exist", "--tls", "self-signed")
	cancel()
	if code := <-c.code; code != 0 {
		t.Errorf("exit code %d: %s", code, c.err.String())
	}
}
