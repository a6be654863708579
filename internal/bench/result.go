package main

import "time"

// report is all that a run has found.
type report struct {
	Machine   machine   `json:"machine"`
	Arguments []string  `json:"arguments"`
	Begun     time.Time `json:"begun"`
	Seconds   float64   `json:"seconds"`
	Tables    []table   `json:"tables"`
}

// table is what was found in one case.
type table struct {
	Case    string    `json:"case"`
	About   string    `json:"about"`
	Results []result  `json:"results"`
	Skipped []skipped `json:"skipped,omitempty"`
}

// skipped is a contestant that did not take part.
type skipped struct {
	Contestant string `json:"contestant"`
	Why        string `json:"why"`
}

// result is what one contestant did in one case.
type result struct {
	Contestant string `json:"contestant"`
	// Bytes and Files are what was copied in each round.
	Bytes   int64    `json:"bytes"`
	Files   int      `json:"files"`
	Samples []sample `json:"samples"`
	Failure string   `json:"failure,omitempty"`
}

// sample is one round: client and server separately, times in seconds, memory in
// bytes of the largest process.
type sample struct {
	Round      int     `json:"round"`
	Seconds    float64 `json:"seconds"`
	ClientCPU  float64 `json:"client_cpu_seconds"`
	ServerCPU  float64 `json:"server_cpu_seconds"`
	ClientPeak int64   `json:"client_peak_bytes"`
	ServerPeak int64   `json:"server_peak_bytes"`
}

// megabytes a second, of 1e6 bytes.
func (r result) megabytes() statistic {
	return r.over(func(s sample) float64 { return float64(r.Bytes) / 1e6 / s.Seconds })
}

func (r result) filesPerSecond() statistic {
	return r.over(func(s sample) float64 { return float64(r.Files) / s.Seconds })
}

// clientCPU and serverCPU are seconds for each 1e9 bytes.
func (r result) clientCPU() statistic {
	return r.over(func(s sample) float64 { return s.ClientCPU / r.gigabytes() })
}

func (r result) serverCPU() statistic {
	return r.over(func(s sample) float64 { return s.ServerCPU / r.gigabytes() })
}

func (r result) gigabytes() float64 { return float64(r.Bytes) / 1e9 }

func (r result) clientPeak() statistic {
	return r.over(func(s sample) float64 { return float64(s.ClientPeak) })
}

func (r result) serverPeak() statistic {
	return r.over(func(s sample) float64 { return float64(s.ServerPeak) })
}

func (r result) over(value func(sample) float64) statistic {
	values := make([]float64, len(r.Samples))
	for i, s := range r.Samples {
		values[i] = value(s)
	}
	return summarize(values)
}

// result finds a contestant's; nil if it has none that counts.
func (t table) result(contestant string) *result {
	for i := range t.Results {
		if t.Results[i].Contestant == contestant && len(t.Results[i].Samples) > 0 {
			return &t.Results[i]
		}
	}
	return nil
}
