package main

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/tranship/tranship/cmd/tranship/internal/console"
)

// sharingServer serves a directory with a file f over gRPC and HTTP until stop is called.
func sharingServer(t *testing.T, root string, args ...string) (server, web string, stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	c, _, address := serveFor(ctx, t, append([]string{"--root", root, "--http", "127.0.0.1:0"}, args...)...)
	pattern := regexp.MustCompile(`address=(127\.0\.0\.1:\d+) protocol=http`)
	c.err.AwaitMatch(t, pattern)
	web = "http://" + pattern.FindStringSubmatch(c.err.String())[1]
	return "grpc://" + address, web, func() {
		cancel()
		if code := <-c.code; code != 0 {
			t.Errorf("the server ends with %d: %s", code, c.err.String())
		}
	}
}

// request makes a request without credentials, and returns the status and the body.
func request(t *testing.T, method, url, body string) (status int, text string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	got, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer got.Body.Close()
	read, err := io.ReadAll(got.Body)
	if err != nil {
		t.Fatal(err)
	}
	return got.StatusCode, string(read)
}

// Links are made, used, listed and revoked; they stay when the server is started again, and end with
// the token of their principal.
func TestShare(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	root, tokens, mine := filepath.Join(dir, "files"), filepath.Join(dir, "tokens"), filepath.Join(dir, "mine")
	if err := os.MkdirAll(filepath.Join(root, "docs"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "docs", "f"), []byte("content"), 0o644); err != nil {
		t.Fatal(err)
	}
	token, _ := output(t, 0, "token", "new", "--file", tokens, "--name", "ann")
	if err := os.WriteFile(mine, []byte(token), 0o600); err != nil {
		t.Fatal(err)
	}
	server, web, stop := sharingServer(t, root, "--tokens", tokens)
	share := func(args ...string) string {
		t.Helper()
		out, hint := output(t, 0, append([]string{"share", "--token-file", mine}, args...)...)
		if !strings.HasPrefix(out, "/s/") || !strings.Contains(hint, "--http-url") {
			t.Fatalf("%q: %s %s", args, out, hint)
		}
		return strings.TrimSpace(out)
	}
	file, drop := share(server+"/docs/f"), share(server+"/docs/", "--upload", "--max-size", "10", "--max-uses", "2", "--expires", "12h")
	used := func(link, want string) {
		t.Helper()
		if status, text := request(t, http.MethodGet, web+link, ""); status != http.StatusOK || text != want {
			t.Errorf("status %d with %q", status, text)
		}
	}
	used(file, "content")
	if status, text := request(t, http.MethodPut, web+drop+"new", "12345"); status != http.StatusCreated {
		t.Errorf("status %d with %q", status, text)
	}
	if status, text := request(t, http.MethodPut, web+drop+"large", "12345678901"); status != http.StatusRequestEntityTooLarge {
		t.Errorf("status %d with %q", status, text)
	}
	sameContent(t, filepath.Join(root, "docs", "new"), []byte("12345"))

	stop()
	server, web, _ = sharingServer(t, root, "--tokens", tokens, "--http-url", "https://files.example.com")
	used(file, "content")
	out, hint := output(t, 0, "share", "--token-file", mine, server+"/docs/f", "--json")
	var made console.LinkObject
	if err := json.Unmarshal([]byte(out), &made); err != nil || !strings.HasPrefix(made.URL, "https://files.example.com/s/"+made.ID) || hint != "" {
		t.Errorf("%s %s: %v", out, hint, err)
	}
	listed, _ := output(t, 0, "share", "ls", "--token-file", mine, server)
	for _, want := range []string{`(?m)^[a-z2-7]{24} download 2 - \S+ docs/f$`, `(?m)^[a-z2-7]{24} upload   1 2 \S+ docs/$`, `(?m)^` + made.ID + ` download 0 - \S+ docs/f$`} {
		if !regexp.MustCompile(want).MatchString(listed) {
			t.Errorf("the list is\n%swithout %s", listed, want)
		}
	}
	output(t, 0, "share", "rm", "--token-file", mine, server, made.ID)
	fails(t, 3, []string{"there is no such link"}, "share", "rm", "--token-file", mine, server, made.ID)
	_, text := output(t, 3, "share", "rm", "--token-file", mine, server, made.ID, "none")
	for i, line := range strings.Split(strings.TrimSpace(text), "\n") {
		if id := []string{made.ID, "none"}[i]; !strings.HasPrefix(line, "tranship: "+server+": "+id+": not found: ") {
			t.Errorf("%q: the error of the link %s", line, id)
		}
	}
	fails(t, 3, []string{"not found"}, "share", "--token-file", mine, server+"/docs/none")
	if status, _ := request(t, http.MethodGet, web+strings.TrimPrefix(made.URL, "https://files.example.com"), ""); status != http.StatusNotFound {
		t.Errorf("a revoked link: status %d", status)
	}

	output(t, 0, "token", "revoke", "--file", tokens, "ann")
	deadline := time.Now().Add(time.Minute)
	for status := 0; status != http.StatusNotFound; status, _ = request(t, http.MethodGet, web+file, "") {
		if time.Now().After(deadline) {
			t.Fatal("a link is used without its principal")
		}
	}
}

// Mistakes in the command line are told before anything is sent.
func TestShareMistakes(t *testing.T) {
	t.Parallel()
	for want, args := range map[string][]string{
		"missing argument":           {"share"},
		"--max-uses -1":              {"share", "grpc://127.0.0.1:1/f", "--max-uses", "-1"},
		"it must be more than 0":     {"share", "grpc://127.0.0.1:1/f", "--expires", "0s"},
		"name its path":              {"share", "grpc://127.0.0.1:1/"},
		"ends with a slash":          {"share", "grpc://127.0.0.1:1/d", "--upload"},
		"--max-size needs --upload":  {"share", "grpc://127.0.0.1:1/d/", "--max-size", "1KiB"},
		"missing argument: tranship": {"share", "rm", "grpc://127.0.0.1:1"},
		"must have a host":           {"serve", "--root", t.TempDir(), "--http-url", "https://files.example.com/"},
		"it must be at least 1":      {"serve", "--root", t.TempDir(), "--max-links", "0"},
		"it must be at most 366d":    {"serve", "--root", t.TempDir(), "--link-lifetime", "367d"},
	} {
		if _, text := output(t, 2, args...); !strings.Contains(text, want) {
			t.Errorf("%q: %s", args, text)
		}
	}
}
