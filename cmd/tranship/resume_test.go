package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tranship/tranship/cmd/tranship/internal/console"
)

// moved is the part of the JSON result of a copy with the bytes.
type moved struct {
	SentBytes    int64 `json:"sent_bytes"`
	SkippedBytes int64 `json:"skipped_bytes"`
}

// sent runs cp --json for one file, and returns its result.
func sent(t *testing.T, args ...string) moved {
	t.Helper()
	out, _ := output(t, 0, append([]string{"cp", "--json"}, args...)...)
	var result moved
	if err := json.Unmarshal([]byte(out), &result); err != nil {
		t.Fatalf("%s: %v", out, err)
	}
	return result
}

// unfinished returns the unfinished uploads of a server.
func unfinished(t *testing.T, server string) []console.UploadObject {
	t.Helper()
	out, _ := output(t, 0, "uploads", "ls", "--json", server)
	var uploads []console.UploadObject
	for line := range strings.Lines(out) {
		var upload console.UploadObject
		if err := json.Unmarshal([]byte(line), &upload); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		uploads = append(uploads, upload)
	}
	return uploads
}

// awaitDurable waits until a part of an upload to a server is durable.
func awaitDurable(t *testing.T, server string) console.UploadObject {
	t.Helper()
	var upload console.UploadObject
	poll(t, "durable part of an upload", func() bool {
		uploads := unfinished(t, server)
		if len(uploads) > 0 {
			upload = uploads[0]
		}
		return upload.DurableBytes > 0
	})
	return upload
}

// An upload whose client was killed is resumed where it was.
func TestUploadResumesAfterKill(t *testing.T) {
	t.Parallel()
	root, server, slow := slowServer(t)
	source := filepath.Join(t.TempDir(), "large")
	content := largeFile(t, source)

	first := startProgram(t, "cp", source, slow+"/a/large")
	upload := awaitDurable(t, server)
	first.end(t, syscall.SIGKILL)
	if upload.Path != "a/large" || upload.Size != largeBytes || upload.DurableBytes > largeBytes {
		t.Errorf("upload %+v", upload)
	}
	if age := time.Until(upload.Expires); age < 6*24*time.Hour || age > 7*24*time.Hour {
		t.Errorf("it expires in %v", age)
	}

	result := sent(t, source, server+"/a/large")
	if result.SkippedBytes < upload.DurableBytes || result.SentBytes+result.SkippedBytes != largeBytes || result.SentBytes == 0 {
		t.Errorf("sent %d, skipped %d of %d, of which %d had been durable", result.SentBytes, result.SkippedBytes, largeBytes, upload.DurableBytes)
	}
	sameContent(t, filepath.Join(root, "a/large"), content)
	if uploads := unfinished(t, server); len(uploads) > 0 {
		t.Errorf("left: %+v", uploads)
	}
}

// An interrupted upload prints that it can be resumed, exits with 1, and is resumed.
func TestUploadResumesAfterInterrupt(t *testing.T) {
	t.Parallel()
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		t.Run(signal.String(), func(t *testing.T) {
			t.Parallel()
			root, server, slow := slowServer(t)
			source := filepath.Join(t.TempDir(), "large")
			content := largeFile(t, source)
			first := startProgram(t, "cp", source, slow)
			awaitDurable(t, server)
			if code := first.end(t, signal); code != 1 {
				t.Errorf("exit code %d", code)
			}
			want := fmt.Sprintf("tranship: %s signal received; run the same command again to resume\n", signal)
			if text := first.err.String(); !strings.HasSuffix(text, want) {
				t.Errorf("%q, want %q", text, want)
			}
			result := sent(t, source, server)
			if result.SkippedBytes == 0 || result.SentBytes+result.SkippedBytes != largeBytes {
				t.Errorf("sent %d, skipped %d", result.SentBytes, result.SkippedBytes)
			}
			sameContent(t, filepath.Join(root, "large"), content)
		})
	}
}

func TestDownloadResumesAfterInterrupt(t *testing.T) {
	t.Parallel()
	root, server, slow := slowServer(t)
	content := largeFile(t, filepath.Join(root, "large"))
	local := t.TempDir()
	first := startProgram(t, "cp", "--progress", "plain", "--progress-interval", "10ms", slow+"/large", local)
	first.err.AwaitMatch(t, quarter)
	if code := first.end(t, syscall.SIGINT); code != 1 {
		t.Errorf("exit code %d", code)
	}
	if text := first.err.String(); !strings.HasSuffix(text, "; run the same command again to resume\n") {
		t.Errorf("%q", text)
	}
	if _, err := os.Stat(filepath.Join(local, "large")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the file is there: %v", err)
	}
	result := sent(t, server+"/large", local)
	if result.SkippedBytes == 0 || result.SentBytes+result.SkippedBytes != largeBytes {
		t.Errorf("sent %d, skipped %d", result.SentBytes, result.SkippedBytes)
	}
	sameContent(t, filepath.Join(local, "large"), content)
	if entries, err := os.ReadDir(local); err != nil || len(entries) != 1 {
		t.Errorf("left: %v, %v", entries, err)
	}
}

// cp --no-resume leaves nothing to resume, and does not resume an earlier copy.
func TestNoResume(t *testing.T) {
	t.Parallel()
	root, server, slow := slowServer(t)
	source := filepath.Join(t.TempDir(), "large")
	content := largeFile(t, source)

	first := startProgram(t, "cp", source, slow)
	awaitDurable(t, server)
	first.end(t, syscall.SIGINT)
	if result := sent(t, "--no-resume", source, server); result.SentBytes != largeBytes || result.SkippedBytes != 0 {
		t.Errorf("sent %d, skipped %d", result.SentBytes, result.SkippedBytes)
	}
	sameContent(t, filepath.Join(root, "large"), content)
	if uploads := unfinished(t, server); len(uploads) > 0 {
		t.Errorf("left: %+v", uploads)
	}

	second := startProgram(t, "cp", "--no-resume", "--progress", "plain", "--progress-interval", "10ms", source, slow+"/other")
	second.err.AwaitMatch(t, quarter)
	if code := second.end(t, syscall.SIGINT); code != 1 || strings.Contains(second.err.String(), "again") {
		t.Errorf("exit code %d: %s", code, second.err.String())
	}
	if uploads := unfinished(t, server); len(uploads) > 0 {
		t.Errorf("left: %+v", uploads)
	}
}

// A file that changed between two runs is copied as it is now, and cp reports that.
func TestResumeOfChangedFile(t *testing.T) {
	t.Parallel()
	root, server, slow := slowServer(t)
	local := t.TempDir()
	source, target := filepath.Join(local, "large"), filepath.Join(local, "back")
	content := largeFile(t, source)
	changeAll := func(name string) {
		t.Helper()
		for i := range content {
			content[i] ^= 1
		}
		if err := os.WriteFile(name, content, 0o644); err != nil {
			t.Fatal(err)
		}
	}

	first := startProgram(t, "cp", source, slow)
	awaitDurable(t, server)
	first.end(t, syscall.SIGINT)
	changeAll(source)
	_, text := output(t, 0, "cp", source, server)
	if want := "tranship: " + source + ": parts at the target differ from the source and are sent again\n"; text != want {
		t.Errorf("%q, want %q", text, want)
	}
	sameContent(t, filepath.Join(root, "large"), content)

	second := startProgram(t, "cp", "--progress", "plain", "--progress-interval", "10ms", slow+"/large", target)
	second.err.AwaitMatch(t, quarter)
	second.end(t, syscall.SIGINT)
	changeAll(source)
	output(t, 0, "cp", source, server)
	_, text = output(t, 0, "cp", server+"/large", target)
	if !strings.HasPrefix(text, "tranship: "+server+"/large: starting over: ") || strings.Count(text, "\n") != 1 {
		t.Errorf("%q", text)
	}
	sameContent(t, target, content)
}

// A directory that became its target would be copied into it by the same command. cp prints
// the command to run instead, and that command resumes.
func TestResumeOfDirectory(t *testing.T) {
	t.Parallel()
	root, server, slow := slowServer(t)
	source := filepath.Join(t.TempDir(), "tree")
	if err := os.Mkdir(source, 0o755); err != nil {
		t.Fatal(err)
	}
	content := largeFile(t, filepath.Join(source, "large"))
	if err := os.WriteFile(filepath.Join(source, "small"), []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	first := startProgram(t, "cp", "-r", source, slow+"/new")
	awaitDurable(t, server)
	first.end(t, syscall.SIGINT)
	want := "; run the same command again with " + source + "/. as its source to resume\n"
	if text := first.err.String(); !strings.HasSuffix(text, want) {
		t.Errorf("%q, want %q", text, want)
	}
	out, _ := output(t, 0, "cp", "-r", "--json", source+"/.", server+"/new")
	if !strings.Contains(out, `"path":"new/large"`) || strings.Count(out, `"skipped_bytes":0`) != 1 {
		t.Errorf("%s", out)
	}
	sameContent(t, filepath.Join(root, "new/large"), content)
}

// An upload over several connections is resumed, too.
func TestResumeOverConnections(t *testing.T) {
	t.Parallel()
	root, server, slow := slowServer(t)
	source := filepath.Join(t.TempDir(), "large")
	content := largeFile(t, source)
	first := startProgram(t, "cp", "--connections", "3", source, slow)
	awaitDurable(t, server)
	first.end(t, syscall.SIGINT)
	if result := sent(t, "--connections", "3", source, server); result.SkippedBytes == 0 || result.SentBytes+result.SkippedBytes != largeBytes {
		t.Errorf("sent %d, skipped %d", result.SentBytes, result.SkippedBytes)
	}
	sameContent(t, filepath.Join(root, "large"), content)
	back := filepath.Join(t.TempDir(), "back")
	output(t, 0, "cp", "--connections", "3", server+"/large", back)
	sameContent(t, back, content)
}
