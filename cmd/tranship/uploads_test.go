package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestUploads(t *testing.T) {
	t.Parallel()
	root, server, slow := slowServer(t)
	source := filepath.Join(t.TempDir(), "large")
	largeFile(t, source)
	first := startProgram(t, "cp", source, slow+"/a/large")
	awaitDurable(t, server)
	first.end(t, syscall.SIGINT)
	id := unfinished(t, server)[0].ID

	text, _ := output(t, 0, "uploads", "ls", server+"/a")
	if fields := strings.Fields(text); len(fields) != 5 || fields[0] != id || !strings.HasSuffix(fields[1], "%") ||
		fields[2] != fmt.Sprint(largeBytes) || !strings.HasSuffix(fields[3], "Z") || fields[4] != "a/large" {
		t.Errorf("%q", text)
	}
	if text, _ := output(t, 0, "uploads", "ls", server+"/a/large"); !strings.HasPrefix(text, id) {
		t.Errorf("%q", text)
	}
	if text, _ := output(t, 0, "uploads", "ls", server+"/b"); text != "" {
		t.Errorf("%q", text)
	}
	// An unknown id does not stop the others. An upload outside the path is not removed.
	fails(t, 3, []string{server, "not found", "none"}, "uploads", "rm", server, "none")
	fails(t, 3, []string{id, "not found"}, "uploads", "rm", server+"/b", id)
	if out, _ := output(t, 3, "uploads", "rm", "--json", server+"/a", "none", id); out != fmt.Sprintf("{\"id\":%q}\n", id) {
		t.Errorf("%q", out)
	}
	if uploads := unfinished(t, server); len(uploads) > 0 {
		t.Errorf("left: %+v", uploads)
	}
	if _, err := os.Stat(filepath.Join(root, "a")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the file is there: %v", err)
	}
	if result := sent(t, source, server+"/a/large"); result.SkippedBytes != 0 {
		t.Errorf("skipped %d", result.SkippedBytes)
	}
}

// An upload that is removed while it is sent fails, and is not started again.
func TestRemoveUploadUnderWay(t *testing.T) {
	t.Parallel()
	root, server, slow := slowServer(t)
	source := filepath.Join(t.TempDir(), "large")
	largeFile(t, source)
	first := startProgram(t, "cp", source, slow)
	output(t, 0, "uploads", "rm", server, awaitDurable(t, server).ID)
	if code := first.Code(); code != 1 {
		t.Errorf("exit code %d", code)
	}
	if text := first.err.String(); !strings.HasPrefix(text, "tranship: "+source+": aborted") || strings.Count(text, "\n") != 1 || strings.Contains(text, "again") {
		t.Errorf("%q", text)
	}
	if uploads := unfinished(t, server); len(uploads) > 0 {
		t.Errorf("left: %+v", uploads)
	}
	if _, err := os.Stat(filepath.Join(root, "large")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the file is there: %v", err)
	}
}

// Of two concurrent copies of one file the newer continues, and the older prints why it
// failed.
func TestCopyTakenOver(t *testing.T) {
	t.Parallel()
	root, server, slow := slowServer(t)
	source := filepath.Join(t.TempDir(), "large")
	content := largeFile(t, source)
	first := startProgram(t, "cp", source, slow)
	awaitDurable(t, server)
	output(t, 0, "cp", source, server)
	if code := first.Code(); code != 1 {
		t.Errorf("exit code %d", code)
	}
	if text := first.err.String(); !strings.HasPrefix(text, "tranship: "+source+": aborted: ") ||
		!strings.Contains(text, "another copy of ") || !strings.Contains(text, " took over") || strings.Count(text, "\n") != 1 || strings.Contains(text, "again") {
		t.Errorf("%q", text)
	}
	sameContent(t, filepath.Join(root, "large"), content)
}
