package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	build "github.com/tranship/tranship/internal/testing/program"
)

// TestMain lets this test binary run as the servers and clients that the benchmark starts
// from its own executable.
func TestMain(m *testing.M) {
	ours, err := runProgram(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if !ours {
		os.Exit(m.Run())
	}
}

// TestRun runs small cases of every kind, with the contestants that every machine has.
func TestRun(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("servers are measured through /proc")
	}
	dir := t.TempDir()
	o, err := parseOptions([]string{
		"-binary", filepath.Join(dir, "tranship"), "-out", filepath.Join(dir, "out"), "-dir", dir, "-durable-dir", dir,
		"-cases", "^(large-(up|down)|small-(up|down-tls)|clients-up|unchanged|large-up-tls-durable|link-50ms-down)$",
		"-only", "^(tranship|raw|grpc)$", "-rounds", "1", "-large-rounds", "1", "-slow-rounds", "1",
		"-size", "2097153", "-files", "20", "-clients", "2", "-client-size", "100000", "-timeout", "1m",
	})
	if err != nil {
		t.Fatal(err)
	}
	// Under the race detector each process would wait a second before it exits.
	t.Setenv("GORACE", "atexit_sleep_ms=0")
	// The test must not wait for data that other programs write.
	o.quiesce = func(int64) error { return nil }
	if _, err := build.Build(t.Context(), build.Options{}, o.binary); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	if err := run(t.Context(), o, nil, &log); err != nil {
		t.Fatalf("%v\n%s", err, log.String())
	}
	content, err := os.ReadFile(filepath.Join(o.out, "bench.json"))
	if err != nil {
		t.Fatal(err)
	}
	var report report
	if err := json.Unmarshal(content, &report); err != nil {
		t.Fatal(err)
	}
	if len(report.Tables) != 8 {
		t.Errorf("%d tables, want 8", len(report.Tables))
	}
	for _, table := range report.Tables {
		for _, contestant := range []string{"tranship", "raw", "grpc"} {
			result := table.result(contestant)
			switch {
			case result == nil && contestant != "tranship" && strings.HasPrefix(table.Case, "unchanged"):
			case result == nil:
				t.Errorf("%s: no result of %s", table.Case, contestant)
			case len(result.Samples) != 1 || result.Samples[0].Seconds <= 0 || result.Samples[0].ServerPeak <= 0:
				t.Errorf("%s: %s: %+v", table.Case, contestant, result.Samples)
			}
		}
	}
	for _, name := range []string{"bench.md", "bench.svg"} {
		if info, err := os.Stat(filepath.Join(o.out, name)); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
	left, err := filepath.Glob(filepath.Join(dir, "tranship-bench-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("remaining files: %q, %v", left, err)
	}
}

// liar is a contestant whose copies differ, or whose client fails.
type liar struct {
	raw
	args []string
}

func (l liar) copy(j job) (command, error) {
	return command{args: append(l.args, j.target())}, nil
}

func TestRunFailure(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("needs a shell")
	}
	for _, test := range []struct{ name, script, want string }{
		{"differs", `head -c 1000 /dev/zero >"$0"`, errDiffers.Error()},
		{"missing", `true`, errDiffers.Error()},
		{"fails", `echo no luck; exit 3`, "no luck"},
		{"hangs", `sleep 600`, "killed"},
	} {
		t.Run(test.name, func(t *testing.T) {
			lab := testLab(t)
			candidate := liar{args: []string{"/bin/sh", "-c", test.script}}
			e, err := lab.startEntrant(t.Context(), benchCase{name: "large-up", workload: large}, candidate)
			if err != nil {
				t.Fatal(err)
			}
			defer e.stop()
			if _, err := e.round(t.Context(), 1); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

// TestAddRounds tests that rounds are added up to their number, unless time is up.
func TestAddRounds(t *testing.T) {
	lab := testLab(t)
	lab.nearRounds = 4
	e, err := lab.startEntrant(t.Context(), benchCase{name: "large-up", workload: large}, raw{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.stop()
	e.result = &result{}
	for _, test := range []struct {
		until time.Time
		want  int
	}{{time.Now(), 0}, {time.Time{}, 2}} {
		err := lab.addRounds(t.Context(), []*entrant{e}, 3, test.until)
		if got := len(e.result.Samples); err != nil || got != test.want {
			t.Errorf("until %v: %d rounds, %v, want %d", test.until, got, err, test.want)
		}
	}
}

// TestRunInterrupted checks that an interrupted run leaves nothing behind.
func TestRunInterrupted(t *testing.T) {
	lab := testLab(t)
	ctx, cancel := context.WithCancel(t.Context())
	e, err := lab.startEntrant(ctx, benchCase{name: "large-up", workload: large}, raw{})
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	<-e.server.done
	if _, err := e.round(ctx, 1); err == nil {
		t.Error("a round after the interruption succeeded")
	}
}

func testLab(t *testing.T) *lab {
	t.Helper()
	lab := &lab{
		options: options{size: 1000, clientSize: 1000, fileSize: 10, files: 2, clients: 1, timeout: 2 * time.Second, quiesce: func(int64) error { return nil }},
		dir:     t.TempDir(),
		log:     &bytes.Buffer{},
	}
	var err error
	if lab.self, err = os.Executable(); err != nil {
		t.Fatal(err)
	}
	if lab.source, err = makeSource(filepath.Join(lab.dir, "source"), lab.options); err != nil {
		t.Fatal(err)
	}
	return lab
}

// TestStandard tests that the standard choice names only cases and contestants that exist,
// and leaves others out.
func TestStandard(t *testing.T) {
	standard, err := parseOptions(nil)
	if err != nil {
		t.Fatal(err)
	}
	chosen := 0
	for _, c := range cases() {
		if !standard.measures(c) {
			continue
		}
		chosen++
		for _, name := range c.standard() {
			if !slices.ContainsFunc(contestants(), func(known contestant) bool { return known.name() == name }) {
				t.Errorf("%s: no contestant is called %q", c.name, name)
			}
		}
		if !standard.admits("tranship", c) || standard.admits("python", c) {
			t.Errorf("%s: contestants %q", c.name, c.standard())
		}
	}
	if chosen != 14 || chosen == len(cases()) {
		t.Errorf("%d of %d cases are standard, want 14", chosen, len(cases()))
	}
	for _, args := range [][]string{{"-all"}, {"-cases", "."}, {"-only", "."}} {
		all, err := parseOptions(args)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range cases() {
			profile := c.tool == profiler && args[0] != "-cases"
			if all.measures(c) == profile || !all.admits("python", c) {
				t.Errorf("%q leaves %s out", args, c.name)
			}
		}
	}
}
