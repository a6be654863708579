package main

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// --checksum holds for a large file in both directions, and for one that was resumed.
func TestChecksumOfLargeFile(t *testing.T) {
	t.Parallel()
	root, server, slow := slowServer(t)
	local := t.TempDir()
	source := filepath.Join(local, "large")
	content := largeFile(t, source)
	good := fmt.Sprintf("sha256:%x", sha256.Sum256(content))
	const bad = "blake3:0000000000000000000000000000000000000000000000000000000000000000"

	fails(t, 5, []string{source, "digest", bad}, "cp", "--checksum", bad, source, server)
	if _, err := os.Stat(filepath.Join(root, "large")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the file is there: %v", err)
	}
	first := startProgram(t, "cp", source, slow+"/resumed")
	awaitDurable(t, server+"/resumed")
	first.end(t, syscall.SIGINT)
	if result := sent(t, "--checksum", good, source, server+"/resumed"); result.SkippedBytes == 0 {
		t.Error("the upload was not resumed")
	}
	sameContent(t, filepath.Join(root, "resumed"), content)
	if text, _ := output(t, 0, "stat", "--digest", "sha256", server+"/resumed"); !strings.Contains(text, good) {
		t.Errorf("%q", text)
	}

	back := filepath.Join(local, "back")
	fails(t, 5, []string{"digest", bad}, "cp", "--checksum", bad, server+"/resumed", back)
	if _, err := os.Stat(back); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the file is there: %v", err)
	}
	output(t, 0, "cp", "--checksum", good, server+"/resumed", back)
	sameContent(t, back, content)
}
