package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// rewrite replaces the text of a file.
func rewrite(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// SIGHUP puts changed settings in force while an upload goes on. The log tells what has changed,
// and what needs a restart.
func TestReload(t *testing.T) {
	t.Parallel()
	name := configFile(t, "min-free: 1KiB\nmax-uploads: 9\n")
	server, address, _ := serveProgram(t, built().Command(t.Context()), "--config", name, "--max-streams-per-peer", "77")
	upload, writer := underWay(t, address)
	rewrite(t, name, "min-free: 2KiB\nmax-file-size: 1KiB\nmax-streams-per-peer: 5\nlog-level: debug\nbandwidth: 1GiB\n")
	server.Signal(t, syscall.SIGHUP)
	server.err.Await(t, `msg="the configuration was read again"`, "changes=5")
	for _, want := range []string{
		`level=INFO msg="a setting has changed" key=max-file-size before=unset now=1KiB source=` + name + ":2",
		`level=INFO msg="a setting has changed" key=max-uploads before=9 now=1000 source=default`,
		`level=INFO msg="a setting has changed" key=bandwidth before=unset now=1GiB`,
		`level=INFO msg="a setting has changed" key=log-level before=info now=debug`,
		`level=WARN msg="a setting cannot change without a restart: the value before stays in force" key=min-free before=1KiB now=2KiB source=` + name + ":1",
	} {
		if !strings.Contains(server.err.String(), want) {
			t.Errorf("%s lacks %s", server.err.String(), want)
		}
	}
	if strings.Contains(server.err.String(), "max-streams-per-peer") {
		t.Error("a flag does not win over the file any more")
	}
	source := filepath.Join(t.TempDir(), "source")
	rewrite(t, source, strings.Repeat("x", 2000))
	fails(t, 1, []string{"max-file-size"}, "cp", source, "grpc://"+address+"/other")
	// The upload that began before the limit is larger.
	if _, err := writer.Write(make([]byte, 1<<20)); err != nil {
		t.Error(err)
	}
	if err := writer.Close(); err != nil {
		t.Error(err)
	}
	if code := <-upload.code; code != 0 {
		t.Errorf("the upload: exit code %d: %s", code, upload.err.String())
	}
	output(t, 0, "stat", "grpc://"+address+"/file")
	// What still needs a restart is reported again.
	server.Signal(t, syscall.SIGHUP)
	server.err.Await(t, "changes=1")
	server.Signal(t, syscall.SIGTERM)
	if code := server.Code(); code != 0 {
		t.Errorf("exit code %d: %s", code, server.err.String())
	}
}

// A mistake in the file, or in one that it names, changes nothing, and the log has its line.
func TestReloadMistakes(t *testing.T) {
	t.Parallel()
	policy := filepath.Join(t.TempDir(), "policy")
	rewrite(t, policy, "allow anonymous read,write,list /\n")
	valid := "anonymous: write\npolicy: " + policy + "\n"
	name := configFile(t, valid)
	server, address, _ := serveProgram(t, built().Command(t.Context()), "--config", name)
	source := filepath.Join(t.TempDir(), "source")
	rewrite(t, source, "12345")
	hangup := func(words ...string) {
		t.Helper()
		server.Signal(t, syscall.SIGHUP)
		server.err.Await(t, words...)
		output(t, 0, "cp", source, "grpc://"+address+"/a")
	}
	rewrite(t, name, valid+"max-file-size: 1\nmax-uplods: 3\n")
	hangup("the configuration cannot be used: nothing has changed", name+":4: max-uplods: there is no such key; did you mean max-uploads?")
	rewrite(t, name, valid+"max-file-size: 1\nmax-uploads: -3\n")
	hangup(name + ":4: --max-uploads -3: it must not be negative")
	rewrite(t, name, valid+"max-file-size: 1\n\"\n")
	hangup(name + ": yaml: line ")
	rewrite(t, name, valid+"max-file-size: 1\nquota-bytes: 1GiB\n")
	hangup("--quota-bytes, --quota-files: ", "files were not counted when the store was opened")
	rewrite(t, name, "max-file-size: 1\n"+valid)
	rewrite(t, policy, "allow anonymous reed /\n")
	hangup(name+":3: --policy: "+policy+":1: ", "is not an action")
	rewrite(t, policy, "allow anonymous read,write,list /\n")
	server.Signal(t, syscall.SIGHUP)
	server.err.Await(t, "the configuration was read again")
	fails(t, 1, []string{"max-file-size"}, "cp", source, "grpc://"+address+"/b")
}

// SIGHUP reloads a server without a file, too, and a quota that counts files can change.
func TestReloadQuota(t *testing.T) {
	t.Parallel()
	name := configFile(t, "quota-bytes: 10\n")
	server, address, _ := serveProgram(t, built().Command(t.Context(), []string{}...), "--config", name)
	source := filepath.Join(t.TempDir(), "source")
	rewrite(t, source, "123456")
	output(t, 0, "cp", source, "grpc://"+address+"/a")
	fails(t, 1, []string{"quota-bytes"}, "cp", source, "grpc://"+address+"/b")
	rewrite(t, name, "quota-bytes: 20\n")
	server.Signal(t, syscall.SIGHUP)
	server.err.Await(t, "the configuration was read again")
	output(t, 0, "cp", source, "grpc://"+address+"/b")

	plain, address, _ := serveProgram(t, built().Command(t.Context()))
	plain.Signal(t, syscall.SIGHUP)
	plain.err.Await(t, `msg="the configuration was read again"`, "changes=0")
	output(t, 0, "ls", "grpc://"+address)
}

// TestServes checks which command lines run a server.
func TestServes(t *testing.T) {
	for _, test := range []struct {
		arguments []string
		want      bool
	}{
		{[]string{"serve"}, true},
		{[]string{"--verbose", "serve", "--root", "x"}, true},
		{[]string{"--connect-timeout", "3s", "serve"}, true},
		{[]string{"cp", "serve", "grpc://host/"}, false},
		{[]string{"--connect-timeout", "serve", "cp"}, false},
		{[]string{"cp", "a", "grpc://host/"}, false},
		{nil, false},
	} {
		if got := serves(test.arguments); got != test.want {
			t.Errorf("%q: got %v", test.arguments, got)
		}
	}
}
