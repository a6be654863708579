package main

import (
	"errors"
	"io"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/creack/pty"

	"github.com/tranship/tranship/internal/testing/program"
)

// onTerminal runs the real program on a terminal of 80 columns.
func onTerminal(t *testing.T, args ...string) (shown *program.Output, keys io.Writer, wait func() int) {
	t.Helper()
	return onTerminalOf(t, pty.Winsize{Rows: 24, Cols: 80}, args...)
}

func onTerminalOf(t *testing.T, size pty.Winsize, args ...string) (shown *program.Output, keys io.Writer, wait func() int) {
	t.Helper()
	cmd := built().Command(t.Context(), args...)
	cmd.Env = append(cmd.Env, "TERM=xterm")
	console, err := pty.StartWithSize(cmd, &size)
	if err != nil {
		t.Fatal(err)
	}
	shown = &program.Output{}
	read := make(chan struct{})
	go func() {
		defer close(read)
		// Copy fails when the program has ended.
		_, _ = io.Copy(shown, console)
	}()
	t.Cleanup(func() { _ = console.Close() })
	return shown, console, func() int {
		err := cmd.Wait()
		<-read
		if exit, ok := errors.AsType[*exec.ExitError](err); ok {
			return exit.ExitCode()
		}
		return 0
	}
}

// frames splits the output of a terminal into the frames that it showed: each is erased
// before the next is drawn.
func frames(shown string) []string {
	return regexp.MustCompile(`\r(\x1b\[\d+A)?\x1b\[J`).Split(shown, -1)
}

var barLine = regexp.MustCompile(`^large +\[[=>-]+\] +(\d+)% \S+ \S+/32\.0 MiB \S+ [KM]?i?B/s( \d+:\d\d left)?$`)

// On a terminal, a bar is shown while a file is sent. In the end the bar is gone, and the
// messages stay.
func TestBarOnTerminal(t *testing.T) {
	t.Parallel()
	root, server, slow := slowServer(t)
	source := filepath.Join(t.TempDir(), "large")
	content := largeFile(t, source)
	shown, keys, wait := onTerminal(t, "cp", source, slow)
	awaitDurable(t, server)
	shown.Await(t, "left")
	// The terminal turns Ctrl-C into SIGINT.
	if _, err := keys.Write([]byte{3}); err != nil {
		t.Fatal(err)
	}
	if code := wait(); code != 1 {
		t.Errorf("exit code %d", code)
	}
	all := frames(shown.String())
	if last := all[len(all)-1]; !strings.HasSuffix(last, "tranship: interrupt signal received; run the same command again to resume\r\n") ||
		strings.Contains(last, "MiB/s") {
		t.Errorf("left on the terminal: %q", last)
	}
	bars := 0
	for _, frame := range all[:len(all)-1] {
		for line := range strings.Lines(frame) {
			// The terminal echoes the key at the beginning of the line.
			line = strings.TrimRight(strings.TrimSuffix(line, "^C"), "\r\n ")
			if strings.Contains(line, "\x1b") || utf8.RuneCountInString(line) > 80 {
				t.Errorf("line %q", line)
			}
			if barLine.MatchString(line) {
				bars++
			}
		}
	}
	if bars == 0 {
		t.Errorf("no bars: %q", shown.String())
	}

	// Bytes that are at the target already are shown as done and not part of the rate.
	shown, _, wait = onTerminal(t, "cp", source, slow)
	if code := wait(); code != 0 {
		t.Fatalf("exit code %d: %s", code, shown.String())
	}
	sameContent(t, filepath.Join(root, "large"), content)
	all = frames(shown.String())
	if last := all[len(all)-1]; strings.TrimSpace(last) != "" {
		t.Errorf("left on the terminal: %q", last)
	}
}

// A bar is also shown on a terminal that does not know its size.
func TestBarOnUnsizedTerminal(t *testing.T) {
	t.Parallel()
	_, _, slow := slowServer(t)
	source := filepath.Join(t.TempDir(), "large")
	largeFile(t, source)
	shown, _, wait := onTerminalOf(t, pty.Winsize{}, "cp", source, slow)
	shown.Await(t, "left")
	if code := wait(); code != 0 {
		t.Fatalf("exit code %d: %s", code, shown.String())
	}
	all := frames(shown.String())
	bars := 0
	for _, frame := range all {
		for line := range strings.Lines(frame) {
			if barLine.MatchString(strings.TrimRight(line, "\r\n ")) {
				bars++
			}
		}
	}
	if bars == 0 || strings.TrimSpace(all[len(all)-1]) != "" {
		t.Errorf("%d bars, and %q is left", bars, all[len(all)-1])
	}
}

// Results as JSON are not mixed with bars.
func TestNoBarsAmongResults(t *testing.T) {
	t.Parallel()
	_, server, _ := slowServer(t)
	source := filepath.Join(t.TempDir(), "large")
	largeFile(t, source)
	shown, _, wait := onTerminal(t, "cp", "--json", source, server)
	if code := wait(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if text := shown.String(); strings.Contains(text, "\x1b") || strings.Count(text, "\n") != 1 {
		t.Errorf("%q", text)
	}
}
