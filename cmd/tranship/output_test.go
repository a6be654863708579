package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client"
	"github.com/tranship/tranship/cmd/tranship/internal/console"
)

// fullOutput is a standard output that takes nothing.
type fullOutput struct{ io.Writer }

func (fullOutput) Write([]byte) (int, error) {
	return 0, &os.PathError{Op: "write", Path: "/dev/stdout", Err: syscall.ENOSPC}
}

// runInto runs a command line with a standard output.
func runInto(ctx context.Context, out io.Writer, args ...string) (code int, text string) {
	var errs bytes.Buffer
	code = run(ctx, args, console.Streams{In: strings.NewReader(""), Out: out, Err: &errs})
	return code, errs.String()
}

// No command succeeds whose result could not be written.
func TestFullOutput(t *testing.T) {
	t.Parallel()
	_, root, address := serveFor(t.Context(), t)
	server := "grpc://" + address + "/"
	for _, name := range []string{"a", "b", "c", "d"} {
		if err := os.WriteFile(filepath.Join(root, name), []byte("x"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	unfinishedUpload(t, address)
	id := strings.Fields(first(output(t, 0, "uploads", "ls", server)))[0]
	tokens := filepath.Join(t.TempDir(), "tokens")
	output(t, 0, "token", "new", "--file", tokens, "--name", "ann")
	rules := filepath.Join(t.TempDir(), "rules")
	if err := os.WriteFile(rules, []byte("allow ann read /\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"--help"},
		{"cp", "--help"},
		{"--version"},
		{"version"},
		{"version", "--json"},
		{"completion", "bash"},
		{"completion", "zsh"},
		{"ls", server},
		{"ls", "-l", server},
		{"ls", "--json", server},
		{"stat", server + "a"},
		{"stat", "--json", server + "a"},
		{"stat", "--digest", "sha256", server + "a"},
		{"cp", server + "a", "-"},
		{"cp", "--protocol", "filesrv", server + "a", "-"},
		{"cp", "--json", server + "a", server + "copy"},
		{"mv", "--json", server + "b", server + "moved"},
		{"rm", "--json", server + "c"},
		{"uploads", "ls", server},
		{"uploads", "ls", "--json", server},
		{"uploads", "rm", "--json", server, id},
		{"token", "new", "--file", tokens, "--name", "bob"},
		{"token", "new", "--json", "--file", tokens, "--name", "bob"},
		{"token", "list", "--file", tokens},
		{"token", "list", "--json", "--file", tokens},
		{"policy", "check", rules},
	} {
		code, text := runInto(t.Context(), fullOutput{}, args...)
		if code != 1 || strings.Count(text, "cannot write to the standard output: no space left") != 1 {
			t.Errorf("%q: exit code %d: %s", args, code, text)
		}
	}
	if text, _ := output(t, 0, "token", "list", "--file", tokens); strings.Contains(text, "bob") {
		t.Errorf("a token that was not shown is valid: %s", text)
	}
}

// unfinishedUpload leaves an upload that has a durable part on a server.
func unfinishedUpload(t *testing.T, address string) {
	t.Helper()
	store, err := client.Dial(t.Context(), address, client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	upload, err := store.Begin(t.Context(), tranship.Spec{Path: "unfinished", Size: new(int64(64 << 20)), ResumeKey: "key"})
	if err != nil {
		t.Fatal(err)
	}
	writer, err := upload.Part(t.Context(), 0)
	if err == nil {
		_, err = writer.Write(make([]byte, upload.PartSize()))
		err = errors.Join(err, writer.Close(), upload.Detach(t.Context()))
	}
	if err := errors.Join(err, store.Close()); err != nil {
		t.Fatal(err)
	}
}

func first(text, _ string) string { return text }

// A copy fails, before it connects, if its content would come from a closed standard input
// or go to a closed standard output, and no file takes the place of a closed stream.
func TestClosedStreams(t *testing.T) {
	t.Parallel()
	shell, err := exec.LookPath("sh")
	if err != nil {
		t.Skip(err)
	}
	_, root, address := serveFor(t.Context(), t)
	server := "grpc://" + address + "/"
	if err := os.WriteFile(filepath.Join(root, "file"), []byte("content"), 0o644); err != nil {
		t.Fatal(err)
	}
	local := t.TempDir()
	tokens := filepath.Join(local, "tokens")
	for _, test := range []struct {
		streams string
		code    int
		words   string
		args    []string
	}{
		{"<&-", 2, "the standard input is closed", []string{"cp", "-", server + "in"}},
		{"<&-", 2, "the standard input is closed", []string{"cp", "--protocol", "filetransfer", "-", server + "in"}},
		{"</dev/null", 0, "", []string{"cp", "-", server + "empty"}},
		{">&-", 2, "the standard output is closed", []string{"cp", server + "file", "-"}},
		{">&-", 2, "the standard output is closed", []string{"token", "new", "--file", tokens, "--name", "ann"}},
		{">/dev/null", 0, "", []string{"cp", server + "file", "-"}},
		{"<&- >&- 2>&-", 2, "", []string{"cp", server + "file", "-"}},
		{"<&- >&- 2>&-", 0, "", []string{"cp", server + "file", filepath.Join(local, "file")}},
		{"<&- >&- 2>&-", 3, "", []string{"cp", server + "missing", local}},
	} {
		cmd := built().Command(t.Context(), test.args...)
		cmd.Args = slices.Concat([]string{shell, "-c", `exec "$@" ` + test.streams, "sh", cmd.Path}, test.args)
		cmd.Path = shell
		var text bytes.Buffer
		cmd.Stderr = &text
		_ = cmd.Run()
		if code := cmd.ProcessState.ExitCode(); code != test.code || !strings.Contains(text.String(), test.words) {
			t.Errorf("%q %s: exit code %d: %s", test.args, test.streams, code, text.String())
		}
	}
	sameContent(t, filepath.Join(local, "file"), []byte("content"))
	if !isAbsent(filepath.Join(root, "in")) || !isAbsent(tokens) {
		t.Error("a command with a closed stream has stored something")
	}
}

// The flag prints the line of the command, whatever the other arguments are.
func TestVersionFlag(t *testing.T) {
	t.Parallel()
	want, _ := output(t, 0, "version")
	if !strings.HasPrefix(want, "tranship "+softwareVersion()+" ") {
		t.Errorf("version prints %q", want)
	}
	for _, args := range [][]string{{"--version"}, {"--version", "unknown"}, {"-v", "--version"}} {
		if got, _ := output(t, 0, args...); got != want {
			t.Errorf("%q prints %q, want %q", args, got, want)
		}
	}
}
