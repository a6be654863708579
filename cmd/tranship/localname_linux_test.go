package main

import (
	"os"
	"path/filepath"
	"testing"
)

// TestLocalTargetNotUTF8 checks that a target on this machine may have any name that the
// system allows, as a file and as a directory, new and existing.
func TestLocalTargetNotUTF8(t *testing.T) {
	t.Parallel()
	_, root, address := serveFor(t.Context(), t)
	server := "grpc://" + address
	write := func(name, content string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(filepath.Join(root, "tree", "a"), "one")
	write(filepath.Join(root, "tree", "b", "c"), "two")
	local := t.TempDir()
	for _, run := range []string{"new", "existing"} {
		for name, args := range map[string][]string{
			"file\xff":     {"cp", server + "/tree/a"},
			"tree\xff":     {"cp", "-r", server + "/tree/."},
			"tree\x01\xff": {"cp", "-r", "-u", server + "/tree/."},
		} {
			if out, errs := output(t, 0, append(args, filepath.Join(local, name))...); out+errs != "" {
				t.Errorf("%s %q: %s%s", run, name, out, errs)
			}
		}
		for name, want := range map[string]string{"file\xff": "one", "tree\xff/a": "one", "tree\xff/b/c": "two", "tree\x01\xff/b/c": "two"} {
			if content, err := os.ReadFile(filepath.Join(local, name)); err != nil || string(content) != want {
				t.Errorf("%s %q: %q, %v", run, name, content, err)
			}
		}
	}
}
