package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestTransportFlag copies with each transport, from servers with and without lanes.
func TestTransportFlag(t *testing.T) {
	t.Parallel()
	_, root, with := serveFor(t.Context(), t)
	_, rootWithout, without := serveFor(t.Context(), t, "--no-lanes")
	for _, directory := range []string{root, rootWithout} {
		if err := os.WriteFile(filepath.Join(directory, "file"), []byte("content"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, test := range map[string]struct {
		args    []string
		address string
		code    int
		want    string
	}{
		"auto":                {nil, with, 0, ": files move on lanes\n"},
		"lanes":               {[]string{"--transport", "lanes"}, with, 0, ": files move on lanes\n"},
		"gRPC":                {[]string{"--transport", "grpc"}, with, 0, ": files move over gRPC: the caller has chosen gRPC\n"},
		"auto, without lanes": {nil, without, 0, ": files move over gRPC: the server does not offer lanes\n"},
		"lanes, without them": {[]string{"--transport", "lanes"}, without, 1, "the server does not offer lanes\n"},
		"unknown":             {[]string{"--transport", "http"}, with, 2, "it must be auto, lanes or grpc\n"},
		"other protocol":      {[]string{"--transport", "lanes", "--protocol", "filesrv"}, with, 2, "--transport lanes needs --protocol tranship"},
	} {
		t.Run(name, func(t *testing.T) {
			args := append([]string{"cp", "-v"}, test.args...)
			out, text := output(t, test.code, append(args, "grpc://"+test.address+"/file", "-")...)
			if !strings.Contains(text, test.want) || test.code == 0 && out != "content" {
				t.Errorf("printed %q and %q, want %q", out, text, test.want)
			}
		})
	}
	if _, text := output(t, 0, "cp", "grpc://"+with+"/file", "-"); text != "" {
		t.Errorf("without -v: %q", text)
	}
}
