package main

import (
	"encoding/xml"
	"io"
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
			Skipped: []skipped{{"scp", "not there"}},
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
		"| tranship | 250 (167–500) | 2.00 (1.00–3.00) | 1.00 (0.50–1.50) | – | 40 | 1.00 (1.00–1.00) |",
		"| raw | 500 (333–1000) | 1.00 (0.50–1.50) | 0.50 (0.25–0.75) | – | 40 | 0.50 (0.50–0.50) |",
		"| a<b | failed |",
		"| | files/s |",
		"| tranship | 50 |",
		"| large-up | speed, against raw TCP | ≥ 0.95 (goal 1) | 0.50 (0.50–0.50) | **missed** |",
		"| large-up | peak memory of the server, MiB | ≤ 32 | 40.00 (40.00–40.00) | **missed** |",
		"| large-down | speed, against raw TCP | ≥ 0.95 (goal 1) | – | not measured |",
		"| scp | not there | large-up, small-up |",
	} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("no %q in:\n%s", want, text.String())
		}
	}
}

func TestVerdict(t *testing.T) {
	for _, test := range []struct {
		want, goal float64
		atMost     bool
		values     []float64
		verdict    string
	}{
		{0.75, 0.9, false, []float64{0.5, 0.74, 2}, "missed"},
		{0.75, 0.9, false, []float64{0.5, 0.75, 2}, "reached"},
		{0.75, 0.9, false, []float64{0.5, 0.9, 2}, "goal reached"},
		{1.7, 1.3, true, []float64{1.5, 1.6, 2}, "reached"},
		{1.7, 1.3, true, []float64{1.1, 1.8, 2}, "missed"},
		// Memory has one limit, which applies to every round.
		{48, 0, true, []float64{10, 20, 49}, "missed"},
		{48, 0, true, []float64{10, 20, 48}, "reached"},
		{48, 0, true, nil, "not measured"},
	} {
		v := verdict{Want: test.want, Goal: test.goal, AtMost: test.atMost, Value: summarize(test.values)}
		if got := v.judge(); got != test.verdict {
			t.Errorf("%+v: %q, want %q", v, got, test.verdict)
		}
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
