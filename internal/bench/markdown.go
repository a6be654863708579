package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// write writes the reports.
func (r *report) write(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	content, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	var text strings.Builder
	r.markdown(&text)
	return errors.Join(
		os.WriteFile(filepath.Join(dir, "bench.json"), append(content, '\n'), 0o644),
		os.WriteFile(filepath.Join(dir, "bench.md"), []byte(text.String()), 0o644))
}

func (r *report) markdown(out io.Writer) {
	m := r.Machine
	fmt.Fprintf(out, "Measured on %s: %s, %d cores, %s, %s, %s.\n", r.Begun.UTC().Format("2006-01-02"), m.CPU, m.Cores, m.Kernel, m.FileSystem, m.Go)
	fmt.Fprintf(out, "\n```\ngo run ./internal/bench %s\n```\n", strings.Join(r.Arguments, " "))
	for _, t := range r.Tables {
		t.markdown(out)
	}
}

func (t table) markdown(out io.Writer) {
	fmt.Fprintf(out, "\n### %s\n\n%s.\n\n", t.Case, t.About)
	fmt.Fprintln(out, "| | MB/s | files/s | CPU s/GB client | server | peak MiB client | server | tranship is × as fast |")
	fmt.Fprintln(out, "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
	tranship := t.result("tranship")
	for _, r := range t.Results {
		speedup := statistic{}
		if tranship != nil {
			speedup = tranship.speedup(r)
		}
		fmt.Fprintf(out, "| %s | %s | %s | %s | %s | %.0f | %.0f | %s |\n", r.Contestant,
			r.megabytes().format(0), r.filesPerSecond().format(0), r.clientCPU().format(2), r.serverCPU().format(2),
			r.clientPeak().Max/(1<<20), r.serverPeak().Max/(1<<20), speedup.format(2))
	}
}

// format is the median, and the least and the most in parentheses.
func (s statistic) format(digits int) string {
	if s.N == 0 {
		return "–"
	}
	return fmt.Sprintf("%.*f (%.*f–%.*f)", digits, s.Median, digits, s.Min, digits, s.Max)
}
