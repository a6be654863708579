package main

import (
	"os"
	"testing"
)

// A server whose directory was removed reports that, instead of "not found".
func TestServedDirectoryRemoved(t *testing.T) {
	t.Parallel()
	_, root, address := serveFor(t.Context(), t)
	server := "grpc://" + address
	if err := os.RemoveAll(root); err != nil {
		t.Fatal(err)
	}
	words := []string{"unavailable: the directory of the store was removed"}
	fails(t, 1, words, "ls", server)
	fails(t, 1, words, "ls", "-r", server+"/d")
	fails(t, 1, words, "stat", server+"/file")
	fails(t, 1, words, "uploads", "ls", server)
	fails(t, 1, words, "cp", server+"/file", t.TempDir())
	fails(t, 1, words, "cp", "main.go", server+"/file")
}
