package transfer

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client"
	"github.com/tranship/tranship/internal/testing/storeserver"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/disk"
)

// remoteBytes is a file of 21 parts on disk.
const remoteBytes = 20<<20 + 777

// connect serves a directory and returns a client.
func connect(t *testing.T) *client.Client {
	t.Helper()
	store, err := disk.Open(t.TempDir(), disk.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	address := storeserver.Mount(t, store, server.Config{}, server.GRPCOptions(server.Config{})...)
	connected, err := client.Dial(t.Context(), address, client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = connected.Close() })
	return connected
}

// interrupting ends a copy, that has the context it returns, in the middle.
func interrupting(ctx context.Context, to tranship.Writer) (context.Context, tranship.Writer) {
	ctx, cancel := context.WithCancelCause(ctx)
	return ctx, &interruptingWriter{to, func() { cancel(errors.New("interrupted")) }}
}

type interruptingWriter struct {
	tranship.Writer
	cancel func()
}

func (w *interruptingWriter) Begin(ctx context.Context, spec tranship.Spec) (tranship.Upload, error) {
	upload, err := w.Writer.Begin(ctx, spec)
	if err != nil {
		return nil, err
	}
	return &interruptingUpload{upload, w}, nil
}

type interruptingUpload struct {
	tranship.Upload
	writer *interruptingWriter
}

// Part of the middle waits for what came before to be durable, and interrupts.
func (u *interruptingUpload) Part(ctx context.Context, n int) (tranship.PartWriter, error) {
	if n == 10 {
		if err := u.Sync(ctx); err != nil {
			return nil, err
		}
		u.writer.cancel()
		return nil, context.Cause(ctx)
	}
	return u.Upload.Part(ctx, n)
}

// The whole way up, interrupted, and on: client, server and a directory.
func TestRemoteUploadResumes(t *testing.T) {
	remote := connect(t)
	name := filepath.Join(t.TempDir(), "large")
	data := random(remoteBytes)
	writeFile(t, name, data)
	ctx, to := interrupting(t.Context(), remote)
	err := Copy(ctx, to, localItem(t, name), Options{Parts: 1})
	if !errors.Is(err, ErrResumable) || uploads(t, remote) != 1 {
		t.Fatalf("error %v, %d uploads", err, uploads(t, remote))
	}
	got := results{}
	if err := Copy(t.Context(), remote, localItem(t, name), Options{Report: got.report(t)}); err != nil {
		t.Fatal(err)
	}
	mustHave(t, remote, "copy", data)
	if result := got[name]; result.SkippedBytes < 10<<20 || result.SkippedBytes+result.SentBytes != remoteBytes {
		t.Errorf("%+v", result)
	}
	if uploads(t, remote) != 0 {
		t.Errorf("%d uploads are left", uploads(t, remote))
	}
}

// And down.
func TestRemoteDownloadResumes(t *testing.T) {
	remote := connect(t)
	data := random(remoteBytes)
	putLarge(t, remote, "a", data)
	name := t.TempDir()
	ctx, to := interrupting(t.Context(), openDir(t, name))
	err := Copy(ctx, to, itemOf(remote, "a", remoteBytes), Options{Parts: 1})
	if !errors.Is(err, ErrResumable) {
		t.Fatal(err)
	}
	got := results{}
	if err := Copy(t.Context(), openDir(t, name), itemOf(remote, "a", remoteBytes), Options{Report: got.report(t)}); err != nil {
		t.Fatal(err)
	}
	copied, err := os.ReadFile(filepath.Join(name, "copy"))
	if err != nil || string(copied) != string(data) {
		t.Errorf("%d bytes, %v", len(copied), err)
	}
	if result := got["a"]; result.SkippedBytes < 8<<20 || result.SkippedBytes+result.SentBytes != remoteBytes {
		t.Errorf("%+v", result)
	}
}
