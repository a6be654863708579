package main

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/tranship/tranship/internal/testing/filetest"
)

// TestSavedQuota kills a server, and checks that the next one counts all files before it stores
// more, and that the one after that, which begins with the saved sums, knows them, too.
func TestSavedQuota(t *testing.T) {
	t.Parallel()
	root := filepath.Join(t.TempDir(), "root")
	source := filepath.Join(t.TempDir(), "file")
	filetest.Write(t, source, filetest.Random(700<<10))
	flags := []string{"--quota-bytes", "1MiB"}
	first := built().Serve(t, root, flags...)
	output(t, 0, "cp", source, "grpc://"+first.Address+"/a")
	first.Kill()
	for range 2 {
		next := built().Serve(t, root, flags...)
		fails(t, 1, []string{"quota", "716800 are in use"}, "cp", source, "grpc://"+next.Address+"/b")
		next.Stop(t, time.Minute)
	}
}
