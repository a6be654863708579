package main

import (
	"encoding/xml"
	"io"
	"maps"
	"strings"
	"testing"
	"time"
)

// example returns a report in which tranship is half as fast as raw TCP.
func example() *report {
	r := &report{
		Machine:     machine{CPU: "Abacus", Cores: 2, Kernel: "linux 1", Go: "go1", FileSystem: "ext4"},
		Arguments:   []string{"-cases", "^large|x"},
		Begun:       time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		Contestants: []participant{{Name: "tranship", About: "this"}},
		Tables: []table{{
			Case: "large-up", About: "one file",
			Results: []result{
				{Contestant: "tranship", Bytes: 1e9, Files: 1, Samples: samples(2, 4, 6)},
				{Contestant: "raw", Bytes: 1e9, Files: 1, Samples: samples(1, 2, 3)},
				{Contestant: "a<b", Bytes: 1e9, Files: 1, Failure: "no luck"},
			},
			Skipped: []skipped{{"scp", "not there"}},
		}, {
			Case: "small-up", About: "many files", ManyFiles: true,
			Results: []result{{Contestant: "tranship", Bytes: 1e6, Files: 100, Samples: samples(2)}},
			Skipped: []skipped{{"scp", "not there"}, {"rsync", "rsync is not installed"}},
		}, {
			Case: "calls-up", About: "many files, watched", ManyFiles: true, Tool: "strace",
			Results: []result{{Contestant: "tranship", Files: 2, Samples: []sample{{
				Round: 1, Seconds: 1, ClientCalls: calls{"read": 2}, ServerCalls: calls{"write": 6, "futex": 4},
			}}}},
		}},
	}
	r.summarize()
	return r
}

func TestMarkdown(t *testing.T) {
	var text strings.Builder
	example().markdown(&text)
	for _, want := range []string{
		"on Abacus, 2 cores, linux 1, ext4, go1",
		"go run ./internal/bench -cases '^large|x'",
		"| tranship | 250 (208–375) | 2.00 (1.50–2.50) | 1.00 (0.75–1.25) | – | 40 | 3 | 1.00 (1.00–1.00) | 1.00 (1.00–1.00) |",
		"| raw | 500 (417–750) | 1.00 (0.75–1.25) | 0.50 (0.38–0.62) | – | 40 | 3 | 0.50 (0.50–0.50) | 2.00 (2.00–2.00) |",
		"| a<b | failed |",
		"| | files/s |",
		"| tranship | 50 |",
		"| `large-up` | tranship | speed, against raw TCP | ≥ 0.95 (goal 1) | 0.50 (0.50–0.50) | 3 | **missed** |",
		"| `large-up` | tranship | peak memory of the server, MiB | ≤ 32 | 40.0 at most | 3 | **missed** |",
		"not chosen: `large-down` of tranship, `large-up` of tranship, ",
		"| `small-up` | tranship | speed, against the rsync daemon | ≥ 1.5 (goal 2) | – | 0 | not measured: rsync: rsync is not installed |",
		"| `calls-up` | tranship | calls a file of the server | ≤ 8 | 3.00 | 1 | reached |",
		"| tranship | server | 3.00 | 5.00 | write 3.00, futex 2.00 |",
		"| scp | not there | large-up, small-up |",
	} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("no %q in:\n%s", want, text.String())
		}
	}
}

func TestVerdict(t *testing.T) {
	if got, want := (verdict{Want: 10_000}).limit(), "≥ 10000"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	for _, test := range []struct {
		want, goal float64
		atMost     bool
		always     bool
		values     []float64
		verdict    string
	}{
		{0.75, 0.9, false, false, []float64{0.5, 0.6, 0.7, 0.74, 2}, "missed"},
		{0.75, 0.9, false, false, []float64{0.5, 0.6, 0.7, 0.75, 2}, "within its quartiles"},
		{0.75, 0.9, false, false, []float64{0.5, 0.75, 2}, "reached"},
		{0.75, 0.9, false, false, []float64{0.5, 0.9, 2}, "goal reached"},
		{1.7, 1.3, true, false, []float64{1.5, 1.6, 2}, "reached"},
		{1.7, 1.3, true, false, []float64{1.1, 1.8, 2}, "within its quartiles"},
		{1.7, 1.3, true, false, []float64{1.71, 1.8, 2}, "missed"},
		// Memory has one limit, which applies to every round.
		{48, 0, true, true, []float64{10, 20, 49}, "missed"},
		{48, 0, true, true, []float64{10, 20, 48}, "reached"},
	} {
		v := verdict{Want: test.want, Goal: test.goal, AtMost: test.atMost, Always: test.always, Value: summarize(test.values)}
		if got := v.judge(); got != test.verdict {
			t.Errorf("%+v: %q, want %q", v, got, test.verdict)
		}
	}
}

// TestNear tests that rounds are added only where they may change a verdict.
func TestNear(t *testing.T) {
	near := table{Case: "large-up", Results: []result{
		{Contestant: "tranship", Samples: samples(10, 10)},
		{Contestant: "raw", Samples: samples(9, 9)},
		{Contestant: "tusd", Samples: samples(30, 30)},
		// The target, 1.5, is far from the median, and between two rounds.
		{Contestant: "rsync", Samples: samples(14, 50)},
		// Rounds are not added for gRPC before lanes.
		{Contestant: "tranship-grpc", Samples: samples(10, 10)},
		{Contestant: "before", Samples: samples(10, 10)},
	}}
	for name, want := range map[string]bool{
		"tranship": true, "raw": true, "tusd": false, "rsync": true, "tranship-grpc": false, "before": false, "scp": false,
	} {
		if got := near.near(name); got != want {
			t.Errorf("%s: %t, want %t", name, got, want)
		}
	}
}

func TestParseCalls(t *testing.T) {
	got := parseCalls([]byte(`% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ----------------
 60.00    0.123456          12     10000         3 openat
 40.00    0.100000          10      5000           write
------ ----------- ----------- --------- --------- ----------------
100.00    0.223456          22     15000         3 total
`))
	if want := (calls{"openat": 10000, "write": 5000}); !maps.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// TestChart checks that the chart is well-formed and that all bars are inside their
// panels.
func TestChart(t *testing.T) {
	r := example()
	var text strings.Builder
	if err := r.svg(&text); err != nil {
		t.Fatal(err)
	}
	decoder := xml.NewDecoder(strings.NewReader(text.String()))
	for {
		if _, err := decoder.Token(); err == io.EOF {
			break
		} else if err != nil {
			t.Fatalf("%v in:\n%s", err, text.String())
		}
	}
	c := r.chart()
	if len(c.Panels) != 2 || len(c.Panels[0].Bars) != 2 {
		t.Fatalf("panels: %+v", c.Panels)
	}
	ours, raw := c.Panels[0].Bars[0], c.Panels[0].Bars[1]
	if ratio := raw.Length / ours.Length; ratio < 1.99 || ratio > 2.01 {
		t.Errorf("bars of %v and %v, want one twice as long", ours.Length, raw.Length)
	}
	for _, b := range c.Panels[0].Bars {
		if b.Low > b.X+b.Length || b.High < b.X+b.Length || b.ValueX > panelWidth-valueWidth+7 {
			t.Errorf("a bar is out of place: %+v", b)
		}
	}
}
