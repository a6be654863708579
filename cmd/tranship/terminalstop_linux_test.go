package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/creack/pty"

	"github.com/tranship/tranship/internal/testing/program"
)

// TestBarsAfterStop checks that Ctrl-Z removes the bars before the copy stops, and that they
// come back below what the shell printed meanwhile.
func TestBarsAfterStop(t *testing.T) {
	t.Parallel()
	_, _, slow := slowServer(t)
	source := filepath.Join(t.TempDir(), "large")
	largeFile(t, source)
	cmd := built().Command(t.Context(), "cp", source, slow)
	cmd.Env = append(cmd.Env, "TERM=xterm")
	console, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 24, Cols: 80})
	if err != nil {
		t.Fatal(err)
	}
	defer console.Close()
	shown, read := &program.Output{}, make(chan struct{})
	go func() {
		defer close(read)
		_, _ = io.Copy(shown, console) // fails when the program has ended
	}()
	shown.Await(t, "left")
	if _, err := console.Write([]byte{0x1a}); err != nil { // Ctrl-Z
		t.Fatal(err)
	}
	// The kernel reports the stop as it does to a shell.
	var status syscall.WaitStatus
	if _, err := syscall.Wait4(cmd.Process.Pid, &status, syscall.WUNTRACED, nil); err != nil || !status.Stopped() {
		t.Fatalf("%v, %v", status, err)
	}
	// All that a stopped program wrote comes before what is written now.
	tty, err := os.OpenFile(fmt.Sprintf("/proc/%d/fd/2", cmd.Process.Pid), os.O_WRONLY|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tty.WriteString("[1]+  Stopped\n"); err != nil {
		t.Fatal(err)
	}
	shown.Await(t, "Stopped")
	before, _, _ := strings.Cut(shown.String(), "[1]+")
	if last := frames(before); strings.Contains(last[len(last)-1], "MiB") {
		t.Errorf("left before the stop: %q", last[len(last)-1])
	}
	if err := tty.Close(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	<-read
	_, after, _ := strings.Cut(shown.String(), "Stopped\r\n")
	if first := frames(after)[0]; !strings.Contains(first, "MiB") || strings.Contains(first, "\x1b") {
		t.Errorf("after the stop: %q", first)
	}
}
