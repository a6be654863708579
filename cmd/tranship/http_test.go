package main

import (
	"io"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The server serves the files of its root over HTTP as well.
func TestServeHTTP(t *testing.T) {
	t.Parallel()
	c, root, address := serveFor(t.Context(), t, "--http", "127.0.0.1:0")
	pattern := regexp.MustCompile(`address=(127\.0\.0\.1:\d+) protocol=http`)
	c.err.AwaitMatch(t, pattern)
	url := "http://" + pattern.FindStringSubmatch(c.err.String())[1] + "/files/d/f"
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPut, url, strings.NewReader("content"))
	if err != nil {
		t.Fatal(err)
	}
	put, err := http.DefaultClient.Do(request)
	if err != nil || put.StatusCode != http.StatusCreated {
		t.Fatalf("%+v, %v", put, err)
	}
	put.Body.Close()
	sameContent(t, filepath.Join(root, "d", "f"), []byte("content"))
	if out, _ := output(t, 0, "cp", "grpc://"+address+"/d/f", "-"); out != "content" {
		t.Errorf("%q", out)
	}
	got, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer got.Body.Close()
	if text, err := io.ReadAll(got.Body); err != nil || string(text) != "content" {
		t.Errorf("%q, %v", text, err)
	}
}

// The address for HTTP must be as safe as that for gRPC.
func TestServeHTTPAddress(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	for want, args := range map[string][]string{
		"--http 0.0.0.0:0: other machines could connect without encryption":     {"--http", "0.0.0.0:0"},
		"--http 0.0.0.0:0: other machines could connect without authentication": {"--http", "0.0.0.0:0", "--insecure"},
		"--http here: it must be host:port":                                     {"--http", "here"},
	} {
		if _, text := output(t, 2, append([]string{"serve", "--root", root, "--listen", "127.0.0.1:0"}, args...)...); !strings.Contains(text, want) {
			t.Errorf("%q: %s", args, text)
		}
	}
	_, text := output(t, 1, "serve", "--root", root, "--listen", "127.0.0.1:0", "--http", "192.0.2.1:1", "--insecure", "--anonymous", "read")
	if !strings.Contains(text, "--http 192.0.2.1:1: ") {
		t.Error(text)
	}
}
