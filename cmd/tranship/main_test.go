package main

import (
	"errors"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/tranship/tranship/client"
	"github.com/tranship/tranship/internal/testing/program"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"tranship": func() {
		os.Args = withTransport(os.Args, os.Getenv(transportVariable))
		main()
	}})
}

// transportVariable is the environment variable that gives cp of the program under test another
// --transport, unless the command has one or a --protocol.
const transportVariable = "TRANSHIP_TEST_TRANSPORT"

func withTransport(args []string, transport string) []string {
	has := func(arg string) bool {
		return strings.HasPrefix(arg, "--transport") || strings.HasPrefix(arg, "--protocol")
	}
	if transport == "" || len(args) < 2 || args[1] != "cp" || slices.ContainsFunc(args, has) {
		return args
	}
	return slices.Insert(slices.Clone(args), 2, "--transport", transport)
}

// TestScriptsOverGRPC runs the scripts that concern transfers over gRPC. Without a flag they run
// over lanes.
func TestScriptsOverGRPC(t *testing.T) {
	params := scripts(client.TransportGRPC.String())
	params.Dir = ""
	for _, name := range []string{"basic", "digest", "leftovers", "streams", "targets", "tls", "update"} {
		params.Files = append(params.Files, "testdata/script/"+name+".txtar")
	}
	testscript.Run(t, params)
}

// TestScripts runs scripts with the real program. They have these commands beside the usual
// ones:
//
//	ready FILE VAR        wait for a server's ready file and set VAR to its address
//	exits CODE PROG...    run a program that must exit with that code
//	until CODE PROG...    run a program again and again until it exits with that code,
//	                      for a minute at most
//	terminate             send SIGTERM to all programs in the background
//	lines N FILE          check the number of lines of stdout, stderr or a file
//	mtime FILE TIME       set the modified time of a file; TIME is as in RFC 3339
//	certificates DIR      make certificates; see func certificates
//	fingerprint FILE VAR  set VAR to the fingerprint of a certificate's key
func TestScripts(t *testing.T) {
	testscript.Run(t, scripts(""))
}

// scripts are all scripts, with a value of transportVariable.
func scripts(transport string) testscript.Params {
	return testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			// A program with the race detector otherwise waits a second at its end.
			env.Setenv("GORACE", "atexit_sleep_ms=0")
			env.Setenv(transportVariable, transport)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"ready":     ready,
			"exits":     exits,
			"until":     until,
			"terminate": terminate,
			"lines":     lines,
			"mtime":     mtime,

			"certificates": certificates,
			"fingerprint":  fingerprint,
		},
	}
}

func ready(ts *testscript.TestScript, _ bool, args []string) {
	address, err := program.Ready(nil, ts.MkAbs(args[0]))
	ts.Check(err)
	ts.Setenv(args[1], address)
}

func exits(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	if got := exitCodeOf(ts, args[1:]); got != want {
		ts.Fatalf("exit code %d, want %d\n%s%s", got, want, ts.ReadFile("stdout"), ts.ReadFile("stderr"))
	}
}

func exitCodeOf(ts *testscript.TestScript, command []string) int {
	err := ts.Exec(command[0], command[1:]...)
	if err == nil {
		return 0
	}
	exit, ok := errors.AsType[*exec.ExitError](err)
	if !ok {
		ts.Fatalf("%v", err)
	}
	return exit.ExitCode()
}

func until(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(time.Minute); exitCodeOf(ts, args[1:]) != want; <-tick.C {
		if time.Now().After(deadline) {
			ts.Fatalf("it did not exit with %d in a minute\n%s%s", want, ts.ReadFile("stdout"), ts.ReadFile("stderr"))
		}
	}
}

func terminate(ts *testscript.TestScript, _ bool, _ []string) {
	for _, cmd := range ts.BackgroundCmds() {
		ts.Check(cmd.Process.Signal(syscall.SIGTERM))
	}
}

func mtime(ts *testscript.TestScript, _ bool, args []string) {
	modified, err := time.Parse(time.RFC3339Nano, args[1])
	ts.Check(err)
	ts.Check(os.Chtimes(ts.MkAbs(args[0]), time.Time{}, modified))
}

func lines(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	if got := strings.Count(ts.ReadFile(args[1]), "\n"); got != want {
		ts.Fatalf("%s has %d lines, want %d:\n%s", args[1], got, want, ts.ReadFile(args[1]))
	}
}
