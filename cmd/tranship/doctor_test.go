package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tranship/tranship/internal/testing/faultproxy"
)

// doctor prints each finding, and its exit code is that of the problems.
func TestDoctor(t *testing.T) {
	t.Parallel()
	_, root, address := serveFor(t.Context(), t, "--anonymous", "write")
	out, _ := output(t, 0, "doctor", "--write", "grpc://"+address+"/in/box")
	for _, want := range []string{"ok       lanes        files move on lanes", "ok       disk         ", "note     idle         ", "-> pass --idle 70s"} {
		if !strings.Contains(out, want) {
			t.Errorf("%s lacks %q", out, want)
		}
	}
	if left, err := filepath.Glob(filepath.Join(root, "in", "box", "*")); err != nil || len(left) > 0 {
		t.Errorf("%q stays, %v", left, err)
	}
	if out, _ := output(t, 0, "doctor", "-q", "grpc://"+address); out != "" {
		t.Errorf("without problems, -q prints %s", out)
	}
	out, _ = output(t, 0, "doctor", "--json", "--send", "1KiB", "grpc://"+address)
	for line := range strings.Lines(out) {
		var found struct{ Check, Level, Text, Advice string }
		if err := json.Unmarshal([]byte(line), &found); err != nil || found.Check == "" || found.Level == "" || found.Text == "" {
			t.Errorf("%v: %s", err, line)
		}
	}
}

func TestDoctorProblems(t *testing.T) {
	t.Parallel()
	_, _, address := serveFor(t.Context(), t)
	gateway, err := faultproxy.ListenGateway(address, func(_ int, path string) faultproxy.CallFault {
		if strings.HasSuffix(path, "/Upload") {
			return faultproxy.Page
		}
		return faultproxy.Pass
	})
	if err != nil {
		t.Fatal(err)
	}
	defer gateway.Close()
	out, _ := output(t, 1, "doctor", "-q", "grpc://"+gateway.Address())
	if !strings.Contains(out, "problem  stream ") || !strings.Contains(out, "HTTP status 502") || !strings.Contains(out, "warning  lanes ") || strings.Contains(out, "\nok ") {
		t.Errorf("it prints %s", out)
	}
	tokens := filepath.Join(t.TempDir(), "tokens")
	output(t, 0, "token", "new", "--file", tokens, "--name", "ann")
	_, _, guarded := serveFor(t.Context(), t, "--tokens", tokens)
	if out, _ := output(t, 4, "doctor", "grpc://"+guarded); !strings.Contains(out, "--token-file") {
		t.Errorf("it prints %s", out)
	}
}

func TestDoctorUsage(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{}, {"local"}, {"s3://bucket/"}, {"--idle", "-1s", "grpc://127.0.0.1:1"}, {"--send", "2GiB", "grpc://127.0.0.1:1"}, {"--time-limit", "0s", "grpc://127.0.0.1:1"}} {
		if _, err := output(t, 2, append([]string{"doctor"}, args...)...); err == "" {
			t.Errorf("%q: no error", args)
		}
	}
}
