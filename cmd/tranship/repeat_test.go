package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// A finished upload that is repeated is not sent, and brings mode and time up to date.
func TestRepeatedUploadSetsAttributes(t *testing.T) {
	t.Parallel()
	_, root, address := serveFor(t.Context(), t)
	server := "grpc://" + address
	source := filepath.Join(t.TempDir(), "large")
	content := largeFile(t, source)
	sent(t, source, server)

	changed := time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC)
	if err := os.Chmod(source, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(source, time.Time{}, changed); err != nil {
		t.Fatal(err)
	}
	if result := sent(t, source, server); result.SentBytes > 0 || result.SkippedBytes != largeBytes {
		t.Errorf("sent %d, skipped %d", result.SentBytes, result.SkippedBytes)
	}
	info, err := os.Stat(filepath.Join(root, "large"))
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode() != 0o600 || !info.ModTime().Equal(changed) {
		t.Errorf("the file at the server has mode %o and time %v", info.Mode(), info.ModTime())
	}
	sameContent(t, filepath.Join(root, "large"), content)
}
