package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/tranship/tranship/cmd/tranship/internal/console"
	"github.com/tranship/tranship/internal/testing/fakes3"
	"github.com/tranship/tranship/internal/testing/program"
)

// serveBucket runs serve on a bucket until the test ends, and returns the address.
func serveBucket(t *testing.T, endpoint string, args ...string) (address string) {
	t.Helper()
	ready := filepath.Join(t.TempDir(), "ready")
	ctx, stop := context.WithCancel(t.Context())
	c := start(ctx, nil, append([]string{"serve", "--store", "s3://bucket/a/prefix", "--s3-endpoint", endpoint, "--s3-path-style", "--listen", "127.0.0.1:0", "--ready-file", ready}, args...)...)
	done := make(chan struct{})
	go func() {
		defer close(done)
		<-c.code
	}()
	t.Cleanup(func() {
		stop()
		<-done
	})
	address, err := program.Ready(done, ready)
	if err != nil {
		t.Fatalf("%v: %s", err, c.err.String())
	}
	return address
}

// TestServeBucket uploads through one server and downloads through another.
func TestServeBucket(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "key")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	endpoint := fakes3.New(fakes3.Options{MinPartBytes: 5 << 20}).Start(t)
	keys := filepath.Join(t.TempDir(), "keys")
	up := serveBucket(t, endpoint)
	down := serveBucket(t, endpoint, "--tls", "self-signed", "--tls-dir", keys, "--s3-memory", "64MiB")

	source := filepath.Join(t.TempDir(), "tree")
	if err := os.Mkdir(source, 0o755); err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{"small": []byte("small"), "empty": {}, "large": bytes.Repeat([]byte("0123456789abcdef"), 20<<16)}
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(source, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	output(t, 0, "cp", "-r", source, "grpc://"+up+"/tree")
	target := filepath.Join(t.TempDir(), "copy")
	output(t, 0, "cp", "--tofu", "--known-hosts", filepath.Join(t.TempDir(), "known"), "-r", "grpcs://"+down+"/tree", target)
	for name, data := range files {
		if got, err := os.ReadFile(filepath.Join(target, name)); err != nil || !bytes.Equal(got, data) {
			t.Errorf("%s: %d bytes, %v; want %d", name, len(got), err, len(data))
		}
	}
}

func TestServeBucketFlags(t *testing.T) {
	for _, test := range []struct {
		word string
		args []string
	}{
		{"--root is missing", []string{}},
		{"exclude each other", []string{"--root", "x", "--store", "s3://bucket"}},
		{"--tls-dir", []string{"--store", "s3://bucket", "--tls", "self-signed"}},
		{"--min-free", []string{"--store", "s3://bucket", "--min-free", "1GiB"}},
		{"s3://bucket/prefix", []string{"--store", "http://bucket"}},
		{"s3://bucket/prefix", []string{"--store", "s3://"}},
		{"s3://bucket/prefix", []string{"--store", "s3://bucket/../x"}},
		{"--s3-endpoint", []string{"--store", "s3://bucket", "--s3-endpoint", "example.com"}},
		{"--s3-memory", []string{"--store", "s3://bucket", "--s3-memory", "1MiB"}},
		{"need --store", []string{"--root", "x", "--s3-path-style"}},
	} {
		_, text := output(t, console.ExitUsage, append([]string{"serve"}, test.args...)...)
		if !bytes.Contains([]byte(text), []byte(test.word)) {
			t.Errorf("%q: %s lacks %q", test.args, text, test.word)
		}
	}
}
