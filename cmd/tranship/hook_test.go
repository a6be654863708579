package main

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tranship/tranship/internal/testing/filetest"
	"github.com/tranship/tranship/store/hook/httphook"
)

// hookServer is a hook over HTTP that refuses paths with "bad".
type hookServer struct {
	url  string
	mu   sync.Mutex
	told []string
}

func newHookServer(t *testing.T, secret string) *hookServer {
	t.Helper()
	h := &hookServer{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err == nil {
			err = httphook.Verify(r.Header, body, []byte(secret), time.Now())
		}
		var event struct{ Type, Subject string }
		if err == nil {
			err = json.Unmarshal(body, &event)
		}
		if err != nil {
			t.Error(err)
		}
		if event.Type == "tranship.before-commit.v1" {
			answer := map[string]any{"agree": !strings.Contains(event.Subject, "bad"), "reason": "it is bad"}
			_ = json.NewEncoder(w).Encode(answer)
			return
		}
		h.mu.Lock()
		defer h.mu.Unlock()
		h.told = append(h.told, strings.TrimSuffix(strings.TrimPrefix(event.Type, "tranship."), ".v1")+" "+event.Subject)
	}))
	t.Cleanup(server.Close)
	h.url = server.URL
	return h
}

func (h *hookServer) has(n int) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.told) >= n
}

// TestHooks checks that a server asks and tells a hook that its file names, and counts that.
func TestHooks(t *testing.T) {
	h, dir := newHookServer(t, "a secret"), t.TempDir()
	secret, small, large := filepath.Join(dir, "secret"), filepath.Join(dir, "small"), filepath.Join(dir, "large")
	for name, text := range map[string]string{secret: "a secret\n", small: "1"} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	filetest.WriteRandom(t, large, 3<<20, 1)
	name := configFile(t, "hooks:\n- name: scan\n  url: "+h.url+"\n  events: [before-commit, after-commit, after-delete]\n  prefix: in\n  secret-file: "+secret+"\n  timeout: 1m\n")
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	served, _, address := serveFor(ctx, t, "--config", name, "--admin", "127.0.0.1:0")
	for _, transport := range []string{"grpc", "lanes"} {
		for _, source := range []string{small, large} {
			to := "grpc://" + address + "/in/" + transport + filepath.Base(source)
			output(t, 0, "cp", "--transport", transport, source, to)
			_, text := output(t, 4, "cp", "--transport", transport, source, to+"-bad")
			if !strings.Contains(text, "the hook scan refuses in/") || !strings.Contains(text, "it is bad") {
				t.Errorf("%s: %s", to, text)
			}
		}
	}
	output(t, 0, "cp", small, "grpc://"+address+"/out-bad")
	output(t, 0, "rm", "grpc://"+address+"/in/grpcsmall")
	poll(t, "events", func() bool { return h.has(5) })
	want := []string{"after-commit in/grpcsmall", "after-commit in/grpclarge", "after-commit in/lanessmall", "after-commit in/laneslarge", "after-delete in/grpcsmall"}
	if !slices.Equal(h.told, want) {
		t.Errorf("the hook was told of %q, want %q", h.told, want)
	}
	_, text := get(t, operatorsOf(t, served)+"/metrics", "")
	for _, want := range []string{`tranship_hook_questions_total{hook="scan",outcome="refused"} 4`, `tranship_hook_questions_total{hook="scan",outcome="agreed"} 4`} {
		if !strings.Contains(text, want) {
			t.Errorf("the metrics have no %s", want)
		}
	}
	stop()
	if code := <-served.code; code != 0 {
		t.Errorf("exit code %d: %s", code, served.err.String())
	}
}

// TestHookMistakes checks that config check names the mistakes in hooks.
func TestHookMistakes(t *testing.T) {
	for text, want := range map[string]string{
		"[{name: a, url: 'https://x', event: after-commit}]":                                       "--hooks a: event: there is no such key; did you mean events?",
		"[{name: a, url: 'https://x'}]":                                                            "--hooks a: events: there must be at least one",
		"[{name: a, events: after-commit}]":                                                        "--hooks a: it must have either url or grpc",
		"[{name: a, url: 'http://example.com/', events: after-commit}]":                            "--hooks a: url: a URL of another machine must have the scheme https",
		"[{name: a, grpc: example.com, events: after-commit}]":                                     "--hooks a: grpc: an address must be host:port",
		"[{name: A, url: 'https://x', events: after-commit}]":                                      "--hooks A: name: a name must have",
		"[{name: a, url: 'https://x', events: [after-commit, later]}]":                             `--hooks a: events: "later" must be before-commit`,
		"[{name: a, url: 'https://x', events: after-commit, timeout: 5}]":                          `--hooks a: timeout: "5" must be a time such as 10s`,
		"[{name: a, url: 'https://x', events: after-commit, timeout: 1h}]":                         "--hooks a: timeout: a timeout must be",
		"[{name: a, url: 'https://x', events: after-commit, on-failure: shut}]":                    `--hooks a: on-failure: "shut" must be closed or open`,
		"[{name: a, url: 'https://x', events: before-commit, content: true}]":                      "--hooks a: content needs grpc",
		"[{name: a, grpc: 'x:1', events: before-commit, insecure: true, ca: x}]":                   "--hooks a: only one of insecure",
		"[{name: a, url: 'https://x', events: after-commit, batch: 0}]":                            `--hooks a: batch: "0" must be a whole number from 1`,
		"[{name: a, url: 'https://x', events: after-commit, prefix: /in}]":                         "--hooks a: prefix: a prefix must be a path",
		"[{name: a, url: 'https://x', events: after-commit, secret-file: /does/not/exist}]":        "--hooks a: secret-file: /does/not/exist:",
		"[{name: a, url: 'https://x', events: after-commit, ca: /does/not/exist}]":                 "--hooks a: ca: /does/not/exist:",
		"[{name: a, url: 'https://x', events: after-commit, url: 'https://y'}]":                    "url",
		"['name=a url=https://x events=after-commit', {name: a, grpc: 'y:1', events: after-move}]": "--hooks a: two hooks must not have the same name",
		"['name=a url']": `"url" must be words such as name=value`,
		"{name: a}":      "hooks: it must have one value, and no keys of its own",
		"[{name: {}}]":   "hooks: line 2: name: it must have one value",
	} {
		_, errors := output(t, 2, "config", "check", "--config", configFile(t, "root: /srv\nhooks: "+text+"\n"))
		if !strings.Contains(errors, want) {
			t.Errorf("%s: %s, want %q", text, errors, want)
		}
	}
	file := configFile(t, "root: /srv\nhooks:\n- name: a\n  url: https://x\n  events: after-commit\n- name: b\n  url: https://x\n  events: later\n- name: c\n  grpc: x:1\n  events: after-move\n  ca: /does/not/exist\n")
	if _, text := output(t, 2, "config", "check", "--config", file); !strings.Contains(text, file+":6: --hooks b: events") {
		t.Error(text)
	}
	_, errors := output(t, 2, "config", "check", "--config", configFile(t, "root: /srv\ntrusted-proxy: [{name: a}]\n"))
	if want := "trusted-proxy: it must have one value, and no keys of its own"; !strings.Contains(errors, want) {
		t.Errorf("%s, want %q", errors, want)
	}
	output(t, 0, "config", "check", "--config", configFile(t, "root: /srv\nhooks: [{name: a, url: 'https://x', events: [after-commit, after-move], prefix: 'a directory'}]\n"))
}
