package interop

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// finding is a line of tranship doctor --json.
type finding struct{ Check, Level, Text, Advice string }

// examine runs tranship doctor, and returns its exit code and findings.
func examine(t *testing.T, args ...string) (code int, found []finding) {
	t.Helper()
	cmd := built.Command(t.Context(), append([]string{"doctor", "--json"}, args...)...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, os.Stderr
	_ = cmd.Run() // the exit code tells
	for lines := json.NewDecoder(&out); ; {
		var f finding
		if err := lines.Decode(&f); errors.Is(err, io.EOF) {
			return cmd.ProcessState.ExitCode(), found
		} else if err != nil {
			t.Fatal(err)
		}
		found = append(found, f)
		if testing.Verbose() {
			t.Logf("%+v", f)
		}
	}
}

// has fails unless one of the findings of a check has a level and all words.
func has(t *testing.T, all []finding, check, level string, words ...string) {
	t.Helper()
	for _, f := range all {
		matches := f.Check == check && f.Level == level
		for _, word := range words {
			matches = matches && strings.Contains(f.Text+"\n"+f.Advice, word)
		}
		if matches {
			return
		}
	}
	t.Errorf("there is no %s of %s with %q in %+v", level, check, words, all)
}

// TestDoctorNginx checks that doctor names the limits of nginx with its defaults, and its timeouts.
func TestDoctorNginx(t *testing.T) {
	address, root := serve(t)
	at := withDefaults(t, "nginx.conf", nginxDefaults, address, "", "")
	code, found := examine(t, "--write", remoteURL(at, "d"))
	if code != 1 {
		t.Errorf("exit code %d", code)
	}
	has(t, found, "hop", "note", "nginx/")
	has(t, found, "request", "problem", "HTTP status 413", "client_max_body_size 0")
	has(t, found, "stream", "problem", "was ended when about", "nginx: set client_max_body_size 0")
	has(t, found, "lanes", "warning", "nginx/", "module stream")
	has(t, found, "rights", "ok")
	has(t, found, "disk", "ok")
	has(t, found, "clock", "ok")
	has(t, found, "speed", "note", "not examined")
	if left, err := filepath.Glob(filepath.Join(root, "d", "*")); err != nil || len(left) > 0 {
		t.Errorf("%q stays, %v", left, err)
	}
	at = withDefaults(t, "nginx.conf", nginxDefaults, address, "client_body_timeout 1s; grpc_read_timeout 1s; client_max_body_size 0;", "")
	code, found = examine(t, "--idle", "3s", remoteURL(at, ""))
	if code != 1 {
		t.Errorf("exit code %d", code)
	}
	has(t, found, "request", "ok")
	has(t, found, "stream", "ok")
	has(t, found, "idle", "problem", "a call in which nothing moved", "grpc_read_timeout")
}

// TestDoctorHAProxy checks that doctor names the limits of haproxy with its defaults, and its
// timeouts.
func TestDoctorHAProxy(t *testing.T) {
	address, _ := serve(t)
	at := withDefaults(t, "haproxy.cfg", haproxyDefaults, address, "timeout client 1s\n    timeout server 1s", "proto h2")
	code, found := examine(t, "--idle", "3s", remoteURL(at, ""))
	if code != 1 {
		t.Errorf("exit code %d", code)
	}
	has(t, found, "http2", "note", "65535 bytes", "tune.h2.initial-window-size")
	has(t, found, "lanes", "warning", "mode tcp")
	has(t, found, "stream", "ok")
	has(t, found, "idle", "problem", "a call in which nothing moved", "timeout server")
	has(t, found, "idle", "note", "closed by the other end", "timeout client")
}

// TestDoctorGood checks that doctor finds no problem with the configurations that docs/proxies.md
// explains.
func TestDoctorGood(t *testing.T) {
	s := newProxySite(t)
	for _, w := range ways() {
		if w.port == "8443" || w.port == "8444" && w.file != "nginx.conf" {
			continue // TLS makes no difference between proxies
		}
		t.Run(w.file+"/"+w.port, func(t *testing.T) {
			_, free := s.run(t, w.file)
			at, flags := s.url(w, free)
			code, found := examine(t, append(append([]string{"--write"}, flags...), at("d"))...)
			if code != 0 {
				t.Errorf("exit code %d: %+v", code, found)
			}
			through, level := w.server == "50053", "warning"
			if through {
				level = "ok"
			}
			has(t, found, "lanes", level)
			has(t, found, "speed", "ok")
		})
	}
}
