package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"time"
)

// report has all results of a run.
type report struct {
	Machine   machine   `json:"machine"`
	Arguments []string  `json:"arguments"`
	Begun     time.Time `json:"begun"`
	Seconds   float64   `json:"seconds"`
	// Contestants are those that took part in at least one case.
	Contestants []participant `json:"contestants"`
	Tables      []table       `json:"tables"`
	Verdicts    []verdict     `json:"targets"`
}

// participant describes a contestant.
type participant struct {
	Name  string `json:"name"`
	About string `json:"about"`
}

// table has the results of one case.
type table struct {
	Case  string `json:"case"`
	About string `json:"about"`
	// ManyFiles is whether the case is judged by files a second.
	ManyFiles bool `json:"many_files"`
	// Tool is the program that watched the copies, if they were not measured.
	Tool    string    `json:"tool,omitempty"`
	Results []result  `json:"results"`
	Skipped []skipped `json:"skipped,omitempty"`
}

// skipped is a contestant that did not take part.
type skipped struct {
	Contestant string `json:"contestant"`
	Why        string `json:"why"`
}

// result has the measurements of one contestant in one case.
type result struct {
	Contestant string `json:"contestant"`
	// Bytes and Files are the size and number of the files copied in each round.
	Bytes   int64    `json:"bytes"`
	Files   int      `json:"files"`
	Samples []sample `json:"samples"`
	Failure string   `json:"failure,omitempty"`
	Summary summary  `json:"summary"`
}

// summary summarizes the samples. Memory is in bytes.
type summary struct {
	Megabytes      statistic `json:"megabytes_per_second"`
	FilesPerSecond statistic `json:"files_per_second"`
	ClientCPU      statistic `json:"client_cpu_seconds_per_gigabyte"`
	ServerCPU      statistic `json:"server_cpu_seconds_per_gigabyte"`
	ClientPeak     statistic `json:"client_peak_bytes"`
	ServerPeak     statistic `json:"server_peak_bytes"`
	// TranshipSpeedup is the speed of tranship as a multiple of this contestant's.
	TranshipSpeedup statistic `json:"tranship_speedup"`
	// TranshipCPU is the processor time of both ends of tranship as a multiple of that of
	// this contestant.
	TranshipCPU statistic `json:"tranship_cpu"`
}

// sample is the measurement of one round: client and server separately, times in seconds,
// memory in bytes of the largest process.
type sample struct {
	Round      int     `json:"round"`
	Seconds    float64 `json:"seconds"`
	ClientCPU  float64 `json:"client_cpu_seconds"`
	ServerCPU  float64 `json:"server_cpu_seconds"`
	ClientPeak int64   `json:"client_peak_bytes"`
	ServerPeak int64   `json:"server_peak_bytes"`
	// ClientCalls and ServerCalls are the numbers of system calls by name, if they were counted.
	ClientCalls calls `json:"client_calls,omitempty"`
	ServerCalls calls `json:"server_calls,omitempty"`
}

// summarize computes the summaries and verdicts from the samples.
func (r *report) summarize() {
	for i := range r.Tables {
		t := &r.Tables[i]
		tranship := t.result("tranship")
		for j := range t.Results {
			result := &t.Results[j]
			result.Summary = result.summarize()
			if tranship != nil {
				result.Summary.TranshipSpeedup = tranship.speedup(*result)
				result.Summary.TranshipCPU = tranship.processorTime(*result)
			}
		}
	}
	r.Verdicts = r.judge()
}

func (r result) summarize() summary {
	gigabytes := float64(r.Bytes) / 1e9
	return summary{
		Megabytes:      r.over(func(s sample) float64 { return gigabytes * 1000 / s.Seconds }),
		FilesPerSecond: r.rate(),
		ClientCPU:      r.over(func(s sample) float64 { return s.ClientCPU / gigabytes }),
		ServerCPU:      r.over(func(s sample) float64 { return s.ServerCPU / gigabytes }),
		ClientPeak:     r.clientPeak(),
		ServerPeak:     r.serverPeak(),
	}
}

// rate returns the speed of a contestant, in the unit of the table.
func (t table) rate(r result) statistic {
	if t.ManyFiles {
		return r.Summary.FilesPerSecond
	}
	return r.Summary.Megabytes
}

func (t table) unit() string {
	if t.ManyFiles {
		return "files/s"
	}
	return "MB/s"
}

// result returns the result of a contestant; nil if it has no valid one.
func (t table) result(contestant string) *result {
	for i := range t.Results {
		if t.Results[i].Contestant == contestant && len(t.Results[i].Samples) > 0 {
			return &t.Results[i]
		}
	}
	return nil
}

// write summarizes the report and writes it in all formats into a directory.
func (r *report) write(dir string) error {
	r.summarize()
	content, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	var text, chart bytes.Buffer
	r.markdown(&text)
	if err := r.svg(&chart); err != nil {
		return err
	}
	return errors.Join(
		os.WriteFile(filepath.Join(dir, "bench.json"), append(content, '\n'), 0o644),
		os.WriteFile(filepath.Join(dir, "bench.md"), text.Bytes(), 0o644),
		os.WriteFile(filepath.Join(dir, "bench.svg"), chart.Bytes(), 0o644))
}
