package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tranship/tranship/cmd/tranship/internal/console"
	"github.com/tranship/tranship/internal/testing/faultproxy"
	"github.com/tranship/tranship/internal/testing/program"
)

const largeBytes = 32 << 20

// slowServer serves a directory, and the same through connections of 4 MiB/s.
func slowServer(t *testing.T) (root, address, slow string) {
	t.Helper()
	_, root, address = serveFor(t.Context(), t)
	link := faultproxy.Faults{BytesPerSecond: 4 << 20}
	proxy, err := faultproxy.Listen(address, func(int) faultproxy.Link { return faultproxy.Link{Up: link, Down: link} })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = proxy.Close() })
	return root, "grpc://" + address, "grpc://" + proxy.Address()
}

// largeFile makes a file that takes some seconds on a slow link.
func largeFile(t *testing.T, name string) []byte {
	t.Helper()
	content := make([]byte, largeBytes)
	_, _ = rand.NewChaCha8([32]byte{}).Read(content)
	if err := os.WriteFile(name, content, 0o644); err != nil {
		t.Fatal(err)
	}
	return content
}

// built is the real program, which testscript puts into the PATH.
func built() program.Program { return program.At("tranship") }

// process is the real program in a process of its own.
type process struct {
	*program.Process
	err program.Output
}

func startProgram(t *testing.T, args ...string) *process {
	t.Helper()
	p := &process{}
	cmd := built().Command(t.Context(), args...)
	cmd.Stderr = &p.err
	p.Process = program.Start(t, cmd)
	return p
}

// quarter is a line that says that a quarter is done, or more.
var quarter = regexp.MustCompile(`\((2[5-9]|[3-9].)%\)`)

// output runs a command line in this process, which must exit with the code.
func output(t *testing.T, code int, args ...string) (out, err string) {
	t.Helper()
	c := start(t.Context(), nil, args...)
	if got := <-c.code; got != code {
		t.Fatalf("%q: exit code %d, want %d: %s", args, got, code, c.err.String())
	}
	return c.out.String(), c.err.String()
}

// moved is how much a copy moved.
type moved struct {
	SentBytes    int64 `json:"sent_bytes"`
	SkippedBytes int64 `json:"skipped_bytes"`
}

// sent runs a cp --json of one file.
func sent(t *testing.T, args ...string) moved {
	t.Helper()
	out, _ := output(t, 0, append([]string{"cp", "--json"}, args...)...)
	var result moved
	if err := json.Unmarshal([]byte(out), &result); err != nil {
		t.Fatalf("%s: %v", out, err)
	}
	return result
}

// unfinished are the uploads of a server.
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

// poll asks every few milliseconds, for a minute at most, until the answer is yes.
func poll(t *testing.T, what string, yes func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for begun := time.Now(); !yes(); {
		if time.Since(begun) > time.Minute {
			t.Fatalf("in vain: %s", what)
		}
		<-tick.C
	}
}

// awaitDurable waits until a server has some of the one file that is being sent.
func awaitDurable(t *testing.T, server string) console.UploadObject {
	t.Helper()
	var upload console.UploadObject
	poll(t, "some of an upload durable", func() bool {
		uploads := unfinished(t, server)
		if len(uploads) > 0 {
			upload = uploads[0]
		}
		return upload.DurableBytes > 0
	})
	return upload
}

func (p *process) end(t *testing.T, signal syscall.Signal) (code int) {
	t.Helper()
	p.Signal(t, signal)
	code = p.Code()
	if code == 0 {
		t.Fatalf("it did not fail: %s", p.err.String())
	}
	return code
}

func sameContent(t *testing.T, name string, want []byte) {
	t.Helper()
	if got, err := os.ReadFile(name); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s: %d bytes, %v; they are not those that were sent", name, len(got), err)
	}
}

// An upload whose client was killed goes on where it was.
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

// An interrupted upload says that it can be resumed, exits with 1, and can be.
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
			want := fmt.Sprintf("tranship: %s signal received; run the same command again to go on from here\n", signal)
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
	if text := first.err.String(); !strings.HasSuffix(text, "; run the same command again to go on from here\n") {
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

// With --no-resume nothing is left, and nothing that is left is used.
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
	// One that is not there does not stop the others; nor is one removed that is
	// somewhere else.
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

// A digest is demanded of a large file, too, whichever way it goes, and also of
// one that was resumed.
func TestChecksumOfLargeFile(t *testing.T) {
	t.Parallel()
	root, server, slow := slowServer(t)
	local := t.TempDir()
	source := filepath.Join(local, "large")
	content := largeFile(t, source)
	good := fmt.Sprintf("sha256:%x", sha256.Sum256(content))
	const bad = "blake3:0000000000000000000000000000000000000000000000000000000000000000"

	fails(t, 5, []string{source, "digest", bad}, "cp", "--checksum", bad, source, server)
	if _, err := os.Stat(filepath.Join(root, "large")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the file is there: %v", err)
	}
	first := startProgram(t, "cp", source, slow+"/resumed")
	awaitDurable(t, server+"/resumed")
	first.end(t, syscall.SIGINT)
	if result := sent(t, "--checksum", good, source, server+"/resumed"); result.SkippedBytes == 0 {
		t.Error("it was not resumed")
	}
	sameContent(t, filepath.Join(root, "resumed"), content)
	if text, _ := output(t, 0, "stat", "--digest", "sha256", server+"/resumed"); !strings.Contains(text, good) {
		t.Errorf("%q", text)
	}

	back := filepath.Join(local, "back")
	fails(t, 5, []string{"digest", bad}, "cp", "--checksum", bad, server+"/resumed", back)
	if _, err := os.Stat(back); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the file is there: %v", err)
	}
	output(t, 0, "cp", "--checksum", good, server+"/resumed", back)
	sameContent(t, back, content)
}

// A server keeps free space free, and says so before anything is sent.
func TestMinFree(t *testing.T) {
	t.Parallel()
	_, _, address := serveFor(t.Context(), t, "--min-free", "1000000TiB")
	source := filepath.Join(t.TempDir(), "large")
	largeFile(t, source)
	fails(t, 1, []string{"no space left"}, "cp", source, "grpc://"+address)
}

// What changed between two runs is sent as it is now, and cp says so.
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
	if want := "tranship: " + source + ": some of what is at the target differs from the source, and is sent again\n"; text != want {
		t.Errorf("%q, want %q", text, want)
	}
	sameContent(t, filepath.Join(root, "large"), content)

	second := startProgram(t, "cp", "--progress", "plain", "--progress-interval", "10ms", slow+"/large", target)
	second.err.AwaitMatch(t, quarter)
	second.end(t, syscall.SIGINT)
	changeAll(source)
	output(t, 0, "cp", source, server)
	_, text = output(t, 0, "cp", server+"/large", target)
	if !strings.HasPrefix(text, "tranship: "+server+"/large: starts over: ") || strings.Count(text, "\n") != 1 {
		t.Errorf("%q", text)
	}
	sameContent(t, target, content)
}

// A directory that became its target would go into it the next time: what to run
// then is said, and resumes.
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
	want := "; run the same command again with " + source + "/. as its source to go on from here\n"
	if text := first.err.String(); !strings.HasSuffix(text, want) {
		t.Errorf("%q, want %q", text, want)
	}
	out, _ := output(t, 0, "cp", "-r", "--json", source+"/.", server+"/new")
	if !strings.Contains(out, `"path":"new/large"`) || strings.Count(out, `"skipped_bytes":0`) != 1 {
		t.Errorf("%s", out)
	}
	sameContent(t, filepath.Join(root, "new/large"), content)
}

// An upload that is removed while it is sent fails, and is not begun again.
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

// Over several connections an upload is resumed as well.
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

// Of two copies of one file the newer goes on, and the older says why it does not.
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
