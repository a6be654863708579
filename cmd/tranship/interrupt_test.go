package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tranship/tranship/internal/testing/faultproxy"
)

// A second signal ends the command at once, even while it waits for a frozen server.
func TestSecondInterrupt(t *testing.T) {
	t.Parallel()
	_, _, address := serveFor(t.Context(), t)
	proxy, err := faultproxy.Listen(address, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = proxy.Close() })
	input, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = input.Close(), write.Close() })
	cmd := built().Command(t.Context(), "cp", "-", "grpc://"+proxy.Address()+"/file")
	cmd.Stdin = input
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	if _, err := write.Write(make([]byte, 4<<20)); err != nil {
		t.Fatal(err)
	}
	proxy.Freeze()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for begun := time.Now(); ; {
		select {
		case err := <-ended:
			if err == nil || time.Since(begun) > 5*time.Second {
				t.Errorf("after %v: %v", time.Since(begun), err)
			}
			return
		case <-tick.C:
			_ = cmd.Process.Signal(os.Interrupt)
		}
	}
}

// An interrupted copy that cannot stop at once prints how to end it.
func TestInterruptOfFrozen(t *testing.T) {
	t.Parallel()
	_, _, address := serveFor(t.Context(), t)
	link := faultproxy.Faults{BytesPerSecond: 4 << 20}
	proxy, err := faultproxy.Listen(address, func(int) faultproxy.Link { return faultproxy.Link{Up: link, Down: link} })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = proxy.Close() })
	source := filepath.Join(t.TempDir(), "large")
	largeFile(t, source)
	copying := startProgram(t, "cp", source, "grpc://"+proxy.Address())
	awaitDurable(t, "grpc://"+address)
	proxy.Freeze()
	copying.Signal(t, os.Interrupt)
	copying.err.Await(t, "tranship: interrupt signal received: stopping; a second signal stops at once\n")
	if code := copying.end(t, syscall.SIGINT); code != -1 {
		t.Errorf("exit code %d, and not killed by the signal: %s", code, copying.err.String())
	}
}

// The advice for the next run keeps a directory that became its target from being copied
// into it, even if none of its files can be resumed.
func TestInterruptOfSmallFiles(t *testing.T) {
	t.Parallel()
	root, server, slow := slowServer(t)
	source := filepath.Join(t.TempDir(), "tree")
	if err := os.Mkdir(source, 0o755); err != nil {
		t.Fatal(err)
	}
	const files = 80
	for i := range files {
		if err := os.WriteFile(filepath.Join(source, fmt.Sprint(i)), make([]byte, 1<<20), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	first := startProgram(t, "cp", "-r", source, slow+"/new")
	poll(t, "a file", func() bool {
		entries, _ := os.ReadDir(filepath.Join(root, "new"))
		return len(entries) > 0
	})
	if code := first.end(t, syscall.SIGINT); code != 1 {
		t.Errorf("exit code %d", code)
	}
	want := "tranship: interrupt signal received; run the same command again with " + source + "/. as its source\n"
	if text := first.err.String(); !strings.HasSuffix(text, want) {
		t.Errorf("%q, want %q", text, want)
	}
	output(t, 0, "cp", "-r", source+"/.", server+"/new")
	if entries, err := os.ReadDir(filepath.Join(root, "new")); err != nil || len(entries) != files {
		t.Errorf("%d entries, %v", len(entries), err)
	}
}

// The server keeps nothing of a copy without resume that was killed while it had parts of the
// file. TestNoResumeInterrupted of package transfer has the other moments.
func TestKillWithoutResume(t *testing.T) {
	t.Parallel()
	root, server, slow := slowServer(t)
	source := filepath.Join(t.TempDir(), "large")
	largeFile(t, source)
	copying := startProgram(t, "cp", "--no-resume", "--progress", "plain", "--progress-interval", "10ms", source, slow+"/large")
	copying.err.AwaitMatch(t, quarter)
	copying.end(t, syscall.SIGKILL)
	// The server may not have noticed yet that the client was killed.
	poll(t, "server without uploads", func() bool {
		drafts, err := os.ReadDir(filepath.Join(root, ".tranship", "tmp"))
		return len(unfinished(t, server)) == 0 && len(drafts) == 0 && err == nil
	})
}
