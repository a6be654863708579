package main

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
)

// TestFullAuditDisk checks that a server whose audit log is on a full disk is not ready, and is
// ready again when there is space.
func TestFullAuditDisk(t *testing.T) {
	dir := t.TempDir()
	audit, source := filepath.Join(dir, "audit"), filepath.Join(dir, "source")
	if err := os.WriteFile(source, []byte("content"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/dev/full", audit); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	served, _, address := serveFor(ctx, t, "--audit-log", audit, "--admin", "127.0.0.1:0")
	operators := operatorsOf(t, served)
	awaitReady(t, operators, "")
	copied := start(ctx, nil, "cp", source, "grpc://"+address+"/file") // its line has no space
	awaitReady(t, operators, "audit log")
	awaitHealth(t, address, healthv1.HealthCheckResponse_NOT_SERVING)
	if err := os.Remove(audit); err != nil {
		t.Fatal(err)
	}
	awaitReady(t, operators, "")
	awaitHealth(t, address, healthv1.HealthCheckResponse_SERVING)
	if code := <-copied.code; code != 0 {
		t.Errorf("the copy did not wait for space: exit code %d: %s", code, copied.err.String())
	}
	stop()
	if code := <-served.code; code != 0 {
		t.Errorf("exit code %d: %s", code, served.err.String())
	}
	if text, err := os.ReadFile(audit); err != nil || len(text) == 0 {
		t.Errorf("the audit log has %d bytes, %v", len(text), err)
	}
}
