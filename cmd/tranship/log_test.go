package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tranship/tranship/access/tlsconfig"
	"github.com/tranship/tranship/cmd/tranship/internal/console"
)

// logged returns the attributes of the records of a log in JSON.
func logged(t *testing.T, text string) []map[string]any {
	t.Helper()
	var records []map[string]any
	for line := range strings.Lines(text) {
		record := map[string]any{}
		if err := json.Unmarshal([]byte(line), &record); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		records = append(records, record)
	}
	return records
}

// Values that JSON shows badly by default are text in the log, the same as in its text
// format.
func TestLogValues(t *testing.T) {
	for want, value := range map[string]any{
		"1.5s":                           1500 * time.Millisecond,
		"no":                             errors.New("no"),
		"open a: file does not exist":    &fs.PathError{Op: "open", Path: "a", Err: fs.ErrNotExist},
		"127.0.0.1:1":                    netip.MustParseAddrPort("127.0.0.1:1"),
		"words":                          []byte("words"),
		"0xff00":                         []byte{0xff, 0},
		"-rw-r--r--":                     fs.FileMode(0o644),
		tlsconfig.Fingerprint{}.String(): tlsconfig.Fingerprint{},
	} {
		var text, jsons bytes.Buffer
		for format, out := range map[string]*bytes.Buffer{"text": &text, "json": &jsons} {
			log := newLogger(console.Streams{Err: out}, format, slog.LevelInfo)
			log.Info("message", "a", value, slog.Group("g", "b", value))
		}
		record := logged(t, jsons.String())[0]
		group, _ := record["g"].(map[string]any)
		if record["a"] != want || group["b"] != want || record["level"] != "INFO" {
			t.Errorf("JSON of %v: %s", value, jsons.String())
		}
		if !strings.Contains(text.String(), want) {
			t.Errorf("text of %v: %s", value, text.String())
		}
	}
	var out bytes.Buffer
	log := newLogger(console.Streams{Err: &out}, "json", slog.LevelInfo)
	log.Info("message", "errors", []error{errors.New("one"), nil})
	if !strings.Contains(out.String(), `"errors":["one","<nil>"]`) {
		t.Error(out.String())
	}
}

// logKinds are the attributes of the log of serve that are not text, by their kind in JSON.
var logKinds = map[string]string{
	"seconds": "number", "bytes": "number", "offset": "number", "rules": "number", "connections": "number", "files": "number",
	"count": "number", "lost": "number", "limit": "number", "allowed": "number", "refused": "number",
}

// The records of a server have only text and numbers, the same kind for an attribute
// everywhere.
func TestServeLogsJSON(t *testing.T) {
	token := filepath.Join(t.TempDir(), "token")
	tokens := filepath.Join(t.TempDir(), "tokens")
	made, _ := output(t, 0, "token", "new", "--file", tokens, "--name", "alice")
	if err := os.WriteFile(token, []byte(made), 0o600); err != nil {
		t.Fatal(err)
	}
	rules := filepath.Join(t.TempDir(), "policy")
	if err := os.WriteFile(rules, []byte("allow alice read,write,list,delete /\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	served, root, host := serveFor(ctx, t, "--tls", "self-signed", "--log-format", "json", "--log-level", "debug", "--tokens", tokens, "--policy", rules)
	known := []string{"--ca", filepath.Join(root, ".tranship", "tls", "certificate.pem")}
	address := "grpcs://" + host
	name := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(name, []byte("content"), 0o600); err != nil {
		t.Fatal(err)
	}
	run := func(code int, known []string, command string, args ...string) {
		t.Helper()
		output(t, code, slices.Concat([]string{command}, known, args)...)
	}
	as := append(known, "--token-file", token)
	run(0, as, "cp", name, address+"/file")
	run(0, as, "cp", address+"/file", name+".back")
	for _, protocol := range []string{"filesrv", "filetransfer"} {
		run(0, as, "cp", "--protocol", protocol, name, address+"/"+protocol)
	}
	run(console.ExitNotFound, as, "cp", address+"/none", name+".none")
	run(6, as, "cp", name, address+"/file/below")      // below a file
	run(console.ExitDenied, known, "ls", address+"/")  // without a token
	run(console.ExitDenied, as[2:], "ls", address+"/") // without the authority
	stop()
	if code := <-served.code; code != 0 {
		t.Errorf("exit code %d", code)
	}
	fingerprints, messages := 0, map[string]bool{}
	for _, record := range logged(t, served.err.String()) {
		message, _ := record["msg"].(string)
		messages[message] = true
		for key, value := range record {
			kind := "text"
			switch value.(type) {
			case string:
			case float64:
				kind = "number"
			default:
				kind = "other"
			}
			want := "text"
			if named, ok := logKinds[key]; ok {
				want = named
			}
			if kind != want {
				t.Errorf("%q has %s = %v, which is %s, not %s", message, key, value, kind, want)
			}
		}
		if text, ok := record["fingerprint"].(string); ok && strings.HasPrefix(text, "sha256:") {
			fingerprints++
		}
		if text, ok := record["timeout"].(string); message == "draining" && (!ok || text != "30s") {
			t.Errorf("the time is %v", record["timeout"])
		}
	}
	for _, message := range []string{"serving", "draining", "stopped", "transfer finished", "transfer failed", "call refused", "TLS handshake failed"} {
		if !messages[message] {
			t.Errorf("no record %q in %s", message, served.err.String())
		}
	}
	if fingerprints != 1 {
		t.Errorf("%d records have a fingerprint: %s", fingerprints, served.err.String())
	}
}
