package main

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/tranship/tranship/internal/testing/fakes3"
	"github.com/tranship/tranship/internal/testing/filetest"
	"github.com/tranship/tranship/internal/testing/program"
)

// verifySizes are the sizes of the files of these tests.
func verifySizes() map[string]int {
	return map[string]int{"d/bad": 3000, "d/good": 3000, "large": 3 << 20, "empty": 0}
}

// uploadSizes copies files with these sizes to a location.
func uploadSizes(t *testing.T, server string, sizes map[string]int) {
	t.Helper()
	source := t.TempDir()
	for name, size := range sizes {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(source, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		filetest.Write(t, filepath.Join(source, name), filetest.Random(size))
	}
	output(t, 0, "cp", "-r", source+"/.", server)
}

// verified runs verify, which must exit with code, and returns the findings and the summary.
func verified(t *testing.T, code int, args ...string) (findings map[string]findingObject, summary summaryObject) {
	t.Helper()
	out, _ := output(t, code, append([]string{"verify", "--json"}, args...)...)
	findings = map[string]findingObject{}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	for i, line := range lines {
		if i == len(lines)-1 {
			if err := json.Unmarshal([]byte(line), &summary); err != nil || summary.Location == "" {
				t.Fatalf("%s: %v", line, err)
			}
			continue
		}
		var f findingObject
		if err := json.Unmarshal([]byte(line), &f); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		findings[f.Path] = f
	}
	return findings, summary
}

// TestVerify verifies a root while it is served, as a directory of this machine and by its server.
func TestVerify(t *testing.T) {
	t.Parallel()
	_, root, address := serveFor(t.Context(), t)
	server := "grpc://" + address
	uploadSizes(t, server, verifySizes())
	for _, at := range []string{root, server} {
		if findings, summary := verified(t, 0, at); len(findings) > 0 || summary.Files != 4 || summary.Bytes != 3<<20+6000 || summary.LostAttributes {
			t.Errorf("%s: %+v, %+v", at, findings, summary)
		}
	}
	filetest.Damage(t, filepath.Join(root, "d", "bad"), 1500)
	filetest.Write(t, filepath.Join(root, "d", "foreign"), []byte("foreign"))
	for _, at := range []string{root, server} {
		findings, summary := verified(t, 5, "--bandwidth", "1GiB", at)
		if len(findings) != 2 || findings["d/bad"].Status != "mismatch" || findings["d/foreign"].Status != "no-checksum" {
			t.Errorf("%s: %+v", at, findings)
		}
		if summary.Files != 5 || summary.Mismatched != 1 || summary.NoChecksum != 1 || summary.Interrupted || summary.After != "large" {
			t.Errorf("%s: %+v", at, summary)
		}
		if _, summary := verified(t, 0, "--after", "d/bad", at); summary.Files != 4 {
			t.Errorf("%s: %+v after d/bad", at, summary)
		}
		if _, summary := verified(t, 0, "--older-than", "1d", at); summary.Files != 0 {
			t.Errorf("%s: %+v older than a day", at, summary)
		}
		if _, summary := verified(t, 5, "--newer-than", "1d", at+"/d"); summary.Files != 3 {
			t.Errorf("%s: %+v in d", at, summary)
		}
		verified(t, 5, at+"/d/bad")
		verified(t, 0, at+"/d/good")
		fails(t, 3, []string{at, "not found"}, "verify", "--json", at+"/none")
	}
	out, text := output(t, 5, "verify", root)
	if !strings.Contains(text, "d/bad: integrity check failed") || !strings.Contains(out, "d/foreign: no checksum\n") ||
		!strings.Contains(out, "5 files with 3151735 bytes read: 1 do not match their checksums, 1 have none, 0 could not be read\n") {
		t.Errorf("%s%s", out, text)
	}
	copied := filepath.Join(t.TempDir(), "copied")
	if err := os.CopyFS(copied, os.DirFS(root)); err != nil { // without extended attributes
		t.Fatal(err)
	}
	_, warning := output(t, 0, "verify", copied)
	if _, summary := verified(t, 0, copied); !summary.LostAttributes || summary.NoChecksum != 5 || !strings.Contains(warning, "copied without its extended attributes") {
		t.Errorf("a copy without attributes: %+v, %s", summary, warning)
	}
	for _, args := range [][]string{{"--parallel", "0", root}, {"--after", "x", root, server}, {"-"}, {"--newer-than", "-1h", root}, {}} {
		output(t, 2, append([]string{"verify"}, args...)...)
	}
}

// TestVerifyBucket verifies files in a bucket, directly and by a server.
func TestVerifyBucket(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "key")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	engine := fakes3.New(fakes3.Options{MinPartBytes: 5 << 20})
	endpoint := engine.Start(t)
	server := "grpc://" + serveBucket(t, endpoint)
	uploadSizes(t, server, verifySizes())
	at := [][]string{{server}, {"--s3-endpoint", endpoint, "--s3-path-style", "--s3-prefix", "a/prefix", "s3://bucket/a/prefix"}}
	for _, args := range at {
		if findings, summary := verified(t, 0, args...); len(findings) > 0 || summary.Files != 4 {
			t.Errorf("%q: %+v, %+v", args, findings, summary)
		}
	}
	if engine.Damage("d/bad") != 1 {
		t.Fatal("no object was damaged")
	}
	for _, args := range at {
		findings, summary := verified(t, 5, args...)
		if len(findings) != 1 || findings["d/bad"].Status != "mismatch" || summary.Mismatched != 1 {
			t.Errorf("%q: %+v, %+v", args, findings, summary)
		}
	}
}

// TestVerifyInterrupted interrupts the real program, which must print a summary.
func TestVerifyInterrupted(t *testing.T) {
	t.Parallel()
	_, root, address := serveFor(t.Context(), t)
	uploadSizes(t, "grpc://"+address, map[string]int{"b": 2 << 20, "c": 100})
	filetest.Write(t, filepath.Join(root, "a"), []byte("foreign"))
	var out program.Output
	p := &process{}
	// The second file takes weeks at this rate.
	cmd := built().Command(t.Context(), "verify", "--parallel", "1", "--bandwidth", "1", root)
	cmd.Stdout, cmd.Stderr = &out, &p.err
	p.Process = program.Start(t, cmd)
	out.Await(t, "a: no checksum")
	if code := p.end(t, syscall.SIGINT); code != 1 {
		t.Errorf("exit code %d: %s", code, p.err.String())
	}
	if text := out.String(); !strings.Contains(text, "1 files with 7 bytes read") || !strings.Contains(text, "continue with --after a\n") {
		t.Errorf("%s%s", text, p.err.String())
	}
}

// TestVerifyEvery verifies the files of a server in the background. The server stays ready, and
// tells operators of the file that does not match.
func TestVerifyEvery(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	c, root, address := serveFor(ctx, t)
	uploadSizes(t, "grpc://"+address, verifySizes())
	stop()
	<-c.code
	filetest.Damage(t, filepath.Join(root, "d", "bad"), 1500)
	ready := filepath.Join(t.TempDir(), "ready")
	ended := make(chan struct{})
	ctx, stop = context.WithCancel(t.Context())
	defer stop()
	c = start(ctx, nil, "serve", "--root", root, "--listen", "127.0.0.1:0", "--ready-file", ready, "--admin", "127.0.0.1:0", "--verify-every", "1d", "--verify-bandwidth", "1GiB")
	if _, err := program.Ready(ended, ready); err != nil {
		t.Fatal(err)
	}
	c.err.Await(t, "verified the stored files", "does not match its checksum", "path=d/bad")
	operators := operatorsOf(t, c)
	status, text := get(t, operators+"/readyz", "")
	if status != http.StatusOK || text != "ok\nwarning: 1 stored files do not match their checksums\n" {
		t.Errorf("status %d: %s", status, text)
	}
	_, text = get(t, operators+"/metrics", "")
	for _, want := range []string{"tranship_verify_mismatched_files 1\n", "tranship_verify_files 4\n", "tranship_verify_running 0\n", "tranship_store_lost_attributes 0\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("the metrics lack %s", want)
		}
	}
	stop()
	if code := <-c.code; code != 0 {
		t.Errorf("exit code %d: %s", code, c.err.String())
	}
	output(t, 2, "serve", "--root", root, "--verify-every", "1s")
}
